//! Every metric that there is: its name, its labels, and what it tells.

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, from nought at the start.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Durations in buckets.
    Histogram,
}

impl Kind {
    /// Prometheus' word for it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

/// A metric, whatever its labels' values.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// The name; that of a counter ends in `_total`.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// The names of its labels, without that of buckets.
    pub labels: &'static [&'static str],
    /// What it tells, in a sentence.
    pub help: &'static str,
}

macro_rules! families {
    ($($place:ident: $kind:ident $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(
            pub(super) static $place: Family = Family {
                name: $name,
                kind: Kind::$kind,
                labels: &[$($label),*],
                help: $help,
            };
        )*

        /// All of them, in the order of a page.
        pub static FAMILIES: &[&Family] = &[$(&$place),*];
    };
}

families! {
    BUILD: Gauge "attimo_build_info" ["version"]
        "1, with the version that runs.";
    READY: Gauge "attimo_ready" []
        "1 while /ready answers 200, else 0.";
    REQUESTS: Counter "attimo_requests_total" ["protocol", "api", "outcome"]
        "Data requests that were let in and answered: ok, refused (the caller can mend it) or failed (the operator can).";
    DURATION: Histogram "attimo_request_duration_seconds" ["protocol", "api"]
        "From a data request being whole to its answer being handed to the socket.";
    ERRORS: Counter "attimo_errors_total" ["protocol", "code"]
        "Data requests answered with an error, strangers' included, by the protocol's own code.";
    CONTROL: Counter "attimo_control_requests_total" ["protocol", "outcome"]
        "Requests for the control plane.";
    CONTROL_DURATION: Histogram "attimo_control_request_duration_seconds" ["protocol"]
        "From a control request being whole to the control plane's answer.";
    HITS: Counter "attimo_hits_total" []
        "Items that were looked for and found.";
    MISSES: Counter "attimo_misses_total" []
        "Items that were looked for and not found.";
    CACHE_REQUESTS: Counter "attimo_cache_requests_total" ["account", "cache"]
        "Data requests by cache. Under `_other` are those that name no cache, and caches beyond --metrics-caches.";
    CACHE_ERRORS: Counter "attimo_cache_errors_total" ["account", "cache"]
        "Data requests by cache that were answered with an error.";
    CACHE_HITS: Counter "attimo_cache_hits_total" ["account", "cache"]
        "Items found, by cache.";
    CACHE_MISSES: Counter "attimo_cache_misses_total" ["account", "cache"]
        "Items not found, by cache.";
    CACHE_IN: Counter "attimo_cache_received_bytes_total" ["account", "cache"]
        "Bytes of keys and values received, by cache.";
    CACHE_OUT: Counter "attimo_cache_sent_bytes_total" ["account", "cache"]
        "Bytes of values sent, by cache.";
    CACHE_EVICTED: Counter "attimo_cache_evicted_items_total" ["account", "cache"]
        "Items that left before their time, for want of memory, by cache.";
    CACHE_ITEMS: Gauge "attimo_cache_items" ["account", "cache"]
        "Items stored, by cache; those that expired and are not swept yet included.";
    CACHE_BYTES: Gauge "attimo_cache_stored_bytes" ["account", "cache"]
        "Memory that items take, by cache.";
    CACHES: Gauge "attimo_caches" []
        "Caches that there are.";
    ITEMS: Gauge "attimo_items" []
        "Items stored; those that expired and are not swept yet included.";
    STORED: Gauge "attimo_stored_bytes" []
        "Memory that items take.";
    BUDGET: Gauge "attimo_memory_budget_bytes" []
        "Memory for items and for what clients have under way: --memory.";
    ALLOWANCE: Gauge "attimo_memory_allowance_bytes" []
        "Memory that items may take now, which is what nothing else needs of the budget; beyond it the least used leave.";
    MEMORY: Gauge "attimo_memory_bytes" ["part"]
        "Memory by what takes it: items; in_flight, which is heads and bodies half received and answers half sent; connections; overhead, which is what lies idle around these; process, which is what it takes at rest.";
    EVICTED: Counter "attimo_evicted_items_total" []
        "Items that left before their time, for want of memory.";
    EXPIRED: Counter "attimo_expired_items_total" []
        "Items whose memory was given back after their time.";
    ACCEPTED: Counter "attimo_connections_accepted_total" ["transport"]
        "Connections that were accepted.";
    OPEN: Gauge "attimo_connections_open" ["transport", "protocol"]
        "Connections that are open.";
    HANDSHAKES: Counter "attimo_tls_handshakes_total" ["result"]
        "TLS handshakes, done or failed.";
    CLOSED: Counter "attimo_connections_closed_total" ["reason"]
        "Connections that the server closed against their client's will.";
    PANICS: Counter "attimo_panics_total" []
        "Mistakes of the server itself; each ended one request or one connection.";
    LINES_DROPPED: Counter "attimo_log_lines_dropped_total" []
        "Lines of the log and of standard output that nobody read in time or that could not be written.";
    HANDLES_LACKED: Counter "attimo_file_handles_lacked_total" []
        "Connections that waited and control requests that were refused because no file handle was left.";
    STRANGERS_REFUSED: Counter "attimo_unauthenticated_requests_refused_total" []
        "Unauthenticated control requests that were refused because too many were under way.";
    RECORDED: Counter "attimo_usage_batches_recorded_total" []
        "Batches of usage that are in the ledger.";
    UNRECORDED: Counter "attimo_usage_failures_total" []
        "Tries to write a batch of usage that failed; the batch is kept and tried again.";
    WAITING: Gauge "attimo_usage_batches_waiting" []
        "Batches of usage that could not be written yet; more than 0 for long is an alarm.";
    REVISION: Gauge "attimo_directory_revision" []
        "The revision of accounts, keys and caches that requests are served by.";
    CERTIFICATE: Gauge "attimo_certificate_end_timestamp_seconds" []
        "When the TLS certificate ends, in seconds since 1970.";
    THREADS: Gauge "attimo_data_threads" []
        "Threads that serve data.";
    RESIDENT: Gauge "process_resident_memory_bytes" []
        "Memory that the process occupies.";
    CPU: Counter "process_cpu_seconds_total" []
        "Processor time that the process has used.";
    OPEN_FDS: Gauge "process_open_fds" []
        "File handles that are open.";
    MOST_FDS: Gauge "process_max_fds" []
        "File handles that may be open.";
    STARTED: Gauge "process_start_time_seconds" []
        "When the process was started, in seconds since 1970.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_apart_and_say_what_they_are() {
        let names: HashSet<_> = FAMILIES.iter().map(|family| family.name).collect();
        assert_eq!(names.len(), FAMILIES.len());
        for family in FAMILIES {
            let counts = family.name.ends_with("_total");
            assert_eq!(counts, family.kind == Kind::Counter, "{}", family.name);
            assert!(family.name.starts_with("attimo_") || family.name.starts_with("process_"));
        }
    }
}

//! All metrics: names, labels and help texts.

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Increases only, from zero at the start.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Durations in buckets.
    Histogram,
}

impl Kind {
    /// Its name in the text formats.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

/// A metric, with all values of its labels.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// The name; a counter's ends in `_total`.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// The names of its labels, except that of buckets.
    pub labels: &'static [&'static str],
    /// The help text.
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

        /// All metrics, in the order of the page.
        pub static FAMILIES: &[&Family] = &[$(&$place),*];
    };
}

families! {
    BUILD: Gauge "attimo_build_info" ["version"]
        "Always 1; the label is the running version.";
    READY: Gauge "attimo_ready" []
        "1 while /ready answers 200, otherwise 0.";
    REQUESTS: Counter "attimo_requests_total" ["protocol", "api", "outcome"]
        "Data requests accepted and answered: ok, refused (the caller can fix it) or failed (the operator can).";
    DURATION: Histogram "attimo_request_duration_seconds" ["protocol", "api"]
        "From the last byte of a data request to the write of the response.";
    ERRORS: Counter "attimo_errors_total" ["protocol", "code"]
        "Data requests answered with an error, unauthenticated ones included, by the protocol's status code.";
    LIMITED: Counter "attimo_limited_requests_total" ["limit"]
        "Data requests refused by a limit of their account's plan, by the limit's name.";
    CONTROL: Counter "attimo_control_requests_total" ["protocol", "outcome"]
        "Control-plane requests.";
    CONTROL_DURATION: Histogram "attimo_control_request_duration_seconds" ["protocol"]
        "From the last byte of a control request to the response of the control plane.";
    HITS: Counter "attimo_hits_total" []
        "Lookups that found an item.";
    MISSES: Counter "attimo_misses_total" []
        "Lookups that found no item.";
    CACHE_REQUESTS: Counter "attimo_cache_requests_total" ["account", "cache"]
        "Data requests by cache; `_other` are those without a cache and those of caches beyond --metrics-caches.";
    CACHE_ERRORS: Counter "attimo_cache_errors_total" ["account", "cache"]
        "Data requests answered with an error, by cache.";
    CACHE_HITS: Counter "attimo_cache_hits_total" ["account", "cache"]
        "Lookups that found an item, by cache.";
    CACHE_MISSES: Counter "attimo_cache_misses_total" ["account", "cache"]
        "Lookups that found no item, by cache.";
    CACHE_IN: Counter "attimo_cache_received_bytes_total" ["account", "cache"]
        "Bytes of keys and values received, by cache.";
    CACHE_OUT: Counter "attimo_cache_sent_bytes_total" ["account", "cache"]
        "Bytes of values sent, by cache.";
    CACHE_EVICTED: Counter "attimo_cache_evicted_items_total" ["account", "cache"]
        "Items evicted because memory was full, by cache.";
    CACHE_ITEMS: Gauge "attimo_cache_items" ["account", "cache"]
        "Items stored, by cache, including expired ones not yet swept.";
    CACHE_BYTES: Gauge "attimo_cache_stored_bytes" ["account", "cache"]
        "Memory used by items, by cache.";
    CACHES: Gauge "attimo_caches" []
        "Number of caches.";
    ITEMS: Gauge "attimo_items" []
        "Items stored, including expired ones not yet swept.";
    STORED: Gauge "attimo_stored_bytes" []
        "Memory used by items.";
    BUDGET: Gauge "attimo_memory_budget_bytes" []
        "Memory for items and requests in flight: --memory.";
    ALLOWANCE: Gauge "attimo_memory_allowance_bytes" []
        "Memory available to items now: the part of the budget that nothing else needs; beyond it, the least used are evicted.";
    MEMORY: Gauge "attimo_memory_bytes" ["part"]
        "Memory by use: items; in_flight (requests and responses partly received or sent); connections; topics (their messages and subscriptions); overhead (idle pages around these); process (the process at rest).";
    EVICTED: Counter "attimo_evicted_items_total" []
        "Items evicted because memory was full.";
    EXPIRED: Counter "attimo_expired_items_total" []
        "Expired items removed.";
    SUBSCRIPTIONS: Gauge "attimo_topic_subscriptions" []
        "Open subscriptions to topics.";
    ACCEPTED: Counter "attimo_connections_accepted_total" ["transport"]
        "Connections accepted.";
    OPEN: Gauge "attimo_connections_open" ["transport", "protocol"]
        "Connections open.";
    HANDSHAKES: Counter "attimo_tls_handshakes_total" ["result"]
        "TLS handshakes, completed or failed.";
    CLOSED: Counter "attimo_connections_closed_total" ["reason"]
        "Connections closed by the server because of their client.";
    PANICS: Counter "attimo_panics_total" []
        "Internal errors (panics); each ended one request or connection.";
    LINES_DROPPED: Counter "attimo_log_lines_dropped_total" []
        "Lines of the log and of standard output dropped because nobody read them in time or they could not be written.";
    HANDLES_LACKED: Counter "attimo_file_handles_lacked_total" []
        "Connections delayed and control requests refused because no file handle was left.";
    UNAUTHENTICATED_REFUSED: Counter "attimo_unauthenticated_requests_refused_total" []
        "Unauthenticated control requests refused because too many were in flight.";
    RECORDED: Counter "attimo_usage_batches_recorded_total" []
        "Usage batches recorded in the ledger.";
    UNRECORDED: Counter "attimo_usage_failures_total" []
        "Failed attempts to record a usage batch; the batch is kept and retried.";
    WAITING: Gauge "attimo_usage_batches_waiting" []
        "Usage batches not yet recorded; alert if it stays above 0.";
    RECORDED_UNTIL: Gauge "attimo_usage_recorded_timestamp_seconds" []
        "All usage before this moment is in the ledger, in seconds since 1970.";
    UNRECORDED_REQUESTS: Gauge "attimo_usage_unrecorded_requests" []
        "Requests whose usage is not in the ledger yet.";
    UNRECORDED_BYTES: Gauge "attimo_usage_unrecorded_bytes" []
        "Bytes received and sent that are not in the ledger yet.";
    REVISION: Gauge "attimo_directory_revision" []
        "Revision of the directory (accounts, keys, caches) in use.";
    CERTIFICATE: Gauge "attimo_certificate_end_timestamp_seconds" []
        "Expiry of the TLS certificate, in seconds since 1970.";
    BACKUP_INTERVAL: Gauge "attimo_backup_interval_seconds" []
        "Interval of scheduled backups (--backup-every); 0 if there are none.";
    BACKED_UP: Gauge "attimo_backup_timestamp_seconds" []
        "Time of the newest scheduled backup, in seconds since 1970; 0 if there is none.";
    BACKUP_FAILURES: Counter "attimo_backup_failures_total" []
        "Scheduled backups that failed; the log says why.";
    REACHED: Counter "attimo_allowances_reached_total" ["kind", "percent"]
        "Accounts that reached a share of what they may transfer in a month, or of their budget.";
    NEAR: Gauge "attimo_accounts_near_limit" ["limit", "percent"]
        "Accounts that use at least 80 % or 100 % of a limit of their plan, by the limit's name. Measured once a minute; of a rate, the mean of the last minute.";
    GREATEST: Gauge "attimo_limit_greatest_use_ratio" ["limit"]
        "The greatest share of a limit of its plan that an account uses; 1 is all of it.";
    PAYMENTS_WAITING: Gauge "attimo_payment_events_waiting" []
        "Meter events that the provider of payments (--payments) does not have yet.";
    PAYMENTS_OLDEST: Gauge "attimo_payment_oldest_event_timestamp_seconds" []
        "The hour that the oldest of these is about, in seconds since 1970; 0 if there is none.";
    PAYMENTS_SENT: Counter "attimo_payment_events_sent_total" []
        "Meter events that the provider of payments has taken.";
    PAYMENTS_REFUSED: Counter "attimo_payment_refusals_total" []
        "Requests that the provider of payments has refused; the log says why. They are repeated in an hour.";
    PAYERS_FAILING: Gauge "attimo_payers_failing" []
        "Accounts whose payment has failed, and that have not paid since.";
    WEBHOOKS: Gauge "attimo_webhooks" ["state"]
        "Webhooks: active, open (ten or more deliveries in a row have failed), or disabled (the receiver answered 410). All figures of webhooks are measured every ten seconds.";
    WEBHOOK_DELIVERIES: Counter "attimo_webhook_deliveries_total" ["result"]
        "Attempts to deliver a message to a webhook: delivered (confirmed), refused (another answer), or unanswered.";
    WEBHOOK_WAITING: Gauge "attimo_webhook_messages_waiting" []
        "Messages that wait for webhooks.";
    WEBHOOK_WAITING_BYTES: Gauge "attimo_webhook_waiting_bytes" []
        "Bytes of these messages, on disk.";
    WEBHOOK_OLDEST: Gauge "attimo_webhook_oldest_message_timestamp_seconds" []
        "When the oldest of these was published, in seconds since 1970; 0 if there is none.";
    WEBHOOK_DEAD: Gauge "attimo_webhook_dead_letters" []
        "Messages for webhooks that were given up, and can be delivered again.";
    WEBHOOK_DROPPED: Counter "attimo_webhook_dropped_messages_total" []
        "Messages not stored for a webhook: its queue was full, it was disabled, or they came faster than they can be stored.";
    THREADS: Gauge "attimo_data_threads" []
        "Threads that serve data.";
    RESIDENT: Gauge "process_resident_memory_bytes" []
        "Resident memory of the process.";
    CPU: Counter "process_cpu_seconds_total" []
        "Processor time used by the process.";
    OPEN_FDS: Gauge "process_open_fds" []
        "Open file handles.";
    MOST_FDS: Gauge "process_max_fds" []
        "Limit of open file handles.";
    STARTED: Gauge "process_start_time_seconds" []
        "Start time of the process, in seconds since 1970.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_have_the_suffix_of_their_kind() {
        let names: HashSet<_> = FAMILIES.iter().map(|family| family.name).collect();
        assert_eq!(names.len(), FAMILIES.len());
        for family in FAMILIES {
            let counts = family.name.ends_with("_total");
            assert_eq!(counts, family.kind == Kind::Counter, "{}", family.name);
            assert!(family.name.starts_with("attimo_") || family.name.starts_with("process_"));
        }
    }
}

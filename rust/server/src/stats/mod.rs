//! Counters for operators, incremented where things happen; `metrics` renders them.
//!
//! Each data thread has its own counters of requests ([`ThreadStats`]), so that counting is an
//! addition. Rarer events, such as connections, are counted by all threads together ([`Stats`]).

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

mod allowances;
mod backups;
mod connections;
mod events;
mod histogram;
mod ledger;
mod limit_use;
mod panics;
mod payments;
mod readiness;
mod refusals;
mod requests;
mod webhooks;

pub(crate) use self::allowances::{ALLOWANCE_KINDS, ALLOWANCE_SHARES, Allowances};
pub(crate) use self::backups::Backups;
pub(crate) use self::connections::{Closed, Opened, REASONS, SPEAKS, Speaks, TRANSPORTS};
pub(crate) use self::events::Events;
pub use self::events::{Event, Level};
pub(crate) use self::histogram::{BUCKETS, bound};
pub(crate) use self::ledger::Ledger;
pub use self::limit_use::LimitUse;
pub(crate) use self::limit_use::{LIMITS_WITH_USE, LimitUses};
pub(crate) use self::panics::{guarded, watch};
pub use self::payments::PaymentState;
pub(crate) use self::payments::Payments;
pub use self::readiness::{NoReadiness, Readiness};
pub(crate) use self::requests::{CLASSES, Class, Requests, Sums, ThreadStats, VIAS, Via};
pub use self::webhooks::WebhookFigures;
pub(crate) use self::webhooks::{DELIVERY_RESULTS, WEBHOOK_STATES, Webhooks};

/// The counters that all threads of a node share.
#[derive(Default)]
pub(crate) struct Stats {
    /// The counters of each thread, ended threads included.
    threads: Mutex<Vec<Arc<Requests>>>,
    pub(crate) connections: Arc<connections::Connections>,
    pub(crate) events: Events,
    pub(crate) readiness: readiness::Cell,
    pub(crate) ledger: Ledger,
    pub(crate) backups: Backups,
    pub(crate) payments: Payments,
    pub(crate) webhooks: Webhooks,
    pub(crate) allowances: Allowances,
    pub(crate) limit_uses: LimitUses,
    /// When the certificate expires, in seconds since 1970; 0 without TLS.
    certificate_end: AtomicU64,
    panics: AtomicU64,
    dropped_lines: AtomicU64,
    without_handle: LogThrottle,
    turned_away: LogThrottle,
    refusals: refusals::Refusals,
}

/// Counts an event that is logged, but not each time.
#[derive(Default)]
struct LogThrottle {
    count: AtomicU64,
    last: Mutex<Option<Instant>>,
}

/// The shortest interval between log lines.
const LOG_EVERY: Duration = Duration::from_mins(1);

impl LogThrottle {
    /// Counts an event; true if it should be logged now.
    fn note(&self, now: Instant) -> bool {
        self.count.fetch_add(1, Ordering::Relaxed);
        let mut last = self.last.lock();
        let is_due = last.is_none_or(|last| now.duration_since(last) >= LOG_EVERY);
        if is_due {
            *last = Some(now);
        }
        is_due
    }

    fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

impl Stats {
    /// The requests of all threads, summed.
    pub(crate) fn requests(&self) -> Sums {
        let mut sums = Sums::default();
        self.threads.lock().iter().for_each(|thread| sums.add(thread));
        sums
    }

    /// Sets when the certificate expires, in seconds since 1970.
    pub(crate) fn certificate_ends(&self, end: Option<u64>) {
        self.certificate_end.store(end.unwrap_or(0), Ordering::Relaxed);
    }

    /// When the certificate expires, if that is known.
    pub(crate) fn certificate_end(&self) -> Option<u64> {
        Some(self.certificate_end.load(Ordering::Relaxed)).filter(|end| *end > 0)
    }

    /// Counts a connection or control request that failed for lack of a file handle.
    pub(crate) fn lacked_handle(&self) {
        if self.without_handle.note(Instant::now()) {
            let message = "no file handles are left: connections wait, and requests for the control \
                        plane are refused; raise the limit (LimitNOFILE, ulimit -n)";
            self.events.push(Level::Warning, message.to_owned());
        }
    }

    /// How many connections and control requests lacked a file handle.
    pub(crate) fn handles_lacked(&self) -> u64 {
        self.without_handle.count()
    }

    /// Counts an unauthenticated request of `peer` that was refused because too many were in
    /// progress.
    pub(crate) fn turned_away(&self, peer: IpAddr) {
        if self.turned_away.note(Instant::now()) {
            let message = format!(
                "more unauthenticated requests come than are answered, the last from {peer}"
            );
            self.events.push(Level::Warning, message);
        }
    }

    /// A request of `peer` was refused, because its token is missing or, as `reason` says, not valid.
    pub(crate) fn refused_token(&self, peer: IpAddr, reason: &'static str) {
        self.refusals.note(peer, reason, Instant::now(), &self.events);
    }

    /// Logs what has waited to be told together.
    pub(crate) fn tell(&self) {
        self.refusals.tell(Instant::now(), &self.events);
    }

    /// How many unauthenticated requests were refused.
    pub(crate) fn unauthenticated_refused(&self) -> u64 {
        self.turned_away.count()
    }

    /// Counts dropped lines of the log, which the control plane reports.
    pub(crate) fn dropped_lines(&self, lines: u64) {
        self.dropped_lines.fetch_add(lines, Ordering::Relaxed);
    }

    /// How many lines of the log were dropped.
    pub(crate) fn lines_dropped(&self) -> u64 {
        self.dropped_lines.load(Ordering::Relaxed)
    }

    /// How many requests and connections an internal error ended.
    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_events_are_logged_once_a_minute_and_counted_each_time() {
        let (throttle, start) = (LogThrottle::default(), Instant::now());
        let after = |seconds| throttle.note(start + Duration::from_secs(seconds));
        assert_eq!([0, 1, 59, 60, 61, 120].map(after), [true, false, false, true, false, true]);
        assert_eq!(throttle.count(), 6);
    }
}

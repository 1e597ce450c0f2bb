//! Counts connections: accepted and open ones, their handshakes, and why the server closed them.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::events::{Events, Level};

/// The protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// Not detected yet.
    Nothing,
    Http1,
    Http2,
}

/// Why the server closed a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// It did not complete its TLS handshake or reveal its protocol in time.
    HandshakeTimeout,
    /// The head of a request did not arrive in time.
    HeadTimeout,
    /// The body of a request did not arrive in time.
    BodyTimeout,
    /// It left its responses unread.
    Stalled,
    /// It sent nothing for too long.
    Idle,
    /// It violated the protocol.
    Protocol,
    /// It flooded the server with resets, settings or pings.
    Flood,
    /// The memory budget was full, or another client took its reservation while it was idle.
    NoRoom,
}

/// Label values: how a connection is protected.
pub(crate) const TRANSPORTS: [&str; 2] = ["plaintext", "tls"];
/// Label values: the protocols of connections.
pub(crate) const SPEAKS: [&str; 3] = ["unknown", "http1", "http2"];
/// Label values: why connections are closed.
pub(crate) const REASONS: [(Closed, &str); 8] = [
    (Closed::HandshakeTimeout, "handshake_timeout"),
    (Closed::HeadTimeout, "head_timeout"),
    (Closed::BodyTimeout, "body_timeout"),
    (Closed::Stalled, "stalled"),
    (Closed::Idle, "idle"),
    (Closed::Protocol, "protocol"),
    (Closed::Flood, "flood"),
    (Closed::NoRoom, "no_room"),
];
/// Abuse is logged at most this often.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// The connections of a node.
#[derive(Default)]
pub(crate) struct Connections {
    accepted: [AtomicU64; TRANSPORTS.len()],
    open: [[AtomicI64; SPEAKS.len()]; TRANSPORTS.len()],
    handshakes: [AtomicU64; 2],
    closed: [AtomicU64; REASONS.len()],
    unlogged: Mutex<Unlogged>,
}

/// Abuse since the last log line.
#[derive(Default)]
struct Unlogged {
    count: u64,
    logged_at: Option<Instant>,
}

/// An open connection, counted until this is dropped.
pub(crate) struct Opened {
    connections: Arc<Connections>,
    secure: bool,
    speaks: std::cell::Cell<Speaks>,
}

impl Opened {
    /// Counts a connection that was accepted.
    pub(crate) fn new(connections: &Arc<Connections>, secure: bool) -> Self {
        connections.accepted[usize::from(secure)].fetch_add(1, Ordering::Relaxed);
        let speaks = Speaks::Nothing.into();
        let opened = Opened { connections: connections.clone(), secure, speaks };
        opened.add(1);
        opened
    }

    /// Sets the protocol of the connection.
    pub(crate) fn speaks(&self, speaks: Speaks) {
        self.add(-1);
        self.speaks.set(speaks);
        self.add(1);
    }

    fn add(&self, more: i64) {
        let open = &self.connections.open[usize::from(self.secure)];
        open[self.speaks.get() as usize].fetch_add(more, Ordering::Relaxed);
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.add(-1);
    }
}

/// The current numbers, in the order of their label values.
pub(crate) struct Seen {
    pub(crate) accepted: [u64; TRANSPORTS.len()],
    pub(crate) open: [[i64; SPEAKS.len()]; TRANSPORTS.len()],
    pub(crate) handshakes: [u64; 2],
    pub(crate) closed: [u64; REASONS.len()],
}

impl Connections {
    pub(crate) fn read(&self) -> Seen {
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let open = |numbers: &[AtomicI64; SPEAKS.len()]| {
            numbers.each_ref().map(|number| number.load(Ordering::Relaxed))
        };
        Seen {
            accepted: self.accepted.each_ref().map(count),
            open: self.open.each_ref().map(open),
            handshakes: self.handshakes.each_ref().map(count),
            closed: self.closed.each_ref().map(count),
        }
    }

    /// Counts a TLS handshake.
    pub(crate) fn shook_hands(&self, done: bool) {
        self.handshakes[usize::from(!done)].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection of `peer` that the server closed, and logs abuse.
    pub(crate) fn closed(&self, reason: Closed, peer: IpAddr, events: &Events) {
        self.closed[reason as usize].fetch_add(1, Ordering::Relaxed);
        if reason == Closed::Flood {
            self.log_abuse(peer, Instant::now(), events);
        }
    }

    /// Logs the first one at once, and those that soon follow together with a later one.
    fn log_abuse(&self, peer: IpAddr, now: Instant, events: &Events) {
        let mut unlogged = self.unlogged.lock();
        unlogged.count += 1;
        if unlogged.logged_at.is_some_and(|last| now.duration_since(last) < LOG_EVERY) {
            return;
        }
        unlogged.logged_at = Some(now);
        let count = std::mem::take(&mut unlogged.count);
        let message = format!("closed {count} abusive connections, the last from {peer}");
        events.push(Level::Warning, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_open_until_it_is_dropped_and_is_counted_by_protocol() {
        let connections = Arc::new(Connections::default());
        let open = || connections.read().open[1];
        let connection = Opened::new(&connections, true);
        assert_eq!(open(), [1, 0, 0]);
        connection.speaks(Speaks::Http2);
        assert_eq!(open(), [0, 0, 1]);
        drop(connection);
        assert_eq!(open(), [0, 0, 0]);
        assert_eq!(connections.read().accepted, [0, 1]);
    }

    #[test]
    fn a_burst_of_abuse_is_one_line_and_the_next_burst_sums_it_up() {
        let (connections, events) = (Connections::default(), Events::default());
        let (peer, start) = (IpAddr::from([192, 0, 2, 7]), Instant::now());
        (0..5).for_each(|_| connections.log_abuse(peer, start, &events));
        connections.log_abuse(peer, start + LOG_EVERY, &events);
        events.close();

        let lines: Vec<_> = std::iter::from_fn(|| events.next()).collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].message.starts_with("closed 1 abusive"));
        assert!(lines[1].message.starts_with("closed 5 abusive"));
    }
}

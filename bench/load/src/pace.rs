//! When the next operation is due.

/// A steady rate. An operation is due at its time whether or not the server has kept up, so that
/// a stall is paid for by everything that had to wait behind it.
pub struct Pace {
    interval: f64,
    sent: u64,
}

impl Pace {
    /// A pace of `rate` operations a second.
    pub fn new(rate: f64) -> Self {
        Self { interval: 1e9 / rate, sent: 0 }
    }

    /// When the next operation is due, in nanoseconds since the run began.
    pub fn due(&self) -> u64 {
        (self.interval * self.sent as f64) as u64
    }

    /// Goes on to the next.
    pub fn advance(&mut self) {
        self.sent += 1;
    }

    /// How many operations were due by `now` and have not been begun.
    pub fn behind(&self, now: u64) -> u64 {
        ((now as f64 / self.interval) as u64).saturating_sub(self.sent)
    }
}

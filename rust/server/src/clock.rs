//! The only reader of clocks.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use attimo_engine::Moment;

/// One reading of both clocks, shared by all requests of one wake-up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// For items: never goes back, and does not follow the wall clock when that is set.
    pub(crate) moment: Moment,
    /// The same, for how long things take: microseconds since the server started.
    pub(crate) micros: u64,
    /// For the expiry of tokens: seconds since 1970 in UTC.
    pub(crate) epoch_seconds: u64,
}

/// Milliseconds since 1970 in UTC, for what outlives this process.
pub(crate) fn epoch_milliseconds() -> u64 {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(wall.as_millis()).unwrap_or(u64::MAX)
}

/// The same in microseconds.
pub(crate) fn epoch_microseconds() -> u64 {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(wall.as_micros()).unwrap_or(u64::MAX)
}

impl Now {
    /// When `time` will have passed, in milliseconds since the server started.
    pub(crate) fn after(self, time: Duration) -> u64 {
        after(self.moment.0, time)
    }
}

/// When `time` has passed after a moment, both in milliseconds since the server started.
pub(crate) fn after(moment: u64, time: Duration) -> u64 {
    moment + u64::try_from(time.as_millis()).unwrap_or(u64::MAX >> 1)
}

/// Measures time since the server started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    /// Starts at zero.
    pub(crate) fn start() -> Self {
        Clock(Instant::now())
    }

    /// When it is so many milliseconds after the start.
    pub(crate) fn instant(&self, milliseconds: u64) -> Instant {
        self.0 + Duration::from_millis(milliseconds)
    }

    /// Reads only the one that tells how long things take: microseconds since the start.
    pub(crate) fn micros(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Reads both clocks.
    pub(crate) fn now(&self) -> Now {
        let micros = self.micros();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { moment: Moment(micros / 1_000), micros, epoch_seconds: wall.as_secs() }
    }
}

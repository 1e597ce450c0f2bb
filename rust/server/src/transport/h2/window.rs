//! Flow-control windows of both directions (RFC 9113 §5.2, §6.9).

use super::error::{ErrorCode, Fault, Outcome};

/// The initial window of a stream or connection, in bytes.
pub(super) const DEFAULT: u32 = 65_535;
const LARGEST: i64 = (1 << 31) - 1;

/// How much the client may send. Data is consumed as it arrives, so credit is returned as soon as
/// that is worth a frame.
#[derive(Debug)]
pub(super) struct Inbound {
    size: u32,
    used: u32,
}

impl Inbound {
    /// A window of `size` bytes.
    pub(super) fn new(size: u32) -> Self {
        Inbound { size, used: 0 }
    }

    /// Counts received bytes; false if the client exceeds the window.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let used = u32::try_from(bytes).ok().and_then(|bytes| self.used.checked_add(bytes));
        match used.filter(|used| *used <= self.size) {
            Some(used) => {
                self.used = used;
                true
            }
            None => false,
        }
    }

    /// Counts bytes that were consumed later than they arrived; returns the credit for them.
    pub(super) fn release(&mut self, bytes: usize) -> u32 {
        let released = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.used);
        self.used -= released;
        released
    }

    /// The credit to return now, if that is worth a frame.
    pub(super) fn give_back(&mut self) -> Option<u32> {
        (self.used >= self.size / 2).then(|| std::mem::take(&mut self.used))
    }
}

/// How much the server may send. Negative after the client reduces the window (RFC 9113 §6.9.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outbound(i64);

impl Outbound {
    /// A window of `size` bytes.
    pub(super) fn new(size: u32) -> Self {
        Outbound(size.into())
    }

    /// How many bytes may be sent now.
    pub(super) fn room(self) -> usize {
        usize::try_from(self.0).unwrap_or(0)
    }

    /// Counts sent bytes.
    pub(super) fn take(&mut self, bytes: usize) {
        self.0 -= i64::try_from(bytes).unwrap_or(i64::MAX);
    }

    /// Changes the window by `more` bytes, which may be negative.
    ///
    /// # Errors
    ///
    /// The window would exceed its maximum; `fault` turns the code into an error.
    pub(super) fn grow(
        &mut self,
        more: i64,
        fault: impl FnOnce(ErrorCode) -> Fault,
    ) -> Outcome<()> {
        if self.0 + more > LARGEST {
            return Err(fault(ErrorCode::FlowControlError));
        }
        self.0 += more;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_credit_for_what_it_sent_and_must_not_exceed_the_window() {
        let mut window = Inbound::new(100);

        assert!(window.take(49));
        assert_eq!(window.give_back(), None);
        assert!(window.take(51));
        assert!(!window.take(1));
        assert_eq!(window.give_back(), Some(100));
        assert!(window.take(100));
    }

    #[test]
    fn a_client_gets_credit_for_what_was_consumed_later() {
        let mut window = Inbound::new(100);

        assert!(window.take(90));
        assert_eq!(window.release(60), 60);
        assert!(window.take(70));
        assert!(!window.take(1));
        assert_eq!(window.release(200), 100);
    }

    #[test]
    fn a_window_may_become_negative_and_must_not_exceed_its_maximum() {
        let mut window = Outbound::new(10);
        window.take(8);
        window.grow(-7, Fault::Connection).unwrap();

        assert_eq!(window.room(), 0);
        window.grow(6, Fault::Connection).unwrap();
        assert_eq!(window.room(), 1);
        let wrong = window.grow(LARGEST, Fault::Connection);
        assert_eq!(wrong, Err(Fault::Connection(ErrorCode::FlowControlError)));
        assert_eq!(window.room(), 1);
    }
}

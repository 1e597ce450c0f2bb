//! Times and TTLs, in milliseconds.
//!
//! An item is expired as soon as `now >= deadline`. TTLs may be absurdly long: sums saturate at
//! [`Deadline::NEVER`].

/// A point in time: milliseconds since an origin that the caller chooses.
///
/// All calls on one engine must use the same origin. If the clock jumps forward, more items expire;
/// if it jumps backward, items are kept longer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub u64);

/// A time to live, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ttl(pub u64);

impl Ttl {
    /// Long enough to never expire.
    pub const FOREVER: Self = Self(u64::MAX);

    pub(crate) fn after(self, now: Moment) -> Deadline {
        Deadline(now.0.saturating_add(self.0)).min(Deadline::NEVER)
    }
}

/// The time at which an item expires; fits into 48 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deadline(pub(crate) u64);

impl Deadline {
    /// Later than any other deadline, and never reached: year 8921 of the origin.
    pub(crate) const NEVER: Self = Self((1 << 48) - 1);

    pub(crate) fn has_passed(self, now: Moment) -> bool {
        now.0 >= self.0 && self != Self::NEVER
    }

    /// The full milliseconds that are left.
    ///
    /// The current millisecond does not count, so this is less than a TTL that was just set, even
    /// within the same millisecond.
    pub(crate) fn left(self, now: Moment) -> Ttl {
        Ttl(self.0.saturating_sub(now.0).saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_expires_at_its_deadline_and_not_before() {
        let deadline = Ttl(1000).after(Moment(5));

        assert!(!deadline.has_passed(Moment(1004)));
        assert!(deadline.has_passed(Moment(1005)));
    }

    #[test]
    fn the_remaining_ttl_is_less_than_the_ttl_that_was_set() {
        assert_eq!(Ttl(1000).after(Moment(5)).left(Moment(5)), Ttl(999));
        assert_eq!(Ttl(1).after(Moment(5)).left(Moment(5)), Ttl(0));
    }

    #[test]
    fn an_absurd_ttl_never_expires_and_never_overflows() {
        let deadline = Ttl::FOREVER.after(Moment(u64::MAX - 1));

        assert_eq!(deadline, Deadline::NEVER);
        assert!(!deadline.has_passed(Moment(u64::MAX)));
        assert_eq!(deadline.left(Moment(u64::MAX)), Ttl(0));
    }
}

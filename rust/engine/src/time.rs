//! Moments and lifetimes, in milliseconds.
//!
//! An item is gone as soon as `now >= deadline`. Lifetimes may be absurdly
//! long: sums stop at [`Deadline::NEVER`] instead of wrapping.

/// A point in time: milliseconds since an origin of the caller's choice.
///
/// All calls on one engine must use the same origin. The clock may jump:
/// forward expires more, backward keeps items longer, nothing worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub u64);

/// How long an item lives, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ttl(pub u64);

impl Ttl {
    /// Long enough never to end.
    pub const FOREVER: Self = Self(u64::MAX);

    pub(crate) fn after(self, now: Moment) -> Deadline {
        Deadline(now.0.saturating_add(self.0)).min(Deadline::NEVER)
    }
}

/// The moment from which an item is gone; fits 48 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deadline(pub(crate) u64);

impl Deadline {
    /// Later than any other deadline, and never over: year 8921 of the origin.
    pub(crate) const NEVER: Self = Self((1 << 48) - 1);

    pub(crate) fn has_passed(self, now: Moment) -> bool {
        now.0 >= self.0 && self != Self::NEVER
    }

    /// The whole milliseconds for which the item is sure to be there still.
    ///
    /// The millisecond that runs does not count, so this is less than the TTL
    /// that was just set, even within the same millisecond.
    pub(crate) fn left(self, now: Moment) -> Ttl {
        Ttl(self.0.saturating_sub(now.0).saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_gone_at_its_deadline_and_not_before() {
        let deadline = Ttl(1000).after(Moment(5));

        assert!(!deadline.has_passed(Moment(1004)));
        assert!(deadline.has_passed(Moment(1005)));
    }

    #[test]
    fn what_is_left_is_less_than_what_was_set() {
        assert_eq!(Ttl(1000).after(Moment(5)).left(Moment(5)), Ttl(999));
        assert_eq!(Ttl(1).after(Moment(5)).left(Moment(5)), Ttl(0));
    }

    #[test]
    fn an_absurd_ttl_never_passes_and_never_wraps() {
        let deadline = Ttl::FOREVER.after(Moment(u64::MAX - 1));

        assert_eq!(deadline, Deadline::NEVER);
        assert!(!deadline.has_passed(Moment(u64::MAX)));
        assert_eq!(deadline.left(Moment(u64::MAX)), Ttl(0));
    }
}

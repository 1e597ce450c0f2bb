//! How near accounts are to the limits of their plans, as the control plane reports it.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// The limits whose use is measured.
pub(crate) const LIMITS_WITH_USE: [&str; 13] = [
    "transfer_bytes_per_month",
    "stored_bytes",
    "caches",
    "keys",
    "operations_per_second",
    "bytes_in_per_second",
    "bytes_out_per_second",
    "cache_operations_per_second",
    "cache_bytes_in_per_second",
    "cache_bytes_out_per_second",
    "key_operations_per_second",
    "key_bytes_in_per_second",
    "key_bytes_out_per_second",
];

/// The use of one limit: how many accounts use at least 80 % of it, how many use all of it, and the
/// greatest share that an account uses.
pub type LimitUse = (u64, u64, f64);

/// The use of every limit.
#[derive(Default)]
pub(crate) struct LimitUses(Mutex<[LimitUse; LIMITS_WITH_USE.len()]>);

impl LimitUses {
    /// Updates the use of these limits. Returns false, without changes, if a name is unknown.
    pub(crate) fn note(&self, used: &BTreeMap<String, LimitUse>) -> bool {
        let at = |name: &String| LIMITS_WITH_USE.iter().position(|known| known == name);
        let Some(at) = used.keys().map(at).collect::<Option<Vec<_>>>() else { return false };
        let mut all = self.0.lock();
        at.into_iter().zip(used.values()).for_each(|(at, used)| all[at] = *used);
        true
    }

    /// The use, in the order of `LIMITS_WITH_USE`.
    pub(crate) fn read(&self) -> [LimitUse; LIMITS_WITH_USE.len()] {
        *self.0.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_of_known_limits_is_read_and_nothing_of_others() {
        let uses = LimitUses::default();

        assert!(uses.note(&[("keys".to_owned(), (2, 1, 1.5))].into()));
        let unknown = [("caches".to_owned(), (9, 9, 9.0)), ("stars".to_owned(), (1, 1, 1.0))];
        assert!(!uses.note(&unknown.into()));

        assert_eq!(uses.read()[2..4], [(0, 0, 0.0), (2, 1, 1.5)]);
    }
}

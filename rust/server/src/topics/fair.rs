//! Which accounts lose what they keep, so that none loses it for what others keep.

use std::collections::HashMap;
use std::hash::Hash;

/// How often each account halves what it uses, so that about `too_much` is free: those that use most
/// come down to one level, and those below it lose nothing.
pub(super) fn halvings<K: Eq + Hash>(used: HashMap<K, u64>, too_much: u64) -> HashMap<K, u32> {
    let all: u64 = used.values().sum();
    let level = level(used.values().copied().collect(), all.saturating_sub(too_much));
    let times = |used: u64| (1..u64::BITS).find(|times| used >> times <= level).unwrap_or(0);
    let above = used.into_iter().filter(|(_, used)| *used > level);
    above.map(|(account, used)| (account, times(used))).collect()
}

/// The greatest number so that, if none is greater, all together are at most `most`.
fn level(mut used: Vec<u64>, most: u64) -> u64 {
    used.sort_unstable();
    let (mut left, mut others) = (most, used.len() as u64);
    for used in used {
        if used > left / others {
            return left / others;
        }
        left -= used;
        others -= 1;
    }
    u64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_use_most_come_down_to_a_level_at_which_all_fit() {
        assert_eq!(level(vec![10, 1_000, 400], 610), 300);
        assert_eq!(level(vec![10, 1_000, 400], 1_000), 590);
        assert_eq!(level(vec![10, 20], 30), u64::MAX);
        assert_eq!(level(vec![10, 20], 0), 0);

        let used = HashMap::from([("small", 10), ("large", 400), ("larger", 1_000)]);
        assert_eq!(halvings(used.clone(), 800), HashMap::from([("large", 1), ("larger", 2)]));
        assert_eq!(halvings(used, 0), HashMap::new());
    }
}

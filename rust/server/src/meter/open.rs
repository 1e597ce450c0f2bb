//! Counters that are in use, with what was taken from each.

use std::collections::HashMap;
use std::sync::Arc;

use super::counters::{COUNTS, UsageCounters};
use super::outcome::{Outcomes, Seen};

/// The counters of one (cache, API key) on one thread, and what was taken from them.
pub(super) struct Open {
    pub(super) counters: Arc<UsageCounters>,
    taken: HashMap<usize, Taken>,
}

/// What was taken of one method.
#[derive(Default)]
struct Taken {
    counts: [u64; COUNTS],
    outcome: Seen,
}

impl Open {
    /// Counters from which nothing was taken.
    pub(super) fn new(counters: Arc<UsageCounters>) -> Self {
        Open { counters, taken: HashMap::new() }
    }

    /// What grew since it was taken, by method.
    pub(super) fn news(&self) -> impl Iterator<Item = (usize, [u64; COUNTS])> {
        self.counters.by_api.iter().enumerate().filter_map(move |(api, method)| {
            let total = method.get()?.read();
            let seen = self.taken.get(&api).map_or([0; COUNTS], |taken| taken.counts);
            (seen != total).then(|| (api, std::array::from_fn(|i| total[i] - seen[i])))
        })
    }

    /// Takes what grew: of methods that were used, and of those whose answers have been written since.
    pub(super) fn read(&mut self) -> Vec<(usize, [u64; COUNTS], Outcomes)> {
        let mut news = Vec::new();
        for (api, method) in self.counters.by_api.iter().enumerate() {
            let Some(method) = method.get() else { continue };
            let total = method.read();
            let seen = self.taken.entry(api).or_default();
            if seen.counts == total && seen.outcome.is_all_of(&method.outcome) {
                continue;
            }
            let more = std::array::from_fn(|i| total[i] - seen.counts[i]);
            let outcomes = seen.outcome.news(&method.outcome);
            seen.counts = total;
            seen.outcome.add(&outcomes);
            news.push((api, more, outcomes));
        }
        news
    }
}

//! Selects the caches that have samples of their own, so that a page stays short however many
//! caches exist.
//!
//! Counters must not decrease, including that of the other caches: when a cache becomes one of the
//! busiest, its past stays counted there, and its own sample counts only what follows.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::directory::{Cache, CacheId};
use crate::meter::{COUNTS, Count};

pub(super) type Counts = [u64; COUNTS];

/// The counts that belong to the sample of the other caches.
#[derive(Default)]
pub(super) struct Hidden {
    of: HashMap<Option<CacheId>, Past>,
    sum: Counts,
}

#[derive(Default, Clone, Copy)]
struct Past {
    /// The counts when the last page was rendered.
    last: Counts,
    /// How much of them belongs to the other caches.
    hidden: Counts,
}

/// The samples of one page.
pub(super) struct Split<'a> {
    pub(super) shown: Vec<(&'a Cache, Counts)>,
    pub(super) others: Counts,
}

impl Hidden {
    /// Selects the `most` busiest of `caches`; `totals` has the counts of all caches that ever
    /// existed.
    pub(super) fn split<'a>(
        &mut self,
        caches: &'a [Cache],
        totals: &HashMap<Option<CacheId>, Counts>,
        most: usize,
    ) -> Split<'a> {
        let of = |id: CacheId| totals.get(&Some(id)).copied().unwrap_or_default();
        let mut busiest: Vec<_> = caches.iter().map(|cache| (cache, of(cache.id))).collect();
        busiest.sort_unstable_by_key(|(cache, counts)| {
            (Reverse(counts[Count::Requests as usize]), cache.id.0)
        });
        busiest.truncate(most);
        self.of.retain(|id, _| totals.contains_key(id));
        for (cache, counts) in &mut busiest {
            let past = self.of.entry(Some(cache.id)).or_default();
            past.last = *counts;
            *counts = less(*counts, past.hidden);
        }
        let is_shown: std::collections::HashSet<_> =
            busiest.iter().map(|(cache, _)| Some(cache.id)).collect();
        for (id, counts) in totals.iter().filter(|(id, _)| !is_shown.contains(*id)) {
            let past = self.of.entry(*id).or_default();
            let news = less(*counts, past.last);
            past.last = *counts;
            add(&mut past.hidden, news);
            add(&mut self.sum, news);
        }
        Split { shown: busiest, others: self.sum }
    }
}

fn less(counts: Counts, before: Counts) -> Counts {
    std::array::from_fn(|i| counts[i].saturating_sub(before[i]))
}

fn add(sum: &mut Counts, more: Counts) {
    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

#[cfg(test)]
mod tests {
    use attimo_engine::Namespace;

    use super::*;
    use crate::directory::AccountId;

    fn cache(id: u64) -> Cache {
        let name = format!("c{id}");
        Cache {
            id: CacheId(id),
            account: AccountId(1),
            name,
            namespace: Namespace(1),
            expires_at: u64::MAX,
        }
    }

    /// Requests by cache; 0 stands for no cache.
    fn totals(requests: &[(u64, u64)]) -> HashMap<Option<CacheId>, Counts> {
        let counts = |requests| {
            let mut counts = [0; COUNTS];
            counts[Count::Requests as usize] = requests;
            counts
        };
        requests.iter().map(|(id, sum)| ((*id > 0).then_some(CacheId(*id)), counts(*sum))).collect()
    }

    /// The samples: (cache, requests) for those shown, and the requests of all others.
    fn lines(
        hidden: &mut Hidden,
        caches: &[Cache],
        requests: &[(u64, u64)],
        most: usize,
    ) -> (Vec<(u64, u64)>, u64) {
        let split = hidden.split(caches, &totals(requests), most);
        let shown = split.shown.iter().map(|(cache, counts)| (cache.id.0, counts[0])).collect();
        (shown, split.others[0])
    }

    #[test]
    fn the_busiest_caches_are_shown_and_the_others_are_summed() {
        let (mut hidden, caches) = (Hidden::default(), [1, 2, 3].map(cache));
        let (shown, others) = lines(&mut hidden, &caches, &[(0, 5), (1, 10), (2, 30), (3, 20)], 2);

        assert_eq!((shown, others), (vec![(2, 30), (3, 20)], 15));
    }

    #[test]
    fn a_new_cache_has_a_sample_before_its_first_request() {
        let lines = lines(&mut Hidden::default(), &[cache(1)], &[], 2);

        assert_eq!(lines, (vec![(1, 0)], 0));
    }

    #[test]
    fn each_request_is_counted_once_and_no_counter_falls_when_caches_change_places() {
        let (mut hidden, caches) = (Hidden::default(), [1, 2].map(cache));
        let mut at = |requests: &[(u64, u64)]| lines(&mut hidden, &caches, requests, 1);

        assert_eq!(at(&[(1, 10), (2, 4)]), (vec![(1, 10)], 4));
        assert_eq!(
            at(&[(1, 10), (2, 25)]),
            (vec![(2, 21)], 4),
            "the first 4 were reported already"
        );
        assert_eq!(at(&[(1, 12), (2, 26)]), (vec![(2, 22)], 6), "2 more by the other cache");
        assert_eq!(at(&[(1, 40), (2, 26)]), (vec![(1, 38)], 6));
    }

    #[test]
    fn a_deleted_cache_loses_its_sample_and_the_sum_of_the_others_stays() {
        let mut hidden = Hidden::default();
        lines(&mut hidden, &[cache(1), cache(2)], &[(1, 10), (2, 4)], 1);

        let after = lines(&mut hidden, &[], &[(1, 10), (2, 4)], 1);
        assert_eq!(after, (vec![], 4));
        assert_eq!(lines(&mut hidden, &[], &[], 1), (vec![], 4));
        assert!(hidden.of.is_empty());
    }
}

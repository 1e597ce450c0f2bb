//! Random numbers from a seed (`SplitMix64`).

use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use ahash::AHasher;

/// A pseudorandom number generator. A copy continues like the original.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A uniform number below `bound`, which is not zero.
    #[expect(clippy::cast_possible_truncation, reason = "splits the product into halves")]
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        let uneven = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.next()) * u128::from(bound);
            if product as u64 >= uneven {
                return (product >> 64) as usize;
            }
        }
    }

    /// `count` distinct numbers below `bound`, each choice equally likely (Floyd).
    pub(crate) fn distinct(&mut self, count: usize, bound: usize) -> Vec<usize> {
        let mut seen = HashSet::with_hasher(BuildHasherDefault::<AHasher>::default());
        let mut pick = |last| {
            let any = self.below(last + 1);
            let new = if seen.insert(any) { any } else { last };
            seen.insert(new);
            new
        };
        (bound.saturating_sub(count)..bound).map(&mut pick).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_uniform() {
        let (mut random, mut times) = (Random::new(7), [0_u32; 10]);
        for _ in 0..10_000 {
            let mut picked = random.distinct(3, 10);
            for &it in &picked {
                times[it] += 1;
            }
            picked.sort_unstable();
            picked.dedup();
            assert_eq!(picked.len(), 3);
        }

        assert!(times.iter().all(|it| (2800..3200).contains(it)), "{times:?}");
    }

    #[test]
    fn choosing_all_returns_all() {
        let mut picked = Random::new(7).distinct(50, 50);
        picked.sort_unstable();

        assert!(picked.into_iter().eq(0..50));
        assert_eq!(Random::new(7).distinct(0, 50), []);
    }
}

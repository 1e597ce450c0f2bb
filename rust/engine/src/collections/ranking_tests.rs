//! A ranking against a plain map.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::Element;

fn plain_ranks(plain: &HashMap<Vec<u8>, i8>) -> Vec<(i8, Vec<u8>)> {
    let mut all: Vec<_> = plain.iter().map(|(name, score)| (*score, name.clone())).collect();
    all.sort();
    all
}

fn score(score: i8) -> Score {
    Score::new(f64::from(score)).unwrap()
}

fn check(ranking: &Ranking<Element>, plain: &HashMap<Vec<u8>, i8>, hashing: &Hashing) {
    let all = plain_ranks(plain);
    for (rank, (number, name)) in all.iter().enumerate() {
        assert_eq!(ranking.find(name, hashing), Some((rank, score(*number))));
    }
    for order in [Order::Ascending, Order::Descending] {
        let ranks = ranking.ranks(all.len() / 4..all.len(), order);
        let found: Vec<_> =
            ranks.iter().map(|(rank, score, it)| (rank, score, it.to_vec())).collect();
        let mut plain: Vec<_> =
            all.iter().map(|(number, name)| (score(*number), name.clone())).collect();
        if order == Order::Descending {
            plain.reverse();
        }
        let plain = plain.into_iter().enumerate().map(|(rank, (score, name))| (rank, score, name));
        assert!(found.into_iter().eq(plain.skip(all.len() / 4)));
    }
    for (min, max) in [(-3, 3), (3, -3), (0, 0)] {
        let count = |keep: &dyn Fn(i8) -> bool| all.iter().filter(|it| keep(it.0)).count();
        let between = |min, max| ranking.between(min, max).len();
        let (from, to) = (score(min), score(max));
        assert_eq!(
            between(Bound::Included(from), Bound::Included(to)),
            count(&|it| min <= it && it <= max)
        );
        assert_eq!(
            between(Bound::Excluded(from), Bound::Excluded(to)),
            count(&|it| min < it && it < max)
        );
        assert_eq!(between(Bound::Unbounded, Bound::Excluded(to)), count(&|it| it < max));
        assert_eq!(between(Bound::Included(from), Bound::Unbounded), count(&|it| min <= it));
    }
    let sum: usize = plain.keys().map(|name| name.len() + 8).sum();
    assert_eq!(ranking.bytes(), sum as u64);
    let heap: u64 = plain.keys().map(|name| Element::from(&name[..]).heap()).sum();
    assert_eq!(ranking.heap, heap);
    assert_eq!(ranking.hints.as_ref().map_or(all.len(), Tree::len), all.len());
}

fn steps() -> impl Strategy<Value = Vec<(u8, Option<i8>)>> {
    let score = prop_oneof![1 => Just(None), 3 => (-9..9_i8).prop_map(Some)];
    prop::collection::vec((any::<u8>(), score), 1..400)
}

proptest! {
    #[test]
    fn a_ranking_matches_a_plain_map(steps in steps(), removed in any::<u8>()) {
        let hashing = Hashing::new([1, 2, 3, 4]);
        let (mut ranking, mut plain) = (Ranking::<Element>::default(), HashMap::new());
        let name = |i: u8| vec![i; usize::from(i % 30)];
        for (i, number) in steps {
            let name = name(i);
            if let Some(number) = number {
                ranking.put(&name, score(number), &hashing);
                plain.insert(name, number);
            } else {
                ranking.remove(&name, &hashing);
                plain.remove(&name);
            }
        }
        check(&ranking, &plain, &hashing);

        for i in 0..removed {
            ranking.remove(&name(i), &hashing);
            plain.remove(&name(i));
        }
        check(&ranking, &plain, &hashing);
    }
}

#[test]
fn members_with_equal_hashes_are_distinct() {
    #[derive(Debug, Clone)]
    struct Alike(u32);
    impl Member for Alike {
        type Name = u32;
        fn new(name: &u32) -> Self {
            Self(*name)
        }
        fn name(&self) -> &u32 {
            &self.0
        }
        fn hash(_: &u32, _: &Hashing) -> u32 {
            7
        }
        fn order(&self, name: &u32) -> Ordering {
            self.0.cmp(name)
        }
        fn heap(&self) -> u64 {
            0
        }
        fn bytes(&self) -> u64 {
            4
        }
    }
    let (hashing, mut ranking) = (Hashing::new([1, 2, 3, 4]), Ranking::<Alike>::default());
    (0..300).for_each(|i| ranking.put(&i, score((i % 5) as i8), &hashing));
    (0..300).step_by(2).for_each(|i| ranking.remove(&i, &hashing));

    assert_eq!(ranking.len(), 150);
    for i in 0..300 {
        let found = ranking.find(&i, &hashing).map(|it| it.1);
        assert_eq!(found, (i % 2 == 1).then(|| score((i % 5) as i8)));
    }
}

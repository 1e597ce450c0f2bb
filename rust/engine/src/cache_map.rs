//! A map of caches of which one, the largest, is found without a hash.
//!
//! Most shards of most servers have one cache that takes nearly all requests. If it is stored in
//! the map itself, a lookup reads two or three cache lines less.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use ahash::AHasher;

use crate::Namespace;
use crate::cache::Cache;

/// A map by namespace.
pub(crate) type ByNamespace<T> = HashMap<Namespace, T, BuildHasherDefault<AHasher>>;

/// The memory of a place in the hash table, in bytes: with a byte beside it, and one in eight places
/// unused at least.
const PLACE: usize = (size_of::<(Namespace, Cache)>() + 1) * 8 / 7;

/// Caches by namespace.
#[derive(Debug, Default)]
pub(crate) struct CacheMap {
    first: Option<(Namespace, Cache)>,
    others: ByNamespace<Cache>,
}

impl CacheMap {
    pub(crate) fn get(&self, namespace: Namespace) -> Option<&Cache> {
        match &self.first {
            Some((first, cache)) if *first == namespace => Some(cache),
            _ => self.others.get(&namespace),
        }
    }

    pub(crate) fn get_mut(&mut self, namespace: Namespace) -> Option<&mut Cache> {
        match &mut self.first {
            Some((first, cache)) if *first == namespace => Some(cache),
            _ => self.others.get_mut(&namespace),
        }
    }

    /// The cache of a namespace, which is added if there is none.
    pub(crate) fn get_or_insert(
        &mut self,
        namespace: Namespace,
        new: impl FnOnce() -> Cache,
    ) -> &mut Cache {
        if self.first.is_none() && !self.others.contains_key(&namespace) {
            return &mut self.first.insert((namespace, new())).1;
        }
        match &mut self.first {
            Some((first, cache)) if *first == namespace => cache,
            _ => self.others.entry(namespace).or_insert_with(new),
        }
    }

    pub(crate) fn remove(&mut self, namespace: Namespace) -> Option<Cache> {
        match self.first.take_if(|(first, _)| *first == namespace) {
            Some((_, cache)) => Some(cache),
            None => self.others.remove(&namespace),
        }
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (Namespace, &mut Cache)> {
        let first = self.first.iter_mut().map(|(namespace, cache)| (*namespace, cache));
        first.chain(self.others.iter_mut().map(|(namespace, cache)| (*namespace, cache)))
    }

    /// The memory of the hash table, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        (self.others.capacity() * PLACE) as u64
    }

    /// Frees memory, if many caches were removed, and has the largest one first, as far as it is known.
    pub(crate) fn shrink(&mut self, largest: Namespace) {
        if self.others.capacity() > 4 * self.others.len() {
            self.others.shrink_to_fit();
        }
        let len = self.others.get(&largest).map_or(0, Cache::table_len);
        // Twice as large at least, so that two of about the same size do not change places again
        // and again.
        if len > 2 * self.first.as_ref().map_or(0, |(_, cache)| cache.table_len()) {
            let cache = self.others.remove(&largest).map(|cache| (largest, cache));
            self.others.extend(std::mem::replace(&mut self.first, cache));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fairness::Fairness;
    use crate::stored::Size;

    fn map(fairness: &Fairness, caches: u32) -> CacheMap {
        let mut map = CacheMap::default();
        for namespace in (0..caches).map(Namespace) {
            map.get_or_insert(namespace, || Cache::new(fairness.usage(namespace)));
        }
        map
    }

    fn fill(map: &mut CacheMap, fairness: &Fairness, namespace: Namespace, items: u32) {
        let (cache, size) = (map.get_mut(namespace).unwrap(), Size { memory: 100, data: 60 });
        (0..items).for_each(|at| {
            cache.insert(at, fairness, |_| size, |at| at << 16);
        });
    }

    #[test]
    fn every_cache_is_found_until_it_is_removed() {
        let fairness = Fairness::default();
        let mut map = map(&fairness, 5);
        for removed in [0, 3, 1, 4, 2].map(Namespace) {
            assert!(map.get(removed).is_some() && map.get_mut(removed).is_some());
            assert!(map.remove(removed).is_some());
            assert!(map.get(removed).is_none() && map.remove(removed).is_none());
            map.shrink(Namespace(9));
        }
        assert_eq!((map.iter_mut().count(), map.memory()), (0, 0));
    }

    #[test]
    fn the_largest_becomes_the_first_and_nobody_is_lost() {
        let fairness = Fairness::default();
        let mut map = map(&fairness, 3);
        fill(&mut map, &fairness, Namespace(0), 10);
        fill(&mut map, &fairness, Namespace(2), 15);
        map.shrink(Namespace(2));
        assert_eq!(map.first.as_ref().map(|(first, _)| *first), Some(Namespace(0)));

        fill(&mut map, &fairness, Namespace(1), 100);
        map.shrink(Namespace(1));

        assert_eq!(map.first.as_ref().map(|(first, _)| *first), Some(Namespace(1)));
        assert!((0..3).all(|namespace| map.get(Namespace(namespace)).is_some()));
    }

    #[test]
    fn a_cache_is_added_once_although_the_first_place_is_free() {
        let fairness = Fairness::default();
        let mut map = map(&fairness, 2);
        map.remove(Namespace(0));
        let new = || unreachable!("it is there");

        map.get_or_insert(Namespace(1), new);

        assert_eq!(map.iter_mut().count(), 1);
    }
}

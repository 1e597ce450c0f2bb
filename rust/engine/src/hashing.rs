//! Hashes that clients cannot predict.

use std::hash::{BuildHasher, Hasher};

use ahash::RandomState;

use crate::Namespace;
use crate::random::Random;

/// The hash functions of one engine.
#[derive(Debug, Clone)]
pub struct Hashing(RandomState);

impl Hashing {
    pub(crate) fn new([a, b, c, d]: [u64; 4]) -> Self {
        Self(RandomState::with_seeds(a, b, c, d))
    }

    /// Two hashes of a key. They include the namespace, so that equal keys of different caches
    /// differ.
    pub(crate) fn of_key(&self, namespace: Namespace, key: &[u8]) -> (u32, u32) {
        let mut hasher = self.0.build_hasher();
        hasher.write_u32(namespace.0);
        hasher.write(key);
        halves(hasher.finish())
    }

    /// The hash of an element of a collection.
    pub(crate) fn of_element(&self, element: &[u8]) -> u32 {
        let mut hasher = self.0.build_hasher();
        hasher.write(element);
        halves(hasher.finish()).0
    }

    /// A random number generator for one shard; it does not reveal the seeds.
    pub(crate) fn random(&self, shard: usize) -> Random {
        let mut hasher = self.0.build_hasher();
        hasher.write_usize(shard);
        Random::new(hasher.finish())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "splits the number into halves")]
fn halves(hash: u64) -> (u32, u32) {
    ((hash >> 32) as u32, hash as u32)
}

//! Ghosts: what is remembered of recently evicted items.

use crate::size;

/// Ghosts take one part in this many of the memory of records.
const SHARE: usize = 64;
const WAYS: usize = 8;
const ROW: usize = size_of::<[u16; WAYS]>();
/// Marks an empty cell; a hash that ends in this is stored as the next one.
const EMPTY: u16 = 0;

/// The low halves of hashes.
///
/// Each hash belongs to one row of eight, in which the newest replaces the oldest: close enough to
/// one long queue, and found without a second table.
#[derive(Debug, Default)]
pub(super) struct Ghosts {
    rows: Vec<[u16; WAYS]>,
}

impl Ghosts {
    /// The memory of the rows, in bytes, or what it will be with so many bytes of records: if it came
    /// with the first eviction, that would have to free as much, and so on in all shards.
    pub(super) fn memory(&self, bytes: usize) -> u64 {
        (self.rows.len() * ROW).max(bytes / SHARE) as u64
    }

    /// Remembers a hash; records take so many bytes.
    pub(super) fn remember(&mut self, hash: u32, bytes: usize) {
        let (rows, wanted) = (self.rows.len(), (bytes / SHARE / ROW).max(1));
        if rows > wanted * 2 || rows < wanted / 2 || rows == 0 {
            // What is remembered does not tell in which row it would be.
            self.rows = vec![[EMPTY; WAYS]; wanted];
        }
        let at = self.row(hash);
        let row = &mut self.rows[at];
        row.rotate_right(1);
        row[0] = cell(hash);
    }

    /// Whether the hash is remembered.
    pub(super) fn know(&self, hash: u32) -> bool {
        self.rows.get(self.row(hash)).is_some_and(|row| row.contains(&cell(hash)))
    }

    fn row(&self, hash: u32) -> usize {
        size::scale(hash, self.rows.len())
    }
}

/// The high bits of the hash select the row.
fn cell(hash: u32) -> u16 {
    let [low, high, ..] = hash.to_le_bytes();
    u16::from_le_bytes([low, high]).max(EMPTY + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn hashes(seed: u64, len: usize) -> Vec<u32> {
        let mut random = Random::new(seed);
        (0..len).map(|_| u32::try_from(random.next() >> 32).unwrap()).collect()
    }

    #[test]
    fn the_newest_are_known_and_the_oldest_forgotten() {
        let (mut ghosts, bytes) = (Ghosts::default(), 1 << 20);
        let all = hashes(1, 20_000);
        for &hash in &all {
            ghosts.remember(hash, bytes);
        }

        let known = |hashes: &[u32]| hashes.iter().filter(|&&hash| ghosts.know(hash)).count();
        assert_eq!(known(&all[19_000..]), 1000);
        assert!(known(&all[..5000]) < 50);
        assert!(known(&hashes(2, 10_000)) < 20, "few are known by mistake");
        assert_eq!(ghosts.memory(bytes), 1 << 14);
        assert_eq!(Ghosts::default().memory(bytes), 1 << 14);
    }
}

//! The memory cost of an item, as close to what the allocator uses as a constant-time function can
//! be; and arithmetic on sizes.

/// The cost of every item beside its record: its share of the hash table (5.3 / load).
/// `examples/memory.rs` compares it with resident memory.
pub(crate) const PER_ITEM: u64 = 9;

/// The size of a heap block of this many bytes: eight bytes, then sixteen-byte steps up to 128,
/// then four size classes per doubling, as in jemalloc.
pub const fn of_heap(bytes: usize) -> u64 {
    let bytes = bytes as u64;
    if bytes <= 8 {
        return bytes.next_multiple_of(8);
    }
    if bytes <= 128 {
        return bytes.next_multiple_of(16);
    }
    let step = bytes.next_power_of_two() / 8;
    bytes.next_multiple_of(step)
}

/// Maps a hash evenly to `0..range`.
pub(crate) fn scale(hash: u32, range: usize) -> usize {
    ((u64::from(hash) * range as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up_to_size_classes_of_the_allocator() {
        let sizes = [0, 1, 8, 9, 16, 17, 117, 128, 129, 160, 161, 256, 257, 5000, 16385];
        let given = [0, 8, 8, 16, 16, 32, 128, 128, 160, 160, 192, 256, 320, 5120, 20480];

        assert_eq!(sizes.map(of_heap), given);
    }
}

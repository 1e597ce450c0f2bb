//! What an item costs in memory, as near to what the allocator really takes as
//! a constant-time function can tell; and arithmetic on sizes.

/// What every item takes besides its block: its entry (32), its share of the
/// hash table (5.3 / load, about 7.5), of its queue (4 to 8), and of the chunks
/// and ghosts. `examples/memory.rs` compares it with what is resident.
pub(crate) const PER_ITEM: u64 = 48;

/// The room a heap block of this many bytes takes: eight bytes, then sixteen-byte
/// steps up to 128, then four classes a doubling, as jemalloc has them.
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

/// Spreads a hash evenly over `0..range`.
pub(crate) fn scale(hash: u32, range: usize) -> usize {
    ((u64::from(hash) * range as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up_to_what_the_allocator_gives() {
        let sizes = [0, 1, 8, 9, 16, 17, 117, 128, 129, 160, 161, 256, 257, 5000, 16385];
        let given = [0, 8, 8, 16, 16, 32, 128, 128, 160, 160, 192, 256, 320, 5120, 20480];

        assert_eq!(sizes.map(of_heap), given);
    }
}

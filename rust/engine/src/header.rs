//! What the engine knows of an item beside its key and value, in 16 bytes.

use crate::time::Deadline;
use crate::{Moment, Namespace};

/// The size of a header, in bytes.
pub(crate) const BYTES: usize = 16;

const LIVE: u64 = 1;
const ASIDE: u64 = 1 << 1;
const USES_AT: u32 = 2;
const USES: u64 = MOST_USES << USES_AT;
const USES_BEFORE_AT: u32 = 6;
const USES_BEFORE: u64 = MOST_USES << USES_BEFORE_AT;
const SPARE_AT: u32 = 10;
const SPARE: u64 = MOST_SPARE << SPARE_AT;
/// The most grains that a record may have to spare.
pub(crate) const MOST_SPARE: u64 = 63;
/// The most uses that are counted.
pub(crate) const MOST_USES: u64 = 15;
const DEADLINE_AT: u32 = 16;
const FLAGS: u64 = (1 << DEADLINE_AT) - 1;

/// A copy of the header of a record; whoever changes it writes it back.
///
/// The deadline (48 bits) and the flags share one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    word: u64,
    pub(crate) namespace: Namespace,
    pub(crate) hash: u32,
}

impl Header {
    pub(crate) fn new(namespace: Namespace, hash: u32, deadline: Deadline) -> Self {
        Self { word: deadline.0 << DEADLINE_AT | LIVE, namespace, hash }
    }

    pub(crate) fn read(bytes: &[u8; BYTES]) -> Self {
        let (word, rest) = bytes.split_first_chunk().expect("eight of sixteen bytes");
        let (namespace, hash) = rest.split_first_chunk().expect("four of eight bytes");
        Self {
            word: u64::from_le_bytes(*word),
            namespace: Namespace(u32::from_le_bytes(*namespace)),
            hash: u32::from_le_bytes(hash.try_into().expect("four bytes are left")),
        }
    }

    pub(crate) fn write(self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        bytes[..8].copy_from_slice(&self.word.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.namespace.0.to_le_bytes());
        bytes[12..].copy_from_slice(&self.hash.to_le_bytes());
        bytes
    }

    /// Whether the record is that of an item; if not, its bytes are a hole.
    pub(crate) fn is_live(self) -> bool {
        self.word & LIVE != 0
    }

    pub(crate) fn kill(&mut self) {
        self.word &= !LIVE;
    }

    /// Whether the value is out of line; the record then has its index.
    pub(crate) fn is_aside(self) -> bool {
        self.word & ASIDE != 0
    }

    pub(crate) fn set_aside(&mut self, aside: bool) {
        self.word = if aside { self.word | ASIDE } else { self.word & !ASIDE };
    }

    /// How many grains the record is larger than its content needs.
    pub(crate) fn spare(self) -> u64 {
        (self.word & SPARE) >> SPARE_AT
    }

    pub(crate) fn set_spare(&mut self, grains: u64) {
        self.word = self.word & !SPARE | grains << SPARE_AT;
    }

    pub(crate) fn deadline(self) -> Deadline {
        Deadline(self.word >> DEADLINE_AT)
    }

    pub(crate) fn set_deadline(&mut self, deadline: Deadline) {
        self.word = self.word & FLAGS | deadline.0 << DEADLINE_AT;
    }

    pub(crate) fn has_expired(self, now: Moment) -> bool {
        self.deadline().has_passed(now)
    }

    /// Counts a use, for eviction, in a header as it is written: the count is in its first byte.
    pub(crate) fn touch(written: &mut [u8]) {
        let uses = USES.to_le_bytes()[0];
        if written[0] & uses != uses {
            written[0] += 1 << USES_AT;
        }
    }

    /// The uses since the record was last moved by eviction, at most [`MOST_USES`].
    pub(crate) fn uses(self) -> u64 {
        (self.word & USES) >> USES_AT
    }

    /// Uses before that which count.
    pub(crate) fn uses_before(self) -> u64 {
        (self.word & USES_BEFORE) >> USES_BEFORE_AT
    }

    /// Both together, at most [`MOST_USES`].
    pub(crate) fn all_uses(self) -> u64 {
        (self.uses() + self.uses_before()).min(MOST_USES)
    }

    /// Starts to count uses anew.
    pub(crate) fn count_anew(&mut self, before: u64) {
        self.word = self.word & !(USES | USES_BEFORE) | before << USES_BEFORE_AT;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadline_and_flags_are_independent() {
        let mut header = Header::new(Namespace(1), 7, Deadline(5));
        header.set_aside(true);
        let mut written = header.write();
        (0..99).for_each(|_| Header::touch(&mut written));
        let mut header = Header::read(&written);
        header.set_deadline(Deadline::NEVER);
        header.set_aside(false);
        header.set_spare(MOST_SPARE);

        assert_eq!(header.spare(), MOST_SPARE);
        assert_eq!((header.uses(), header.uses_before()), (MOST_USES, 0));
        assert_eq!(header.deadline(), Deadline::NEVER);
        assert!(header.is_live() && !header.is_aside());

        header.count_anew(3);

        assert_eq!((header.uses(), header.uses_before()), (0, 3));
        assert_eq!(header.deadline(), Deadline::NEVER);
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let mut header = Header::new(Namespace(1), 7, Deadline(5));
        header.count_anew(3);

        assert_eq!(Header::read(&header.write()), header);
    }
}

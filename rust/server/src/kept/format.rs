//! The written form of the header and of blocks.
//!
//! A header is written twice, in case one is damaged. It has a random marker, with which each block
//! starts. A reader that has met a damaged block looks for the next marker; no value can contain it
//! on purpose, so nobody can pass off a value as a block with items of others.
//!
//! All numbers are little-endian. The last block has no items, and tells what all of them have.

use attimo_engine::ValueHash;

/// The version of this form.
pub(super) const VERSION: u32 = 1;
/// The size of the blocks that are written; one item may be larger. Tests need many blocks.
pub(super) const BLOCK_BYTES: usize = if cfg!(test) { 1024 } else { 256 * 1024 };

const MAGIC: [u8; 8] = *b"ATTIMO\0K";
pub(super) const MARKER_BYTES: usize = 16;
pub(super) const HEADER_BYTES: usize = 8 + 4 + 8 + 8 + 8 * KEYS + MARKER_BYTES + SHORT_SUM;
pub(super) const HEAD_BYTES: usize = MARKER_BYTES + 4 + 4 + 4 + SHORT_SUM;
pub(super) const SUM_BYTES: usize = 16;
const SHORT_SUM: usize = 8;
/// How many keys of a server are noted.
const KEYS: usize = 4;

/// The sequence number of the last block.
pub(super) const LAST: u32 = u32::MAX;

pub(super) type Marker = [u8; MARKER_BYTES];

/// The start of the written form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// How many items will follow at most.
    pub(super) items: u64,
    /// The time of writing, in milliseconds since 1970.
    pub(super) written_at: u64,
    pub(super) server: ServerMark,
    pub(super) marker: Marker,
}

/// What a server is recognised by: digests of some of its keys, and zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ServerMark([u64; KEYS]);

impl ServerMark {
    pub(super) fn of(keys: &[String]) -> Self {
        let digest = |key: &String| u64::from_le_bytes(short_sum(key.as_bytes()));
        let mut digests: Vec<_> = keys.iter().map(digest).collect();
        digests.sort_unstable();
        Self(std::array::from_fn(|at| digests.get(at).copied().unwrap_or(0)))
    }

    /// Whether both are of one server: it may have got and lost keys in between.
    pub(super) fn is_of(self, other: Self) -> bool {
        self.0.iter().any(|key| *key != 0 && other.0.contains(key))
    }
}

/// Bytes that are not a header of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoHeader {
    Version(u32),
    Damaged,
}

impl Header {
    pub(super) fn write(&self) -> Vec<u8> {
        let mut one = Vec::with_capacity(HEADER_BYTES);
        one.extend(MAGIC);
        one.extend(VERSION.to_le_bytes());
        one.extend(self.items.to_le_bytes());
        one.extend(self.written_at.to_le_bytes());
        self.server.0.iter().for_each(|key| one.extend(key.to_le_bytes()));
        one.extend(self.marker);
        one.extend(short_sum(&one));
        one.repeat(2)
    }

    /// Reads the first copy that is whole.
    pub(super) fn read(both: &[u8]) -> Result<Self, NoHeader> {
        let mut copies = both.chunks(HEADER_BYTES);
        let first = copies.next().map_or(Err(NoHeader::Damaged), Self::read_one);
        first.or_else(|error| copies.next().and_then(|it| Self::read_one(it).ok()).ok_or(error))
    }

    fn read_one(copy: &[u8]) -> Result<Self, NoHeader> {
        let mut fields = Fields(copy);
        let (magic, version) = (fields.array(), fields.u32());
        match (magic, version) {
            (Some(MAGIC), Some(VERSION)) => {}
            (Some(MAGIC), Some(version)) => return Err(NoHeader::Version(version)),
            _ => return Err(NoHeader::Damaged),
        }
        let sum = copy.get(..HEADER_BYTES - SHORT_SUM).map(short_sum);
        let header = Self::fields(&mut fields).ok_or(NoHeader::Damaged)?;
        if fields.array() == sum { Ok(header) } else { Err(NoHeader::Damaged) }
    }

    fn fields(from: &mut Fields<'_>) -> Option<Self> {
        let (items, written_at) = (from.u64()?, from.u64()?);
        let mut keys = [0; KEYS];
        for key in &mut keys {
            *key = from.u64()?;
        }
        Some(Self { items, written_at, server: ServerMark(keys), marker: from.array()? })
    }
}

/// The start of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) sequence: u32,
    pub(super) items: u32,
    /// The size of what follows, without the checksum.
    pub(super) bytes: u32,
}

impl Head {
    /// Writes the head at the start of a block, and the checksum of all at its end. The block has
    /// room for the head already.
    pub(super) fn seal(&self, marker: &Marker, block: &mut Vec<u8>) {
        let mut head = Vec::with_capacity(HEAD_BYTES);
        head.extend(marker);
        head.extend(self.sequence.to_le_bytes());
        head.extend(self.items.to_le_bytes());
        head.extend(self.bytes.to_le_bytes());
        head.extend(short_sum(&head));
        block[..HEAD_BYTES].copy_from_slice(&head);
        block.extend(ValueHash::of(block).0);
    }

    /// The head at the start of these bytes, if there is a whole one.
    pub(super) fn read(marker: &Marker, bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..HEAD_BYTES)?;
        let mut fields = Fields(head);
        let is_marked = fields.array::<MARKER_BYTES>()? == *marker;
        let read = Self { sequence: fields.u32()?, items: fields.u32()?, bytes: fields.u32()? };
        let sum = fields.array()?;
        (is_marked && sum == short_sum(&head[..HEAD_BYTES - SHORT_SUM])).then_some(read)
    }
}

/// Whether the checksum at the end of a block is that of the block.
pub(super) fn is_whole(block: &[u8]) -> bool {
    block.split_last_chunk().is_some_and(|(block, sum)| ValueHash::of(block).0 == *sum)
}

fn short_sum(bytes: &[u8]) -> [u8; SHORT_SUM] {
    let sum = ValueHash::of(bytes).0;
    std::array::from_fn(|at| sum[at])
}

/// Fields to read, one after the other.
#[derive(Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Bytes after their number.
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.u32()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }
}

//! Frames of HTTP/2: how they are read and written (RFC 9113 §4.1, §6).

use super::error::ErrorCode;

/// The length of a frame header, in bytes.
pub(super) const HEAD: usize = 9;
/// The longest content of a frame that the server accepts, in bytes: the minimum that §4.2 allows.
pub(super) const LARGEST: usize = 16_384;

pub(super) const END_STREAM: u8 = 0x1;
pub(super) const ACK: u8 = 0x1;
pub(super) const END_HEADERS: u8 = 0x4;
pub(super) const PADDED: u8 = 0x8;
pub(super) const PRIORITY: u8 = 0x20;

/// The reserved bit of a stream identifier or window increment, which is ignored.
const RESERVED: u32 = 1 << 31;

/// The type of a frame (§6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    Headers,
    Priority,
    Reset,
    Settings,
    Push,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
    /// A frame of an unknown extension, which must be ignored (§5.5).
    Unknown,
}

const KINDS: [Kind; 10] = [
    Kind::Data,
    Kind::Headers,
    Kind::Priority,
    Kind::Reset,
    Kind::Settings,
    Kind::Push,
    Kind::Ping,
    Kind::GoAway,
    Kind::WindowUpdate,
    Kind::Continuation,
];

/// The header of a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// The length of the content, in bytes.
    pub(super) length: usize,
    pub(super) kind: Kind,
    pub(super) flags: u8,
    /// 0 for frames that concern the connection.
    pub(super) stream: u32,
}

impl Head {
    /// Reads a frame header from the front of `input`; `None` if it is incomplete.
    pub(super) fn read(input: &[u8]) -> Option<Self> {
        let [a, b, c, kind, flags, stream @ ..] = input.first_chunk::<HEAD>()?;
        let kind = KINDS.get(usize::from(*kind)).copied().unwrap_or(Kind::Unknown);
        Some(Head {
            length: u32::from_be_bytes([0, *a, *b, *c]) as usize,
            kind,
            flags: *flags,
            stream: number(*stream),
        })
    }

    /// Whether it is a DATA frame of this stream without padding.
    pub(super) fn is_plain_data(&self, stream: u32) -> bool {
        self.kind == Kind::Data && self.stream == stream && !self.has(PADDED)
    }

    /// Whether a flag is set.
    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// Reads a 31-bit number.
pub(super) fn number(bytes: [u8; 4]) -> u32 {
    u32::from_be_bytes(bytes) & !RESERVED
}

/// Writes a frame header. `length` is at most [`LARGEST`], or the client's own limit.
pub(super) fn write_head(to: &mut Vec<u8>, length: usize, kind: Kind, flags: u8, stream: u32) {
    let mut head = [0; HEAD];
    head[..3].copy_from_slice(&length_bytes(length));
    (head[3], head[4]) = (kind as u8, flags);
    head[5..].copy_from_slice(&stream.to_be_bytes());
    to.extend_from_slice(&head);
}

/// Begins a HEADERS frame and returns where its content starts, which is appended afterwards.
pub(super) fn begin_headers(to: &mut Vec<u8>, ends: bool, stream: u32) -> usize {
    let flags = END_HEADERS | if ends { END_STREAM } else { 0 };
    write_head(to, 0, Kind::Headers, flags, stream);
    to.len()
}

/// Sets the length of the frame whose content begins at `start`. A block that does not fit into one
/// frame is split into CONTINUATION frames (§6.10).
pub(super) fn end_headers(to: &mut Vec<u8>, start: usize) {
    let length = to.len() - start;
    if length > LARGEST {
        return split(to, start);
    }
    to[start - HEAD..start - HEAD + 3].copy_from_slice(&length_bytes(length));
}

fn length_bytes(length: usize) -> [u8; 3] {
    let [_, bytes @ ..] =
        u32::try_from(length).expect("frames are shorter than 4 GiB").to_be_bytes();
    bytes
}

fn split(to: &mut Vec<u8>, start: usize) {
    let block = to.split_off(start);
    let head = Head::read(&to[start - HEAD..]).expect("the header was written before");
    to.truncate(start - HEAD);
    let mut parts = block.chunks(LARGEST).peekable();
    let mut kind = Kind::Headers;
    let mut flags = head.flags & !END_HEADERS;
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            flags |= END_HEADERS;
        }
        write_head(to, part.len(), kind, flags, head.stream);
        to.extend_from_slice(part);
        (kind, flags) = (Kind::Continuation, 0);
    }
}

/// Writes a frame other than HEADERS and DATA.
pub(super) fn write(to: &mut Vec<u8>, kind: Kind, flags: u8, stream: u32, content: &[u8]) {
    write_head(to, content.len(), kind, flags, stream);
    to.extend_from_slice(content);
}

/// Returns flow-control credit to the client (§6.9).
pub(super) fn write_window_update(to: &mut Vec<u8>, stream: u32, more: u32) {
    write(to, Kind::WindowUpdate, 0, stream, &more.to_be_bytes());
}

/// Resets a stream (§6.4).
pub(super) fn write_reset(to: &mut Vec<u8>, stream: u32, reason: ErrorCode) {
    write(to, Kind::Reset, 0, stream, &(reason as u32).to_be_bytes());
}

/// Announces the last stream that may have been processed (§6.8).
pub(super) fn write_go_away(to: &mut Vec<u8>, last: u32, reason: ErrorCode) {
    let content = (u64::from(last) << 32) | u64::from(reason as u32);
    write(to, Kind::GoAway, 0, 0, &content.to_be_bytes());
}

/// The range of the content without its padding (§6.1), whose length is in the first byte.
pub(super) fn without_padding(head: &Head, content: &[u8]) -> Option<(usize, usize)> {
    if !head.has(PADDED) {
        return Some((0, content.len()));
    }
    let padding = usize::from(*content.first()?);
    let end = content.len().checked_sub(padding).filter(|end| *end >= 1)?;
    Some((1, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_header_reads_as_it_was_written() {
        let mut bytes = Vec::new();
        write_head(&mut bytes, 70_000, Kind::WindowUpdate, 0x5, 7);
        let head = Head::read(&bytes).unwrap();

        assert_eq!(
            (head.length, head.kind, head.flags, head.stream),
            (70_000, Kind::WindowUpdate, 5, 7)
        );
        assert!(head.has(END_STREAM) && !head.has(PADDED));
        assert!(Head::read(&bytes[..8]).is_none());
    }

    #[test]
    fn the_reserved_bit_and_unknown_types_are_ignored() {
        let head = Head::read(&[0, 0, 0, 0xBE, 0, 0x80, 0, 0, 9]).unwrap();

        assert_eq!((head.kind, head.stream), (Kind::Unknown, 9));
    }

    #[test]
    fn long_headers_continue_in_other_frames() {
        for length in [0, 1, LARGEST, LARGEST + 1, 3 * LARGEST] {
            let (block, mut bytes) = (vec![7; length], b"before".to_vec());
            let start = begin_headers(&mut bytes, true, 5);
            bytes.extend_from_slice(&block);
            end_headers(&mut bytes, start);

            let (mut rest, mut read, mut heads) = (&bytes[6..], Vec::new(), Vec::new());
            while let Some(head) = Head::read(rest) {
                read.extend_from_slice(&rest[HEAD..HEAD + head.length]);
                rest = &rest[HEAD + head.length..];
                heads.push(head);
            }
            assert_eq!(read, block);
            assert!(heads.iter().all(|head| head.length <= LARGEST && head.stream == 5));
            assert!(heads[0].kind == Kind::Headers && heads[0].has(END_STREAM));
            assert!(heads[1..].iter().all(|head| head.kind == Kind::Continuation));
            let ends: Vec<_> = heads.iter().map(|head| head.has(END_HEADERS)).collect();
            assert_eq!(ends.iter().position(|ends| *ends), Some(heads.len() - 1));
        }
    }

    #[test]
    fn padding_is_removed_and_must_not_be_longer_than_the_content() {
        let padded = Head { length: 0, kind: Kind::Data, flags: PADDED, stream: 1 };
        let plain = Head { flags: 0, ..padded };

        assert_eq!(without_padding(&plain, b"hello"), Some((0, 5)));
        assert_eq!(without_padding(&padded, b"\x02hi??"), Some((1, 3)));
        assert_eq!(without_padding(&padded, b"\x02??"), Some((1, 1)));
        assert_eq!(without_padding(&padded, b"\x03??"), None);
        assert_eq!(without_padding(&padded, b""), None);
    }
}

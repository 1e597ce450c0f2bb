//! Decodes the header blocks of a client (RFC 7541 §3 and §6).

use std::cell::Cell;
use std::ops::Range;

use http::header::HeaderValue;

use super::entry::{Entry, Name};
use super::table::{LIMIT, Table};
use super::{Broken, huffman, integer};

/// A buffer with more capacity than this is freed rather than kept for the next block.
const KEPT: usize = 4 * 1024;

/// The first byte of a literal `:path`: the pattern and the name's index in the static table
/// (§6.2.2, §6.2.3).
const NOT_INDEXED_PATH: u8 = 0x04;
const NEVER_INDEXED_PATH: u8 = 0x14;

thread_local! {
    /// The buffer for Huffman-decoded strings: one per thread, so that idle connections hold no
    /// memory.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The result of decoding a block.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::transport::h2) struct Unpacked {
    /// Whether the dynamic table is unchanged, so that the same bytes decode to the same headers
    /// again.
    pub(in crate::transport::h2) is_unchanged: bool,
    /// Where in the block the literal of `:path` is, if it has one that was not added to the table.
    pub(in crate::transport::h2) path: Option<Range<usize>>,
}

/// Passes the `:path` in `written` to `read` and returns the result. `None` unless `written` is
/// exactly one literal that is not added to the table, with the name from the static table.
pub(in crate::transport::h2) fn path<T>(
    written: &[u8],
    read: impl FnOnce(&[u8]) -> Option<T>,
) -> Option<T> {
    let [NOT_INDEXED_PATH | NEVER_INDEXED_PATH, rest @ ..] = written else { return None };
    let mut text = rest;
    let length = integer::read(&mut text, 7).ok()?;
    if text.len() != length as usize {
        return None;
    }
    let mut block = Block { rest, buffer: BUFFER.take() };
    let read = block.string().ok().and_then(read);
    BUFFER.set(block.buffer);
    read
}

/// Keeps the dynamic table of one client.
#[derive(Default)]
pub(in crate::transport::h2) struct Decoder {
    table: Table,
}

impl Decoder {
    /// Decodes a whole block and passes its headers to `take` in order: name, value (`None` if it
    /// has bytes that no value may have), and size in bytes as `SETTINGS_MAX_HEADER_LIST_SIZE`
    /// counts it (RFC 9113 §6.5.2). A block of a few bytes can expand to very many headers.
    ///
    /// # Errors
    ///
    /// [`Broken`]; the headers before the error were passed on.
    pub(in crate::transport::h2) fn decode(
        &mut self,
        block: &[u8],
        take: impl FnMut(&Name, Option<&HeaderValue>, usize),
    ) -> Result<Unpacked, Broken> {
        let mut block = Block { rest: block, buffer: BUFFER.take() };
        let unpacked = self.unpack(&mut block, take)?;
        if block.buffer.capacity() <= KEPT {
            BUFFER.set(block.buffer);
        }
        Ok(unpacked)
    }

    fn unpack(
        &mut self,
        block: &mut Block<'_>,
        mut take: impl FnMut(&Name, Option<&HeaderValue>, usize),
    ) -> Result<Unpacked, Broken> {
        let mut hand_over = |it: &Entry| take(&it.name, it.value.as_ref(), it.size);
        let length = block.rest.len();
        let mut unpacked = Unpacked { is_unchanged: !self.resize(block)?, path: None };
        while let Some(first) = block.rest.first() {
            match first {
                0x80.. => hand_over(self.indexed(block.integer(7)?)?),
                0x40.. => {
                    let entry = self.literal(block, 6)?;
                    hand_over(&entry);
                    self.table.insert(entry);
                    unpacked.is_unchanged = false;
                }
                // The size may change only before the first header (§4.2).
                0x20.. => return Err(Broken),
                // Includes the never-indexed pattern: headers are not forwarded from here.
                _ => {
                    let start = length - block.rest.len();
                    let entry = self.literal(block, 4)?;
                    hand_over(&entry);
                    if entry.name == Name::Path {
                        unpacked.path = Some(start..length - block.rest.len());
                    }
                }
            }
        }
        Ok(unpacked)
    }

    /// Applies the table size updates at the start of a block (§6.3).
    fn resize(&mut self, block: &mut Block<'_>) -> Result<bool, Broken> {
        let mut is_resized = false;
        while let Some(0x20..0x40) = block.rest.first() {
            let limit = block.integer(5)? as usize;
            if limit > LIMIT {
                return Err(Broken);
            }
            self.table.resize(limit);
            is_resized = true;
        }
        Ok(is_resized)
    }

    fn indexed(&self, index: u32) -> Result<&Entry, Broken> {
        self.table.get(index).ok_or(Broken)
    }

    /// Reads a literal header; its name may be an index (§6.2).
    fn literal(&self, block: &mut Block<'_>, bits: u32) -> Result<Entry, Broken> {
        let (name, name_length) = match block.integer(bits)? {
            0 => {
                let text = block.string()?;
                (Name::of(text), text.len())
            }
            index => {
                let entry = self.indexed(index)?;
                (entry.name.clone(), entry.name_length)
            }
        };
        Ok(Entry::new(name, name_length, block.string()?))
    }
}

/// A header block that is being read.
struct Block<'a> {
    rest: &'a [u8],
    buffer: Vec<u8>,
}

impl Block<'_> {
    fn integer(&mut self, bits: u32) -> Result<u32, Broken> {
        integer::read(&mut self.rest, bits)
    }

    /// The next string (§5.2), valid until the next call.
    fn string(&mut self) -> Result<&[u8], Broken> {
        let is_huffman = self.rest.first().is_some_and(|first| first & 0x80 != 0);
        let length = self.integer(7)? as usize;
        let text = self.rest.split_off(..length).ok_or(Broken)?;
        if !is_huffman {
            return Ok(text);
        }
        let length = huffman::decode(text, &mut self.buffer)?;
        Ok(&self.buffer[..length])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<bool, Broken> {
        decoder.decode(block, |_, _, _| {}).map(|unpacked| unpacked.is_unchanged)
    }

    #[test]
    fn a_literal_path_outside_the_table_is_located() {
        for written in [&b"\x04\x02/a"[..], b"\x14\x82\x60\x7f"] {
            let block = [&b"\x82\x87"[..], written, b"\x00\x01a\x01b"].concat();
            let unpacked = Decoder::default().decode(&block, |_, _, _| {}).unwrap();
            assert_eq!(unpacked.path, Some(2..2 + written.len()));

            assert_eq!(path(written, |path| Some(path.to_vec())), Some(b"/a".to_vec()));
        }
        let tabled = Decoder::default().decode(b"\x44\x02/a", |_, _, _| {}).unwrap();
        assert_eq!(tabled.path, None);
        for other in
            [&b""[..], b"\x44\x02/a", b"\x04\x05/a", b"\x84", b"\x04\x81\x00", b"\x04\x01/a"]
        {
            assert_eq!(path(other, |path| Some(path.len())), None, "{other:?}");
        }
    }

    /// What a decoder whose table has `x: y` makes of `block`.
    fn verdict(block: &[u8]) -> Result<bool, Broken> {
        let mut decoder = Decoder::default();
        decode(&mut decoder, b"\x40\x01x\x01y").unwrap();
        decode(&mut decoder, block)
    }

    #[test]
    fn a_block_that_neither_inserts_nor_resizes_leaves_the_table_as_it_was() {
        for block in [&b""[..], b"\x82\xbe", b"\x00\x01a\x01b", b"\x10\x01a\x00", b"\x0f\x2f\x00"] {
            assert_eq!(verdict(block), Ok(true), "{block:?}");
        }
        for block in [&b"\x40\x01a\x01b"[..], b"\x7e\x00", b"\x3f\xe1\x1f", b"\x20\x3f\xe1\x1f\x82"]
        {
            assert_eq!(verdict(block), Ok(false), "{block:?}");
        }
    }

    #[test]
    fn an_unknown_index_is_an_error() {
        for block in [&b"\x80"[..], b"\xbf", b"\xff\x80\x01", b"\x7f\x00\x00", b"\x0f\x30\x00"] {
            assert_eq!(verdict(block), Err(Broken), "{block:?}");
        }
    }

    #[test]
    fn a_truncated_block_and_too_large_numbers_are_errors() {
        let whole = b"\x40\x03abc\x03def\x00\x81\x1f\x82\x64\x02\x5f\x01a\x82";
        assert_eq!(verdict(whole), Ok(false));
        let ends = [0, 9, 15, 18];
        for end in (0..whole.len()).filter(|end| !ends.contains(end)) {
            assert_eq!(verdict(&whole[..end]), Err(Broken), "{end}");
        }
        for block in [
            &b"\xff\xff\xff\xff\xff\xff\x00"[..],
            b"\x3f\xff\xff\xff\xff\xff\xff",
            b"\x00\x7f\xff\xff\xff\xff\x0fa",
            b"\x00\x01a\x7f\x80\x80\x80\x80\x80\x80\x00",
        ] {
            assert_eq!(verdict(block), Err(Broken), "{block:?}");
        }
    }

    #[test]
    fn a_string_with_an_invalid_huffman_code_is_an_error() {
        for block in [&b"\x00\x01a\x81\xff"[..], b"\x00\x81\x00\x00", b"\x04\x84\xff\xff\xff\xff"] {
            assert_eq!(verdict(block), Err(Broken), "{block:?}");
        }
    }

    #[test]
    fn the_table_size_changes_at_the_start_of_a_block_up_to_the_announced_limit() {
        for block in [&b"\x82\x20"[..], b"\x40\x01a\x00\x3f\xe1\x1f", b"\x3f\xe2\x1f", b"\x20\xbe"]
        {
            assert_eq!(verdict(block), Err(Broken), "{block:?}");
        }
        assert_eq!(verdict(b"\x3f\xe1\x1f\x21\x22\x3f\xe1\x1f\x82"), Ok(false));
    }

    #[test]
    fn malformed_headers_are_passed_on_and_keep_their_place_in_the_table() {
        let mut decoder = Decoder::default();
        let mut taken = Vec::new();
        let block = b"\x40\x01X\x01y\x40\x01x\x02\r\n\x40\x01z\x01z\xc0\xbf\xbe\x7f\x01\x02ab";
        let outcome = decoder.decode(block, |name, value, size| {
            taken.push((name.clone(), value.map(|it| it.as_bytes().to_vec()), size));
        });

        let (x, z) = (Name::of(b"x"), Name::of(b"z"));
        let first = (Name::Malformed, Some(b"y".to_vec()), 34);
        let (second, third) = ((x, None, 35), (z, Some(b"z".to_vec()), 34));
        let last = (Name::Malformed, Some(b"ab".to_vec()), 35);
        let expected = [&first, &second, &third, &first, &second, &third, &last];
        assert!(outcome.is_ok_and(|unpacked| !unpacked.is_unchanged));
        assert!(taken.iter().eq(expected), "{taken:?}");
    }

    #[test]
    fn a_long_buffer_is_freed() {
        let long = [&b"\x00\x01a\xff\xc1\x3d"[..], &[0; 8_000]].concat();
        assert_eq!(verdict(&long), Ok(true));
        assert!(BUFFER.take().capacity() <= KEPT);
        assert_eq!(verdict(b"\x00\x01a\x82\x64\x02"), Ok(true));
        assert!(BUFFER.take().capacity() > 0);
    }
}

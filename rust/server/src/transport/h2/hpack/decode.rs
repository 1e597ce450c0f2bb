//! Unpacks the headers that a client sends (RFC 7541 §3 and §6).

use std::cell::Cell;
use std::ops::Range;

use http::header::HeaderValue;

use super::entry::{Entry, Name};
use super::table::{LIMIT, Table};
use super::{Broken, huffman, integer};

/// A longer buffer is given back rather than kept for the next block.
const KEPT: usize = 4 * 1024;

/// `:path` written out, by its place in the static table (§6.2.2, §6.2.3).
const NOT_INDEXED_PATH: u8 = 0x04;
const NEVER_INDEXED_PATH: u8 = 0x14;

thread_local! {
    /// Where texts in the Huffman code are unpacked: one for all connections of a thread, so that
    /// none holds memory while it waits.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// What was found out about a block.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::transport::h2) struct Unpacked {
    /// Whether the table is as it was, so that the same bytes mean the same again.
    pub(in crate::transport::h2) is_unchanged: bool,
    /// Where in the block `:path` is written out, if it is, and in no table.
    pub(in crate::transport::h2) path: Option<Range<usize>>,
}

/// Reads a `:path` that is written out, in no table and by its name's place in the static one: what
/// `read` makes of it. None if `written` is anything else, or more.
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

/// Keeps the table of what one client has said.
#[derive(Default)]
pub(in crate::transport::h2) struct Decoder {
    table: Table,
}

impl Decoder {
    /// Unpacks a whole block and hands its headers over in their order: name, value (`None` if it
    /// holds bytes that no value may have), and size in bytes as `SETTINGS_MAX_HEADER_LIST_SIZE`
    /// counts it (RFC 9113 §6.5.2). A block of a few bytes may stand for very many of them.
    ///
    /// # Errors
    ///
    /// [`Broken`]; the headers before the error have been handed over.
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
                // Also what must never be put in a table: nothing is sent on from here.
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

    /// Obeys what a block begins with if the client has changed the size of its table (§6.3).
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

    /// A header whose value is written out, and its name too unless that has an index (§6.2).
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

/// A block of headers that is being read.
struct Block<'a> {
    rest: &'a [u8],
    buffer: Vec<u8>,
}

impl Block<'_> {
    fn integer(&mut self, bits: u32) -> Result<u32, Broken> {
        integer::read(&mut self.rest, bits)
    }

    /// The next string (§5.2), which is valid until the one after it is read.
    fn string(&mut self) -> Result<&[u8], Broken> {
        let is_huffman = self.rest.first().is_some_and(|first| first & 0x80 != 0);
        let length = self.integer(7)? as usize;
        let text = self.rest.split_off(..length).ok_or(Broken)?;
        if !is_huffman {
            return Ok(text);
        }
        self.buffer.clear();
        huffman::decode(text, &mut self.buffer)?;
        Ok(&self.buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<bool, Broken> {
        decoder.decode(block, |_, _, _| {}).map(|unpacked| unpacked.is_unchanged)
    }

    #[test]
    fn a_path_that_is_in_no_table_is_found_where_it_stands() {
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

    /// What a decoder that has read `x: y` into its table says of `block`.
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
    fn an_index_that_stands_for_nothing_breaks_the_block() {
        for block in [&b"\x80"[..], b"\xbf", b"\xff\x80\x01", b"\x7f\x00\x00", b"\x0f\x30\x00"] {
            assert_eq!(verdict(block), Err(Broken), "{block:?}");
        }
    }

    #[test]
    fn a_block_that_is_cut_off_or_whose_numbers_are_too_large_is_broken() {
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
    fn a_string_whose_huffman_code_is_wrong_breaks_the_block() {
        for block in [&b"\x00\x01a\x81\xff"[..], b"\x00\x81\x00\x00", b"\x04\x84\xff\xff\xff\xff"] {
            assert_eq!(verdict(block), Err(Broken), "{block:?}");
        }
    }

    #[test]
    fn the_size_of_the_table_changes_at_the_start_and_up_to_what_we_announce() {
        for block in [&b"\x82\x20"[..], b"\x40\x01a\x00\x3f\xe1\x1f", b"\x3f\xe2\x1f", b"\x20\xbe"]
        {
            assert_eq!(verdict(block), Err(Broken), "{block:?}");
        }
        assert_eq!(verdict(b"\x3f\xe1\x1f\x21\x22\x3f\xe1\x1f\x82"), Ok(false));
    }

    #[test]
    fn what_is_malformed_is_handed_over_and_keeps_its_place_in_the_table() {
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
    fn a_long_buffer_is_not_kept() {
        let long = [&b"\x00\x01a\xff\xc1\x3d"[..], &[0; 8_000]].concat();
        assert_eq!(verdict(&long), Ok(true));
        assert!(BUFFER.take().capacity() <= KEPT);
        assert_eq!(verdict(b"\x00\x01a\x82\x64\x02"), Ok(true));
        assert!(BUFFER.take().capacity() > 0);
    }
}

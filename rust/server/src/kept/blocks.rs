//! Finds the whole blocks in what was written, whatever became of the rest.

use std::io::{self, Read};

use memchr::memmem;

use super::format::{HEAD_BYTES, Head, MARKER_BYTES, Marker, SUM_BYTES, is_whole};

/// How much is read at a time; in tests so little that blocks are read in parts.
const READ_BYTES: usize = if cfg!(test) { 1000 } else { 128 * 1024 };

/// A block that is as it was written.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) sequence: u32,
    pub(super) items: u32,
    pub(super) body: Vec<u8>,
}

/// The blocks of a source, and the bytes that were read ahead.
pub(super) struct Blocks<'a, R> {
    source: &'a mut R,
    bytes: Vec<u8>,
    /// What was passed of them.
    passed: usize,
    /// All bytes read so far.
    pub(super) read: u64,
    /// Why nothing more can be read.
    pub(super) error: Option<io::Error>,
    has_ended: bool,
}

impl<'a, R: Read> Blocks<'a, R> {
    pub(super) fn new(source: &'a mut R) -> Self {
        Self { source, bytes: Vec::new(), passed: 0, read: 0, error: None, has_ended: false }
    }

    /// The next `wanted` bytes, or fewer if that is all; they are passed.
    pub(super) fn take(&mut self, wanted: usize) -> Vec<u8> {
        self.fill(wanted);
        let bytes = self.rest();
        let taken = bytes[..wanted.min(bytes.len())].to_vec();
        self.passed += taken.len();
        taken
    }

    /// The next whole block.
    pub(super) fn next(&mut self, marker: &Marker) -> Option<Block> {
        loop {
            if let Some(block) = self.whole(marker) {
                return Some(block);
            }
            if !self.find(marker) {
                return None;
            }
        }
    }

    /// The block that starts here, if it is whole; it is passed.
    fn whole(&mut self, marker: &Marker) -> Option<Block> {
        self.fill(HEAD_BYTES);
        let Head { sequence, items, bytes } = Head::read(marker, self.rest())?;
        let body = usize::try_from(bytes).ok()?;
        let all = HEAD_BYTES + body + SUM_BYTES;
        self.fill(all);
        let block = self.rest().get(..all).filter(|block| is_whole(block))?;
        let body = block[HEAD_BYTES..HEAD_BYTES + body].to_vec();
        self.passed += all;
        Some(Block { sequence, items, body })
    }

    /// Passes the bytes up to the next marker after the first byte; whether there is one.
    fn find(&mut self, marker: &Marker) -> bool {
        self.passed = (self.passed + 1).min(self.bytes.len());
        loop {
            if let Some(at) = memmem::find(self.rest(), marker) {
                self.passed += at;
                return true;
            }
            // The start of one may be at the end of what was read.
            self.passed = self.passed.max((self.bytes.len() + 1).saturating_sub(MARKER_BYTES));
            if !self.fill(self.rest().len() + 1) {
                return false;
            }
        }
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.passed..]
    }

    /// Reads until `wanted` bytes are there; whether they are.
    fn fill(&mut self, wanted: usize) -> bool {
        while self.rest().len() < wanted && !self.has_ended {
            self.bytes.drain(..self.passed);
            self.passed = 0;
            self.read_more();
        }
        self.rest().len() >= wanted
    }

    fn read_more(&mut self) {
        let before = self.bytes.len();
        self.bytes.resize(before + READ_BYTES, 0);
        let read = match self.source.read(&mut self.bytes[before..]) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                self.bytes.truncate(before);
                return;
            }
            Err(error) => {
                self.error = Some(error);
                0
            }
        };
        self.bytes.truncate(before + read);
        self.read += read as u64;
        self.has_ended = read == 0;
    }
}

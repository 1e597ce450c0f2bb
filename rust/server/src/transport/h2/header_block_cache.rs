//! What blocks of headers have meant before.
//!
//! A channel of gRPC sends the same few blocks over and over, and a client of HTTP sends
//! blocks that differ in the path alone. As long as the table stays as it is, the same
//! bytes mean the same.

use std::ops::Range;
use std::rc::Rc;

use super::hpack;
use super::request::Request;
use crate::front::client::Client;

/// The longest block that is remembered, in bytes.
const LONGEST: usize = 1024;
/// The most headers of one that is: a short block may stand for very many.
const HEADERS: usize = 32;
/// How many are, for each connection.
const REMEMBERED: usize = 3;

/// The last blocks of a connection.
#[derive(Debug, Default)]
pub(super) struct HeaderBlockCache(Vec<Known>);

#[derive(Debug)]
struct Known {
    block: Vec<u8>,
    /// Where in it the path is written out, if it is.
    path: Option<Range<usize>>,
    request: Rc<Request>,
}

impl HeaderBlockCache {
    /// What a block means, if one like it was kept.
    pub(super) fn get(&mut self, block: &[u8], client: &Client) -> Option<Rc<Request>> {
        if block.len() > LONGEST {
            return None;
        }
        self.0.iter_mut().find_map(|known| known.get(block, client))
    }

    /// Keeps what a block means, which has its path written out there.
    pub(super) fn insert(
        &mut self,
        block: &[u8],
        path: Option<Range<usize>>,
        request: &Rc<Request>,
    ) {
        if block.len() > LONGEST || request.parts.headers.len() > HEADERS {
            return;
        }
        if self.0.len() == REMEMBERED {
            self.0.remove(0);
        }
        self.0.push(Known { block: block.to_vec(), path, request: request.clone() });
    }

    /// Forgets all: the table has changed.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

impl Known {
    fn get(&mut self, block: &[u8], client: &Client) -> Option<Rc<Request>> {
        if self.block == block || self.change_path(block, client).is_some() {
            return Some(self.request.clone());
        }
        None
    }

    /// Makes it what `block` means, if that differs in the path alone.
    fn change_path(&mut self, block: &[u8], client: &Client) -> Option<()> {
        let path = self.path.as_mut()?;
        let rest = block.strip_prefix(&self.block[..path.start])?;
        let behind = self.block.len() - path.end;
        let length = rest.len().checked_sub(behind)?;
        if rest[length..] != self.block[path.end..] {
            return None;
        }
        let request = &mut self.request;
        hpack::path(&rest[..length], |path| {
            // One that still waits for its answer keeps its own.
            Rc::make_mut(request).set_path(path, client)
        })?;
        path.end = path.start + length;
        self.block.clear();
        self.block.extend_from_slice(block);
        Some(())
    }
}

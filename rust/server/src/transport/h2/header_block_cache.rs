//! Caches decoded header blocks.
//!
//! A gRPC channel sends the same few blocks over and over, and an HTTP client sends blocks that
//! differ only in the path. As long as the dynamic table is unchanged, the same bytes decode to the
//! same headers.

use std::ops::Range;
use std::rc::Rc;

use super::hpack;
use super::request::Request;
use crate::front::client::Client;

/// The longest block that is cached, in bytes.
const LONGEST: usize = 1024;
/// The most headers in a cached block: a short block can expand to very many.
const HEADERS: usize = 32;
/// How many blocks are cached per connection.
const REMEMBERED: usize = 3;

/// The most recent blocks of a connection.
#[derive(Default)]
pub(super) struct HeaderBlockCache(Vec<Known>);

struct Known {
    block: Vec<u8>,
    /// Where in it the literal path is, if it has one.
    path: Option<Range<usize>>,
    request: Rc<Request>,
}

impl HeaderBlockCache {
    /// The request that `block` decodes to, if it is cached.
    pub(super) fn get(&mut self, block: &[u8], client: &Client) -> Option<Rc<Request>> {
        if block.len() > LONGEST {
            return None;
        }
        self.0.iter_mut().find_map(|known| known.get(block, client))
    }

    /// Caches a block; `path` is where its literal path is.
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

    /// Clears the cache, since the dynamic table has changed.
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

    /// Changes the entry to `block`, if they differ only in the path.
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
            // A request in progress keeps its own path.
            Rc::make_mut(request).set_path(path, client)
        })?;
        path.end = path.start + length;
        self.block.clear();
        self.block.extend_from_slice(block);
        Some(())
    }
}

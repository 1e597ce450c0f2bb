//! What blocks of headers have meant before.

use std::rc::Rc;

use super::request::{Request, Route};

/// The longest block of headers that is remembered, in bytes.
const LONGEST: usize = 1024;
/// How many are, for each connection.
const REMEMBERED: usize = 3;

/// What the last blocks of headers meant. A channel of gRPC sends the same few over and over, and as
/// long as the table stays as it is, the same bytes mean the same.
#[derive(Debug, Default)]
pub(super) struct Memory(Vec<(Vec<u8>, Rc<Request>)>);

impl Memory {
    /// What a block meant before.
    pub(super) fn recall(&self, block: &[u8]) -> Option<Rc<Request>> {
        let known = self.0.iter().find(|(known, _)| known == block);
        known.map(|(_, request)| request.clone())
    }

    /// Keeps what a block means, if it is likely to come again.
    pub(super) fn keep(&mut self, block: &[u8], request: &Rc<Request>) {
        if block.len() > LONGEST || request.route != Route::Grpc {
            return;
        }
        if self.0.len() == REMEMBERED {
            self.0.remove(0);
        }
        self.0.push((block.to_vec(), request.clone()));
    }

    /// Forgets all: the table has changed.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

//! The status of a limit, as header fields that are encoded once.

use crate::plan::{Exceeded, Limit};

/// The status of a limit, encoded.
pub(super) struct EncodedStatus {
    pub(super) limit: Limit,
    pub(super) value: u64,
    /// Header fields that use no dynamic table.
    pub(super) fields: Box<[u8]>,
}

impl EncodedStatus {
    pub(super) fn is_of(&self, met: Exceeded) -> bool {
        self.limit == met.limit && self.value == met.value
    }
}

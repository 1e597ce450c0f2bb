//! Reading messages of the published types.

use attimo_engine::{Ttl, work_of};
use bytes::Buf;
use prost::Message;

use crate::error::{Error, Result};
use crate::steps::Steps;

/// Reads a message, which is short.
///
/// # Errors
///
/// [`Error::Malformed`].
pub(super) fn decoded<M: Message + Default>(message: &[u8]) -> Result<M> {
    read(message)
}

/// Reads a message of any length.
///
/// # Errors
///
/// [`Error::Malformed`].
pub(super) fn long_decoded<M: Message + Default>(message: &[u8], steps: &Steps<'_>) -> Result<M> {
    read(InSteps { rest: message, steps })
}

fn read<M: Message + Default>(message: impl Buf) -> Result<M> {
    M::decode(message).map_err(|_| Error::Malformed("the message is not valid protobuf"))
}

/// Bytes that are read in steps.
struct InSteps<'a> {
    rest: &'a [u8],
    steps: &'a Steps<'a>,
}

impl Buf for InSteps<'_> {
    fn remaining(&self) -> usize {
        self.rest.len()
    }

    fn chunk(&self) -> &[u8] {
        self.rest
    }

    fn advance(&mut self, bytes: usize) {
        self.steps.work(work_of(bytes) / 2);
        self.rest.advance(bytes);
    }
}

/// A lifetime as the wire has it.
///
/// # Errors
///
/// [`Error::Malformed`] for none.
pub(super) fn ttl(milliseconds: u64) -> Result<Ttl> {
    if milliseconds == 0 {
        return Err(Error::Malformed("ttl_milliseconds must be more than 0"));
    }
    Ok(Ttl(milliseconds))
}

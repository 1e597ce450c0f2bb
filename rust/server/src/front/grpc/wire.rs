//! Reading messages of the published types.

use attimo_engine::Ttl;
use prost::Message;

use crate::error::{Error, Result};

/// Reads a message.
///
/// # Errors
///
/// [`Error::Malformed`].
pub(super) fn decoded<M: Message + Default>(message: &[u8]) -> Result<M> {
    M::decode(message).map_err(|_| Error::Malformed("the message is not valid protobuf"))
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

//! The five bytes before each gRPC message: a compression flag and a length.

use bytes::{Buf, Bytes};

use crate::error::{Error, Result};
use crate::limits::REQUEST_BYTES;

/// How many bytes stand before a message.
pub(super) const PREFIX: usize = 5;

/// The one message in `body`.
///
/// # Errors
///
/// [`Error::RequestTooLarge`], [`Error::Compressed`], or [`Error::Malformed`] if the length does
/// not fit the body.
pub(super) fn message(mut body: Bytes) -> Result<Bytes> {
    if body.len() < PREFIX {
        return Err(Error::Malformed("the gRPC message has no length"));
    }
    let flag = body.get_u8();
    let length = body.get_u32() as usize;
    if length > REQUEST_BYTES {
        return Err(Error::RequestTooLarge);
    }
    if flag != 0 {
        return Err(Error::Compressed);
    }
    if length != body.len() {
        return Err(Error::Malformed("the gRPC message is not as long as it says"));
    }
    Ok(body)
}

/// The prefix of a message of `length` bytes.
pub(super) fn prefix(length: usize) -> [u8; PREFIX] {
    let length = u32::try_from(length).expect("no reply is larger than the requests that wrote it");
    let [a, b, c, d] = length.to_be_bytes();
    [0, a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_what_follows_the_prefix() {
        assert_eq!(message(Bytes::from_static(b"\0\0\0\0\x02hi")).unwrap(), "hi");
    }

    #[test]
    fn a_length_that_does_not_fit_is_refused() {
        for body in [&b""[..], b"\0\0\0", b"\0\0\0\0\x03hi", b"\0\0\0\0\x01hi"] {
            assert!(matches!(message(Bytes::from_static(body)), Err(Error::Malformed(_))));
        }
    }

    #[test]
    fn a_message_over_the_limit_is_named_so_whatever_arrived() {
        assert_eq!(message(Bytes::from_static(b"\0\xff\0\0\0")), Err(Error::RequestTooLarge));
    }

    #[test]
    fn a_compressed_message_is_refused() {
        assert_eq!(message(Bytes::from_static(b"\x01\0\0\0\0")), Err(Error::Compressed));
    }
}

//! HPACK: header compression for HTTP/2 (RFC 7541).
//!
//! The encoder and the decoder of each direction keep identical dynamic tables. So a header block
//! must be decoded to its end, whatever it contains, or the tables get out of step and no later
//! block can be decoded. Other modules validate the headers.

mod decode;
mod encode;
mod entry;
mod huffman;
mod integer;
mod static_table;
mod table;
#[cfg(test)]
mod tests;

pub(super) use self::decode::{Decoder, Unpacked, path};
pub(super) use self::encode::Encoder;
pub(super) use self::entry::Name;

/// A header block that cannot be decoded: the tables are out of step, and the connection must end
/// with `COMPRESSION_ERROR` (RFC 9113 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

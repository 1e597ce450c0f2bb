//! HPACK: how HTTP/2 packs headers (RFC 7541).
//!
//! Each side of a connection keeps a table of headers that it has sent, and the
//! other side keeps the same one. So a block of headers must be unpacked to its
//! end whatever it says, or the two tables part and nothing later can be read.
//! What a header says is judged elsewhere.

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
#[cfg(test)]
pub(super) use self::encode::SHARED;
pub(super) use self::encode::{Encoder, Shared};
pub(super) use self::entry::Name;

/// A block that cannot be unpacked: the tables have parted, and the connection must end with
/// `COMPRESSION_ERROR` (RFC 9113 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

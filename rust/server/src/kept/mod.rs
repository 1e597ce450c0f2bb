//! Kept items: what a server writes when it stops, and the next one reads before it serves.
//!
//! The written form is a header and blocks, each with a checksum, the caches of its items and the
//! items. Each block can be read without the others, so a cut or damaged file loses only those that
//! are not whole. It is written and read in one pass, so a socket can take the place of the file.
//! Which file that is, and when, is decided by the caller.

mod blocks;
mod format;
mod items;
mod loading;
mod saving;
#[cfg(test)]
mod tests;

pub(crate) use items::Items;
pub use loading::{LoadError, Loaded};
pub use saving::Saved;

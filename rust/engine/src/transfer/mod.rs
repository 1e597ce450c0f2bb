//! Transfer: gives all items away as bytes, and takes them in another process.
//!
//! An item is written with its key, its remaining time, its content and what eviction knows of it.
//! Its hash is not, since every engine has another seed.

mod export;
mod import;
mod wire;

pub use export::{Export, Outgoing};
pub use import::{Imported, Incoming};

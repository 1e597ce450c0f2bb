//! The storage engine: keys, values, TTLs and eviction, in memory.
//!
//! The engine does no I/O, starts no thread and reads no clock: the time is an argument of every
//! call. So it is a pure function of its inputs, and `tests/model` can compare it with plain maps.
//!
//! An [`Engine`] is shared by all network threads. [`Engine::run`] runs one [`Command`] under the
//! lock of the shard of its key. Reads never return expired items; [`Engine::sweep`] frees their
//! memory and must be called regularly.

mod budget;
mod cache;
mod cache_map;
mod caches;
mod collections;
mod command;
pub mod commands;
mod draft;
mod engine;
#[cfg(test)]
mod engine_tests;
mod error;
mod eviction;
mod fairness;
mod few;
mod freeing;
mod garbage;
mod hashing;
mod header;
mod held;
mod key_value;
mod limits;
mod listing;
mod log;
mod measure;
mod namespace;
mod pace;
mod place;
mod prefetch;
mod quota;
mod random;
mod reclaim;
mod record;
mod remains;
mod run;
mod search;
mod shard;
mod size;
mod stored;
mod sweep;
mod table;
mod time;
mod transfer;
mod value;
mod value_slab;

pub use collections::{
    CollectionTtl, Element, Elements, End, Members, Order, Pairs, Ranked, RankedMember, Slice,
};
pub use command::{Command, Space};
pub use engine::{Config, Engine};
pub use error::Error;
pub use hashing::Hashing;
pub use key_value::KeyValue;
pub use limits::Limits;
pub use listing::{Listed, Page, PageLimits, Position, Selection};
pub use measure::{CHUNK_BYTES, ID_BYTES, Looked, Received, SCORE_BYTES, chunks};
pub use namespace::Namespace;
pub use pace::{Pace, Unpaced, work_of};
pub use place::Place;
pub use prefetch::PREFETCHED;
pub use quota::{Quota, QuotaUse};
pub use shard::Swept;
pub use size::of_heap as allocated_bytes;
pub use stored::{Stored, Totals};
pub use time::{Moment, Ttl};
pub use transfer::{Export, Imported, Incoming, Outgoing};
pub use value::{Found, ItemType, LARGE_VALUE_BYTES, NewValue, ValueHash};

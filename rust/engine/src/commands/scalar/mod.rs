//! Commands on single values, and on items of any type.

mod conditional;
mod hash;
mod increment;
mod item;
mod plain;

pub use conditional::{Condition, SetIf};
pub use hash::{GetWithHash, HashCondition, SetIfHash};
pub use increment::Increment;
pub(crate) use increment::add;
pub use item::{Delete, ItemGetTtl, ItemGetType, KeyExists, TtlChange, TtlChanged, UpdateTtl};
pub use plain::{Get, Set};

//! The commands, one module per data type.

pub mod collection;
pub mod dictionary;
pub mod leaderboard;
pub mod list;
pub mod scalar;
pub mod set;
pub mod sorted_set;

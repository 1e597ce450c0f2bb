//! What can be asked, one module a data type.

pub mod collection;
pub mod dictionary;
pub mod leaderboard;
pub mod list;
pub mod scalar;
pub mod set;
pub mod sorted_set;

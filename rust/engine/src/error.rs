//! What a command can refuse.

use crate::ItemType;

/// Why a command was refused; the item is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The key holds another type of item than the command is for.
    #[error(
        "The stored type for this key is not compatible with this operation: \
         the key holds {found}, not {wanted}"
    )]
    WrongType {
        /// What the key holds.
        found: ItemType,
        /// What the command is for.
        wanted: ItemType,
    },
    /// The value is not a whole number in decimal text that fits an `i64`.
    #[error("failed to parse value into an integer: the value is not a whole number of 64 bits")]
    NotANumber,
    /// The sum does not fit an `i64`.
    #[error("the sum does not fit a 64-bit whole number")]
    Overflow,
    /// A score is NaN, or is infinite on a leaderboard.
    #[error("a score must be a number, and on a leaderboard a finite one")]
    NotAScore,
    /// Key and content together would be more than an item may have.
    #[error("the item size would be over the limit of {limit} bytes")]
    ItemTooLarge {
        /// What it may have.
        limit: u64,
    },
    /// An element is more than an element of a collection may have.
    #[error("the element size is over the limit of {limit} bytes")]
    ElementTooLarge {
        /// What it may have.
        limit: u64,
    },
}

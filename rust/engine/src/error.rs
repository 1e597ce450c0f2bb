//! The errors of commands.

use crate::ItemType;

/// Why a command failed; the item is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The key holds an item of another type than the command requires.
    #[error(
        "The stored type for this key is not compatible with this operation: \
         the key holds {found}, not {wanted}"
    )]
    WrongType {
        /// The type of the item.
        found: ItemType,
        /// The type that the command requires.
        wanted: ItemType,
    },
    /// The value is not a whole number in decimal text that fits an `i64`.
    #[error("failed to parse value into an integer: the value is not a whole number of 64 bits")]
    NotANumber,
    /// The sum does not fit into an `i64`.
    #[error("the sum does not fit a 64-bit whole number")]
    Overflow,
    /// A score is NaN, or is infinite in a leaderboard.
    #[error("a score must be a number, and on a leaderboard a finite one")]
    NotAScore,
    /// Others changed the item all the while that the command worked on it.
    #[error("other clients kept changing the item during the operation; nothing was changed")]
    Contended,
    /// The memory for large operations is in use, or too small for this one.
    #[error("there is no memory left for the operation; nothing was changed")]
    NoMemory,
    /// Key and content together exceed the limit of an item.
    #[error("the item size would be over the limit of {limit} bytes")]
    ItemTooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// An element exceeds the limit of an element.
    #[error("the element size is over the limit of {limit} bytes")]
    ElementTooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
}

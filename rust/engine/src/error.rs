//! What a command can refuse.

/// Why a command was refused; the item is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The key holds another type of item than the command is for.
    #[error("the key holds another type of item")]
    WrongType,
    /// The value is not a whole number in decimal text that fits an `i64`.
    #[error("the value is not a whole number")]
    NotANumber,
    /// The sum does not fit an `i64`.
    #[error("the sum does not fit a 64-bit whole number")]
    Overflow,
}

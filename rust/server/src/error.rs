//! Every way in which a request can fail, before a front gives it words.

use crate::limits::REQUEST_BYTES;

/// What went wrong with one request. Each front's `status.rs` turns it into that protocol's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// The request cannot be understood; the text names the field.
    #[error("{0}")]
    Malformed(&'static str),
    /// The request is larger than [`REQUEST_BYTES`].
    #[error("the request limit of {REQUEST_BYTES} bytes is exceeded")]
    RequestTooLarge,
    /// The reply would be larger than any client takes; the text holds the words that clients know.
    #[error("the request limit is exceeded: the reply would have more than {0} bytes")]
    ReplyTooLarge(usize),
    /// Nobody we know sent this; the text says what is wrong with the token and never holds it.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The caller is known, but may not do this; the text says what is not allowed.
    #[error("Insufficient permissions: {0}")]
    Denied(&'static str),
    /// The caller's account has no cache of that name.
    #[error("Cache Not Found: the account has no cache of that name")]
    NoSuchCache,
    /// Nothing answers at this path.
    #[error("{0} is not implemented")]
    Unimplemented(String),
    /// The message is compressed, which we did not offer.
    #[error("compressed messages are not supported: send identity encoding")]
    Compressed,
    /// The control plane does not answer.
    #[error("the control plane does not answer; try again")]
    Unavailable,
    /// A mistake of ours; the log tells where.
    #[error("the server made a mistake; its log says which")]
    Internal,
    /// The engine refused the command; the item is as it was.
    #[error(transparent)]
    Engine(#[from] attimo_engine::Error),
}

/// The result of anything a request asks for.
pub(crate) type Result<T> = std::result::Result<T, Error>;

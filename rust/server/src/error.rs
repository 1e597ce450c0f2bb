//! Every way in which a request can fail, before a front gives it words.

use std::borrow::Cow;

use crate::limits::{
    HEADER_BYTES, REQUEST_BYTES, STALLED, TOPIC_MESSAGE_BYTES, UNAUTHENTICATED_BYTES,
};
use crate::plan::Exceeded;

/// What went wrong with one request. `front/cause.rs` says how each protocol tells it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// The request cannot be understood; the text names the field.
    #[error("{0}")]
    Malformed(&'static str),
    /// As `Malformed`, where the text has to be made.
    #[error("{0}")]
    Invalid(String),
    /// The request is larger than [`REQUEST_BYTES`].
    #[error("the request limit of {REQUEST_BYTES} bytes is exceeded")]
    RequestTooLarge,
    /// The headers of the request are larger than [`HEADER_BYTES`].
    #[error("the headers are over the limit of {HEADER_BYTES} bytes")]
    HeadersTooLarge,
    /// `RequestTooLarge` for an unauthenticated client, whose limit is lower.
    #[error(
        "without a valid token, the request limit of {UNAUTHENTICATED_BYTES} bytes is exceeded"
    )]
    UnauthenticatedTooLarge,
    /// The reply would be larger than any client takes; the text holds the words that clients know.
    #[error("the request limit is exceeded: the reply would have more than {0} bytes")]
    ReplyTooLarge(usize),
    /// A message to a topic is larger than [`TOPIC_MESSAGE_BYTES`].
    #[error(
        "the request limit of {TOPIC_MESSAGE_BYTES} bytes for a message to a topic is exceeded"
    )]
    MessageTooLarge,
    /// The server stops, and its subscriptions end.
    #[error("the server stops: subscribe again")]
    Stopping,
    /// The client of a subscription reads nothing.
    #[error("nothing of the subscription was read for {} seconds: subscribe again", STALLED.as_secs())]
    NotRead,
    /// The body of the request did not arrive in its time.
    #[error("the body of the request took too long")]
    TooSlow,
    /// The server, or this connection, has as much under way as it can take.
    #[error("{0}")]
    Overloaded(Overload),
    /// A limit of the account's plan is met.
    #[error("{0}")]
    Limited(Exceeded),
    /// No credential came with the request, and this needs one; the text says how to send it.
    #[error("{0}")]
    NoToken(&'static str),
    /// Nobody we know sent this; the text says what is wrong with the token and never holds it.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The caller is known, but may not do this; the text says what is not allowed.
    #[error("Insufficient permissions: {0}")]
    Denied(Cow<'static, str>),
    /// The caller is known, but the operator has suspended its account.
    #[error("Account suspended: this server's operator has suspended the account; ask them")]
    Suspended,
    /// The caller's account has no cache of that name.
    #[error("Cache not found: the account has no cache of that name")]
    NoSuchCache,
    /// Nothing answers at this path.
    #[error("{0} is not implemented")]
    Unimplemented(String),
    /// A stream of HTTP/2 is asked for, for another protocol than the WebSocket.
    #[error("`:protocol` must be websocket")]
    UnknownProtocol,
    /// The listener is not for this; the text says for what it is not.
    #[error("{0} is not offered at this address")]
    NotOffered(&'static str),
    /// The body is declared to be of another kind than can be read here; the text says of which.
    #[error("{0}")]
    MediaType(&'static str),
    /// The message is compressed, which we did not offer.
    #[error("compressed messages are not supported: send identity encoding")]
    Compressed,
    /// The control plane does not answer.
    #[error("the control plane does not answer; try again")]
    Unavailable,
    /// The request is served again: once the store that was asked has answered or, since it takes
    /// long, in steps. No client hears of this.
    #[error("the request is not served yet")]
    Waiting,
    /// The store does not answer.
    #[error("the store does not answer; a write may have been done")]
    NoBackend,
    /// Others have always written in between.
    #[error("others write this item all the time; try again")]
    Contended,
    /// The store that this server is set to has no such command.
    #[error("this server's backend does not support collections and listings")]
    NotInBackend,
    /// The process may open no more files.
    #[error("the server has no file handles left; try again")]
    NoHandles,
    /// An internal error; the log has the details.
    #[error("internal server error; see the server log")]
    Internal,
    /// The engine refused the command; the item is as it was.
    #[error(transparent)]
    Engine(#[from] attimo_engine::Error),
}

/// Of what there is too much for now; the texts hold the words that clients know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Overload {
    /// Bodies that are half here, answers that are half gone.
    #[error("throughput: too many bytes are in flight on this server; try again")]
    Bytes,
    /// Requests that wait for the control plane.
    #[error("too many operations are waiting for the control plane; try again")]
    Control,
    /// Requests without a token that wait for the control plane.
    #[error("too many operations of unknown callers are waiting for the control plane; try again")]
    Unknown,
    /// Unauthenticated requests on one connection.
    #[error("too many operations of an unknown caller are in flight on this connection")]
    Unauthenticated,
}

macro_rules! error_kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// What kind of error a request ended with, as charts tell errors apart.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum ErrorKind { $($(#[$doc])* $kind,)* }

        /// The names of the kinds, in the order of [`ErrorKind`].
        pub const ERROR_KINDS: [&str; [$($name),*].len()] = [$($name),*];
    };
}

error_kinds! {
    /// The request cannot be understood.
    Invalid = "invalid_argument",
    /// The item is not such that the command can work on it.
    Precondition = "failed_precondition",
    /// The caller may not do this.
    Denied = "permission_denied",
    /// There is no such cache or method here.
    NotFound = "not_found",
    /// The request, its reply, an item or an element is over a limit of sizes.
    TooLarge = "too_large",
    /// A limit of the account's plan is met.
    RateLimited = "rate_limited",
    /// The server has too much to do; the same request may succeed later.
    Overloaded = "overloaded",
    /// The operator has something to repair.
    Failed = "server_error",
}

impl Error {
    /// What kind of error it is.
    pub(crate) fn kind(&self) -> ErrorKind {
        use attimo_engine::Error as Engine;
        match self {
            Error::Malformed(_)
            | Error::Invalid(_)
            | Error::MediaType(_)
            | Error::Compressed
            | Error::TooSlow
            | Error::Engine(Engine::NotAScore) => ErrorKind::Invalid,
            Error::Engine(Engine::WrongType { .. } | Engine::NotANumber | Engine::Overflow) => {
                ErrorKind::Precondition
            }
            Error::NoToken(_) | Error::Unauthenticated(_) | Error::Denied(_) | Error::Suspended => {
                ErrorKind::Denied
            }
            Error::NoSuchCache
            | Error::Unimplemented(_)
            | Error::NotOffered(_)
            | Error::UnknownProtocol
            | Error::NotInBackend => ErrorKind::NotFound,
            Error::RequestTooLarge
            | Error::HeadersTooLarge
            | Error::UnauthenticatedTooLarge
            | Error::ReplyTooLarge(_)
            | Error::MessageTooLarge
            | Error::Engine(Engine::ItemTooLarge { .. } | Engine::ElementTooLarge { .. }) => {
                ErrorKind::TooLarge
            }
            Error::Limited(_) => ErrorKind::RateLimited,
            Error::Overloaded(_)
            | Error::Contended
            | Error::NoHandles
            | Error::Stopping
            | Error::NotRead
            | Error::Waiting
            | Error::Engine(Engine::Contended | Engine::NoMemory) => ErrorKind::Overloaded,
            Error::Unavailable | Error::NoBackend | Error::Internal => ErrorKind::Failed,
        }
    }

    /// A refusal whose text is always the same.
    pub(crate) const fn denied(text: &'static str) -> Self {
        Error::Denied(Cow::Borrowed(text))
    }
}

/// The result of anything a request asks for.
pub(crate) type Result<T> = std::result::Result<T, Error>;

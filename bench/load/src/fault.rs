//! Why a run has no result.

use std::{fmt, io};

use crate::tally::Outcome;

/// A run that cannot go on.
#[derive(Debug)]
pub enum Fault {
    /// The socket failed.
    Io(io::Error),
    /// The server closed the connection.
    Closed,
    /// The server said what its protocol does not allow.
    Protocol(&'static str),
    /// HTTP/2's GOAWAY, with its error code.
    GoAway(u32),
    /// The server's limit is below what the run needs.
    Limit(&'static str, u32),
    /// TLS could not be agreed on.
    Tls(rustls::Error),
    /// An answer was not the right one.
    Answer(Outcome),
    /// Nothing came back for too long; this many operations were in flight.
    Silence(u64),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Closed => write!(f, "the server closed the connection"),
            Self::Protocol(what) => write!(f, "not the protocol: {what}"),
            Self::GoAway(code) => write!(f, "the server said GOAWAY {code}"),
            Self::Limit(what, limit) => write!(f, "the server allows only {limit} {what}"),
            Self::Tls(error) => write!(f, "TLS: {error}"),
            Self::Answer(outcome) => write!(f, "not the right answer: {outcome:?}"),
            Self::Silence(count) => write!(f, "no answer for 10 s, {count} in flight"),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<rustls::Error> for Fault {
    fn from(error: rustls::Error) -> Self {
        Self::Tls(error)
    }
}

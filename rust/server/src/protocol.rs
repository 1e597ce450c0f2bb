//! The protocols that a listener can offer.

use std::str::FromStr;

/// A protocol that a listener offers or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Protocol {
    /// gRPC over HTTP/2.
    Grpc = 1,
    /// gRPC as web pages speak it.
    Web = 2,
    /// The HTTP API: data, control, and what the two below are about.
    Http = 4,
    /// Only health checks and metrics.
    Health = 8,
    /// Only the challenges of certificate authorities; other requests are redirected to TLS.
    Acme = 16,
}

/// An unknown protocol name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no protocol")]
pub struct NoProtocol(String);

impl FromStr for Protocol {
    type Err = NoProtocol;

    fn from_str(word: &str) -> Result<Self, NoProtocol> {
        Ok(match word {
            "grpc" => Protocol::Grpc,
            "web" => Protocol::Web,
            "http" => Protocol::Http,
            "health" => Protocol::Health,
            "acme" => Protocol::Acme,
            _ => return Err(NoProtocol(word.to_owned())),
        })
    }
}

/// What one listener offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocols(u8);

impl FromIterator<Protocol> for Protocols {
    fn from_iter<T: IntoIterator<Item = Protocol>>(all: T) -> Self {
        Protocols(all.into_iter().fold(0, |bits, protocol| bits | protocol as u8))
    }
}

impl Protocols {
    /// Whether `protocol` is among them.
    pub fn contains(self, protocol: Protocol) -> bool {
        self.0 & protocol as u8 != 0
    }

    /// Whether this is all that is offered.
    pub(crate) fn is_only(self, protocol: Protocol) -> bool {
        self.0 == protocol as u8
    }

    /// What TLS tells a client that it may speak, the best first.
    pub(crate) fn alpn(self) -> Vec<Vec<u8>> {
        let mut names = vec![b"h2".to_vec()];
        if !self.is_only(Protocol::Grpc) {
            names.push(b"http/1.1".to_vec());
        }
        names
    }
}

//! What options choose between.

use clap::ValueEnum;

/// What a server speaks.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Protocol {
    /// Momento's gRPC over HTTP/2, in plaintext with prior knowledge.
    Grpc,
    /// The HTTP API over HTTP/1.1.
    Http1,
    /// The HTTP API over HTTP/2, in plaintext with prior knowledge.
    Http2,
    /// The text protocol of memcached.
    Memcache,
    /// The protocol of Redis and Valkey.
    Resp,
    /// A subscription to a topic as server-sent events, over HTTP/1.1.
    Events,
}

impl Protocol {
    /// What TLS calls it, if it has a name there.
    pub fn alpn(self) -> Option<&'static [u8]> {
        match self {
            Protocol::Grpc | Protocol::Http2 => Some(b"h2"),
            Protocol::Http1 | Protocol::Events => Some(b"http/1.1"),
            Protocol::Memcache | Protocol::Resp => None,
        }
    }
}

/// Which key is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// A few keys are asked for most, as in most caches.
    Zipf,
    /// Each key as likely as any other.
    Uniform,
    /// From the first to the last, once round: fills a server.
    Each,
}

/// What a Get and a Set are, for each kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// `Get` and `Set` of single values.
    Item,
    /// One field of a dictionary.
    Dictionary,
    /// A pop from, and a push to, the front of a list.
    List,
    /// Whether a set holds an element; adding one.
    Set,
    /// The rank of a value in a sorted set; giving one another score.
    SortedSet,
    /// Ten values of a sorted set by rank.
    Range,
    /// All values of a sorted set.
    Fetch,
    /// A message to a topic (only Sets).
    Publish,
}

impl Work {
    /// How the names of its collections begin: what lies beside each other is told apart by that.
    pub fn letter(self) -> u8 {
        match self {
            Work::Item | Work::Publish => b'k',
            Work::Dictionary => b'd',
            Work::List => b'l',
            Work::Set => b's',
            Work::SortedSet | Work::Range | Work::Fetch => b'z',
        }
    }
}

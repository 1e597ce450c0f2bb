//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

use crate::choices::{Order, Protocol, Work};

/// Drive a cache server from one core and check every answer.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct Options {
    /// The server's address.
    pub address: SocketAddr,
    /// What the server speaks.
    #[arg(long, value_enum)]
    pub protocol: Protocol,
    /// Speak it over TLS 1.3, and trust the authority whose certificate is in this PEM file.
    #[arg(long, value_name = "FILE")]
    pub tls: Option<PathBuf>,
    /// Connections to open.
    #[arg(long, default_value_t = 1)]
    pub connections: usize,
    /// Requests in flight on each connection: streams of HTTP/2, or a pipeline.
    #[arg(long, default_value_t = 1)]
    pub depth: usize,
    /// The share of Gets, from 0 (only Sets) to 1 (only Gets).
    #[arg(long, default_value_t = 1.0)]
    pub reads: f64,
    /// What is done with a key: alone, or as a member of a collection (gRPC and RESP).
    #[arg(long, value_enum, default_value_t = Work::Item)]
    pub work: Work,
    /// How many members a collection has.
    #[arg(long, default_value_t = 100)]
    pub members: u32,
    /// How many keys there are.
    #[arg(long, default_value_t = 1_000_000)]
    pub keys: u32,
    /// Which key is next.
    #[arg(long, value_enum, default_value_t = Order::Zipf)]
    pub order: Order,
    /// How steep the Zipf distribution is.
    #[arg(long, default_value_t = 0.99)]
    pub theta: f64,
    /// Bytes of a value, of which the first 16 are its key.
    #[arg(long, default_value_t = 100)]
    pub value_bytes: usize,
    /// How long a Set lives. Without it: for ever, or an hour where the protocol wants a time.
    #[arg(long)]
    pub ttl_seconds: Option<u32>,
    /// Chooses the random numbers.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// End after this many operations.
    #[arg(long)]
    pub operations: Option<u64>,
    /// End after this time, the warm-up not counted.
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
    /// Drive for this long before anything is counted.
    #[arg(long, default_value_t = 0.0)]
    pub warm_up_seconds: f64,
    /// Operations a second, latency counted from when each was due; without it, as many as
    /// the server can bear.
    #[arg(long)]
    pub rate: Option<f64>,
    /// Drive nothing: let each connection carry so many operations, say how many connections
    /// there are, and keep them until stdin ends.
    #[arg(long, value_name = "OPERATIONS")]
    pub hold: Option<u32>,
    /// Publish to a topic, and count what so many subscribers of it, spread over the connections,
    /// receive: an operation is a message that one of them has received. `depth` is how many
    /// messages are on their way at a time.
    #[arg(long, value_name = "COUNT")]
    pub subscribers: Option<usize>,
    /// The topic's name.
    #[arg(long, default_value = "news")]
    pub topic: String,
    /// Say when all have subscribed, and publish once a line has come on stdin.
    #[arg(long)]
    pub on_cue: bool,
    /// Say what this process, with all its threads, spent meanwhile.
    #[arg(long)]
    pub watch: Option<u32>,
    /// The cache's name (gRPC and HTTP).
    #[arg(long, default_value = "default-cache")]
    pub cache: String,
    /// The token (gRPC and HTTP), taken from the environment to keep it off the process list.
    /// Without one, HTTP/1.1 sends none.
    #[arg(long, env = "ATTIMO_LOAD_TOKEN", default_value = "", hide_env_values = true)]
    pub token: String,
    /// A Get that finds nothing is no fault.
    #[arg(long)]
    pub allow_misses: bool,
}

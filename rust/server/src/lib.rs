//! The data plane: everything between a socket and the engine.
//!
//! A request goes straight down and straight back: a `front` turns its words
//! into a call, the `gate` lets it in and counts it, the `backend` runs it. What
//! is not data is handed to the control plane by `forward`. Each data thread has
//! a runtime of its own and never waits for another.

mod acceptor;
mod backend;
mod clock;
mod control_queue;
mod counter;
mod deadline;
mod directory;
mod error;
mod evictions;
mod forward;
mod front;
mod gate;
mod kept;
mod limits;
mod listener;
mod memory;
mod memory_budget;
mod message;
mod meter;
mod methods;
mod metrics;
mod permissions;
mod plan;
mod process;
mod protocol;
mod read_buffer;
mod retention;
mod server;
mod state;
mod stats;
mod steps;
mod tls;
mod token;
mod topics;
mod transport;
mod worker;

pub use directory::{
    AccountId, AccountLimits, ApiKey, Cache, CacheId, Changes, LearnError, Role, Session,
    TokenHash, UrlKey, Webhook,
};
pub use error::ERROR_KINDS;
pub use front::cause::{CAUSES, Cause};
pub use kept::{LoadError, Loaded, Saved};
pub use limits::limits;
pub use memory::{Allocator, Ceiling, Container};
pub use meter::{COUNT_NAMES, COUNTS, Outcomes, Used};
pub use methods::{Access, Api, DataType, Factor, Lookups, Rights, Route, Service, Verb};
pub use metrics::{Audience, FAMILIES, Family, Kind};
pub use protocol::{NoProtocol, Protocol, Protocols};
pub use retention::Retention;
pub use server::{Config, Listen, Server};
pub use state::CacheStats;
pub use stats::{Event, Level, LimitUse, NoReadiness, PaymentState, Readiness, WebhookFigures};
pub use tls::TlsError;
pub use topics::{TopicBatch, TopicMessage};

/// The engine's own types that a caller needs.
pub use attimo_engine::Namespace;

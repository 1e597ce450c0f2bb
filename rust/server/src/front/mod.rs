//! The fronts: each turns one protocol's words into calls at the gate, and back.

pub(crate) mod admission;
mod authorization;
mod basic;
pub(crate) mod caching;
pub(crate) mod cause;
pub(crate) mod client;
mod cors;
pub(crate) mod dispatch;
pub(crate) mod fault_injection;
pub(crate) mod grpc;
pub(crate) mod host;
pub(crate) mod known;
pub(crate) mod origins;
mod proxies;
mod request_id;
pub(crate) mod rest;
pub(crate) mod streamed;
pub(crate) mod web_socket;

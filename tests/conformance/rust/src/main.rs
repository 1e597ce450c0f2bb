//! Momento's published Rust client against a running Attimo: a module a data type.

mod auth;
mod batch;
mod conditions;
mod control;
mod dictionary;
mod leaderboard;
mod list;
mod proxies;
mod refusal;
mod scalar;
mod scene;
mod set;
mod sorted_set;
mod topics;
mod ttl;
mod union_store;

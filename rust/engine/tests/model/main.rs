//! Compares the engine with plain maps.

mod budget;
mod collections;
mod eviction;
mod fairness;
mod listing;
mod quota;
mod scalar;
mod threads;
mod transfer;

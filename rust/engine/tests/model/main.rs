//! Compares the engine with plain maps.

mod budget;
mod collections;
mod eviction;
mod fairness;
mod listing;
mod scalar;
mod threads;
mod transfer;

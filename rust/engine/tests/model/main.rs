//! Compares the engine with plain maps.

mod budget;
mod collections;
mod eviction;
mod listing;
mod scalar;
mod threads;
mod transfer;

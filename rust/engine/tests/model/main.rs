//! The engine against plain maps.

mod budget;
mod collections;
mod eviction;
mod scalar;
mod threads;

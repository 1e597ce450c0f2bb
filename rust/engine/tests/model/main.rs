//! The engine against plain maps.

mod budget;
mod eviction;
mod scalar;
mod threads;

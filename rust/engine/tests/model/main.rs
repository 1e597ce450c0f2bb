//! The engine against plain maps.

mod budget;
mod scalar;
mod threads;

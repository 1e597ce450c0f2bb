//! What can be asked, one module a data type.

pub mod scalar;

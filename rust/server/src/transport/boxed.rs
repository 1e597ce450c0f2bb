//! Keeps large futures off the stack of the functions that poll them.

use std::pin::Pin;

/// Boxes a future. Not inlined: a large future passes over the stack on its way into the box, and a
/// function that may need one would begin with a frame of that size each time it is polled.
#[inline(never)]
pub(super) fn boxed<F: Future>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::pin(make())
}

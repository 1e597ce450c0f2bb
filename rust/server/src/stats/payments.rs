//! What a provider of payments has been told and what it refuses, as the control plane reports it.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};

/// The state of payments; all zero without a provider.
#[derive(Default)]
pub(crate) struct Payments([AtomicU64; 5]);

/// How many meter events wait, the hour of the oldest of these (0 if there is none), how many
/// accounts have failed to pay, how many events were sent, and how much was refused.
pub type PaymentState = [u64; 5];

impl Payments {
    /// Replaces the state.
    pub(crate) fn note(&self, state: PaymentState) {
        self.0.iter().zip(state).for_each(|(kept, value)| kept.store(value, Ordering::Relaxed));
    }

    /// The state as it was noted last.
    pub(crate) fn read(&self) -> PaymentState {
        array::from_fn(|at| self.0[at].load(Ordering::Relaxed))
    }
}

//! What the plan of an account limits: rates, by token buckets that all data threads share, and the
//! sizes and lifetimes of items.
//!
//! The control plane sends numbers by name (`numbers`); what is absent is unlimited, and an account
//! without numbers has no plan here. A connection's authorization has the limits in force
//! (`applied`), so that a request costs atomic operations only: no lock, no look-up, no clock.

mod account;
mod all;
mod applied;
mod bucket;
mod limit;
mod numbers;
#[cfg(test)]
mod tests;
mod turn;

pub(crate) use self::account::Plan;
pub(crate) use self::all::Plans;
pub(crate) use self::applied::{Applied, end_turn};
pub(crate) use self::limit::{Exceeded, Limit};
pub(crate) use self::numbers::Numbers;
pub(crate) use self::turn::Taken;

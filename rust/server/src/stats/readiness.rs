//! Whether the node should receive requests, as the control plane reports it.

use std::str::FromStr;
use std::sync::atomic::{AtomicU8, Ordering};

/// The state of the control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Readiness {
    /// It is starting.
    Starting = 0,
    /// It works.
    Ready = 1,
    /// The database cannot be written: data is served, nothing can be created, usage waits.
    ReadOnly = 2,
}

/// An unknown name of a state.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not starting, ready or read-only")]
pub struct NoReadiness(String);

impl Readiness {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Readiness::Starting => "starting",
            Readiness::Ready => "ready",
            Readiness::ReadOnly => "read-only",
        }
    }
}

impl FromStr for Readiness {
    type Err = NoReadiness;

    fn from_str(word: &str) -> Result<Self, NoReadiness> {
        let all = [Readiness::Starting, Readiness::Ready, Readiness::ReadOnly];
        let found = all.into_iter().find(|each| each.name() == word);
        found.ok_or_else(|| NoReadiness(word.to_owned()))
    }
}

/// The last state that was set.
#[derive(Default)]
pub(crate) struct Cell(AtomicU8);

impl Cell {
    pub(crate) fn set(&self, readiness: Readiness) {
        self.0.store(readiness as u8, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Readiness {
        match self.0.load(Ordering::Relaxed) {
            1 => Readiness::Ready,
            2 => Readiness::ReadOnly,
            _ => Readiness::Starting,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_state_that_was_set_holds() {
        let cell = Cell::default();
        assert_eq!(cell.get(), Readiness::Starting);
        for word in ["ready", "read-only", "starting"] {
            cell.set(word.parse().unwrap());
            assert_eq!(cell.get().name(), word);
        }
        assert!("well".parse::<Readiness>().is_err());
    }
}

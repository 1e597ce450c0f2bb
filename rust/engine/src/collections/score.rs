//! Scores and their order.

use std::cmp::Ordering;
use std::ops::Bound;

use crate::Error;

/// A score: never NaN, and 0.0 instead of -0.0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Score(f64);

impl Score {
    /// # Errors
    ///
    /// [`Error::NotAScore`] for NaN.
    pub(crate) fn new(score: f64) -> Result<Self, Error> {
        if score.is_nan() { Err(Error::NotAScore) } else { Ok(Self(score + 0.0)) }
    }

    /// Like `new`, but refuses infinity, too.
    pub(crate) fn finite(score: f64) -> Result<Self, Error> {
        if score.is_finite() { Self::new(score) } else { Err(Error::NotAScore) }
    }

    /// Like `new`, with zero for NaN.
    pub(crate) fn or_zero(score: f64) -> Self {
        Self::new(score).unwrap_or(Self(0.0))
    }

    pub(crate) fn bound(bound: Bound<f64>) -> Result<Bound<Self>, Error> {
        Ok(match bound {
            Bound::Included(score) => Bound::Included(Self::new(score)?),
            Bound::Excluded(score) => Bound::Excluded(Self::new(score)?),
            Bound::Unbounded => Bound::Unbounded,
        })
    }

    pub(crate) fn get(self) -> f64 {
        self.0
    }

    #[expect(clippy::cast_possible_truncation, reason = "splits the number into halves")]
    pub(super) fn halves(self) -> [u32; 2] {
        let bits = self.0.to_bits();
        [(bits >> 32) as u32, bits as u32]
    }

    pub(super) fn joined([high, low]: [u32; 2]) -> Self {
        Self(f64::from_bits(u64::from(high) << 32 | u64::from(low)))
    }
}

impl PartialEq for Score {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }

    // Compared as numbers, so that the compiler can vectorize it.
    fn lt(&self, other: &Self) -> bool {
        self.0 < other.0
    }

    fn le(&self, other: &Self) -> bool {
        self.0 <= other.0
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_zero_and_no_nan() {
        assert_eq!(Score::new(-0.0), Score::new(0.0));
        assert!(Score::new(-0.0).unwrap().get().is_sign_positive());
        assert_eq!(Score::new(f64::NAN), Err(Error::NotAScore));
        assert_eq!(Score::finite(f64::NEG_INFINITY), Err(Error::NotAScore));
    }

    #[test]
    fn a_score_is_restored_from_its_halves() {
        for score in [0.0, -1.5, f64::INFINITY, f64::MIN_POSITIVE, 1e300] {
            let score = Score::new(score).unwrap();
            assert_eq!(Score::joined(score.halves()), score);
        }
    }
}

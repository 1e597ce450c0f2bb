//! What a fetch gives back: the collection as it was at that moment.
//!
//! Reading it holds no lock. It should not be kept longer than it takes to
//! copy, for what it shows takes memory that nobody counts any more.

/// Elements of a list, in order, or of a set, in no order that means anything.
#[derive(Debug, Clone)]
pub struct Elements(());

impl Elements {
    /// How many there are.
    pub fn len(&self) -> usize {
        todo!()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let _ = self;
        std::iter::empty()
    }
}

/// Fields of a dictionary and their values, in no order that means anything.
#[derive(Debug, Clone)]
pub struct Pairs(());

impl Pairs {
    /// How many there are.
    pub fn len(&self) -> usize {
        todo!()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them: field, value.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let _ = self;
        std::iter::empty()
    }
}

/// Members of a sorted set and their scores, in the order that was asked for.
#[derive(Debug, Clone)]
pub struct Members(());

impl Members {
    /// How many there are.
    pub fn len(&self) -> usize {
        todo!()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them: value, score.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], f64)> {
        let _ = self;
        std::iter::empty()
    }
}

/// Part of a leaderboard, in the order that was asked for.
#[derive(Debug, Clone)]
pub struct Ranked(());

impl Ranked {
    /// How many members there are in it.
    pub fn len(&self) -> usize {
        todo!()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = RankedMember> {
        let _ = self;
        std::iter::empty()
    }
}

/// One member of a leaderboard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankedMember {
    /// Whom it is about.
    pub id: u32,
    /// How many of the whole board come before it.
    pub rank: usize,
    /// What it is ranked by.
    pub score: f64,
}

//! Commands on leaderboards: ids with scores, ranked.
//!
//! Leaderboards live beside the items of a cache: one may have the name of an
//! item and they never meet. Equal scores are ordered by the ids *as decimal
//! text* (1, 10, 123, 2), as Momento documents it; descending order is the
//! exact reverse. Scores are finite. A board whose last id goes is gone itself.

use crate::{
    Access, CollectionTtl, Command, Error, Order, Place, Ranked, RankedMember, Slice, Space,
};

/// Writes ids with their scores, all of them or none; of two equal ids the
/// later stays.
///
/// # Errors
///
/// [`Error::NotAScore`] for NaN and infinity, and [`Error::ItemTooLarge`].
#[derive(Debug, Clone)]
pub struct Upsert<'a, I> {
    /// The leaderboard.
    pub key: &'a [u8],
    /// Ids and their scores.
    pub elements: I,
    /// How long it lives.
    pub ttl: CollectionTtl,
}

impl<I> Command for Upsert<'_, I>
where
    I: IntoIterator<Item = (u32, f64)> + Clone,
{
    const ACCESS: Access = Access::Write;
    const SPACE: Space = Space::Leaderboards;
    type Reply = ();

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<(), Error> {
        let _ = place;
        todo!()
    }
}

/// Returns the members at these ranks, or `None` if there is no leaderboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetByRank<'a> {
    /// The leaderboard.
    pub key: &'a [u8],
    /// Which ranks, in `order`.
    pub slice: Slice,
    /// How ranks are counted.
    pub order: Order,
}

impl Command for GetByRank<'_> {
    const ACCESS: Access = Access::Read;
    const SPACE: Space = Space::Leaderboards;
    type Reply = Option<Ranked>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Ranked>, Error> {
        let _ = place;
        todo!()
    }
}

/// Returns the members with these scores, or `None` if there is no leaderboard.
///
/// # Errors
///
/// [`Error::NotAScore`] if a bound is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GetByScore<'a> {
    /// The leaderboard.
    pub key: &'a [u8],
    /// The lowest score, or no such limit.
    pub min: Option<f64>,
    /// The first score that is too high, or no such limit.
    pub below: Option<f64>,
    /// How ranks are counted and the members come back.
    pub order: Order,
    /// How many of the first to leave out.
    pub offset: usize,
    /// How many to return at most.
    pub limit: usize,
}

impl Command for GetByScore<'_> {
    const ACCESS: Access = Access::Read;
    const SPACE: Space = Space::Leaderboards;
    type Reply = Option<Ranked>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Ranked>, Error> {
        let _ = place;
        todo!()
    }
}

/// Shows the ids that are on the board to `read`, in the order of `ids`;
/// returns whether there is a leaderboard.
#[derive(Debug, Clone)]
pub struct GetRank<'a, I, F> {
    /// The leaderboard.
    pub key: &'a [u8],
    /// Whose ranks.
    pub ids: I,
    /// How ranks are counted.
    pub order: Order,
    /// What to do with each.
    pub read: F,
}

impl<I, F> Command for GetRank<'_, I, F>
where
    I: IntoIterator<Item = u32> + Clone,
    F: FnMut(RankedMember),
{
    const ACCESS: Access = Access::Read;
    const SPACE: Space = Space::Leaderboards;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        let _ = place;
        todo!()
    }
}

/// As [`GetRank`], but equal scores have one rank: how many scores are better.
#[derive(Debug, Clone)]
pub struct GetCompetitionRank<'a, I, F> {
    /// The leaderboard.
    pub key: &'a [u8],
    /// Whose ranks.
    pub ids: I,
    /// Which scores are better; on the wire, descending is the default here.
    pub order: Order,
    /// What to do with each.
    pub read: F,
}

impl<I, F> Command for GetCompetitionRank<'_, I, F>
where
    I: IntoIterator<Item = u32> + Clone,
    F: FnMut(RankedMember),
{
    const ACCESS: Access = Access::Read;
    const SPACE: Space = Space::Leaderboards;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        let _ = place;
        todo!()
    }
}

/// Removes ids, whether they are there or not; returns whether there was a
/// leaderboard.
#[derive(Debug, Clone)]
pub struct Remove<'a, I> {
    /// The leaderboard.
    pub key: &'a [u8],
    /// What to remove.
    pub ids: I,
}

impl<I> Command for Remove<'_, I>
where
    I: IntoIterator<Item = u32> + Clone,
{
    const ACCESS: Access = Access::Write;
    const SPACE: Space = Space::Leaderboards;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        let _ = place;
        todo!()
    }
}

/// Returns the number of members, or `None` if there is no leaderboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length<'a> {
    /// The leaderboard.
    pub key: &'a [u8],
}

impl Command for Length<'_> {
    const ACCESS: Access = Access::Read;
    const SPACE: Space = Space::Leaderboards;
    type Reply = Option<usize>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<usize>, Error> {
        let _ = place;
        todo!()
    }
}

/// Removes the leaderboard; returns whether there was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delete<'a> {
    /// The leaderboard.
    pub key: &'a [u8],
}

impl Command for Delete<'_> {
    const ACCESS: Access = Access::Write;
    const SPACE: Space = Space::Leaderboards;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        let _ = place;
        todo!()
    }
}

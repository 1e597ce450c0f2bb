//! Commands on leaderboards: ids with scores, ranked.
//!
//! Leaderboards live beside the items of a cache: one may have the name of an
//! item and they never meet. Equal scores are ordered by the ids *as decimal
//! text* (1, 10, 123, 2), as Momento documents it; descending order is the
//! exact reverse. Scores are finite. A board whose last id goes is gone itself.

use std::ops::Bound;

use crate::collections::kinds::Leaderboard;
use crate::collections::page;
use crate::collections::ranking::turned;
use crate::collections::score::Score;
use crate::commands::collection;
use crate::{
    CollectionTtl, Command, Error, ID_BYTES, Looked, Order, Place, Ranked, RankedMember,
    SCORE_BYTES, Slice, Space,
};

/// How many elements a leaderboard has.
pub type Length<'a> = collection::Length<'a, Leaderboard>;
/// Removes a leaderboard.
pub type Delete<'a> = collection::Delete<'a, Leaderboard>;
/// Removes ids of a leaderboard.
pub type Remove<'a, I> = collection::RemoveMembers<'a, Leaderboard, I>;

/// What a member counts for in the size of the board.
const MEMBER_BYTES: u64 = 12;

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
    const WRITES: bool = true;
    const SPACE: Space = Space::Leaderboards;
    type Reply = ();

    fn key(&self) -> &[u8] {
        self.key
    }

    fn bytes_in(&self) -> usize {
        self.key.len() + self.elements.clone().into_iter().count() * (ID_BYTES + SCORE_BYTES)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<(), Error> {
        let hashing = &place.rules().hashing;
        let mut growth = 0;
        for (_, score) in self.elements.clone() {
            Score::finite(score)?;
            growth += MEMBER_BYTES;
        }
        place.extend(self.key, self.ttl, growth, |board: &mut Leaderboard| {
            for (id, score) in self.elements {
                board.put(&id, Score::finite(score)?, hashing);
            }
            Ok(())
        })
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
    const WRITES: bool = false;
    const SPACE: Space = Space::Leaderboards;
    type Reply = Option<Ranked>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &Option<Ranked>) -> Looked {
        Looked::one(reply.as_ref().map(Ranked::bytes))
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Ranked>, Error> {
        place.touch();
        let board = place.collection::<Leaderboard>()?;
        Ok(board.map(|board| Ranked::new(board, self.slice.of(board.len()), self.order)))
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
    const WRITES: bool = false;
    const SPACE: Space = Space::Leaderboards;
    type Reply = Option<Ranked>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &Option<Ranked>) -> Looked {
        Looked::one(reply.as_ref().map(Ranked::bytes))
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Ranked>, Error> {
        place.touch();
        let min = Score::bound(self.min.map_or(Bound::Unbounded, Bound::Included))?;
        let max = Score::bound(self.below.map_or(Bound::Unbounded, Bound::Excluded))?;
        let Some(board) = place.collection::<Leaderboard>()? else { return Ok(None) };
        let ranks = turned(board.between(min, max), board.len(), self.order);
        let ranks = page(ranks, self.offset, self.limit);
        Ok(Some(Ranked::new(board, ranks, self.order)))
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
    const WRITES: bool = false;
    const SPACE: Space = Space::Leaderboards;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn bytes_in(&self) -> usize {
        self.key.len() + self.ids.clone().into_iter().count() * ID_BYTES
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        place.touch();
        let order = self.order;
        show(place, self.ids, self.read, |board, rank, _| {
            turned(rank..rank + 1, board.len(), order).start
        })
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
    const WRITES: bool = false;
    const SPACE: Space = Space::Leaderboards;
    type Reply = bool;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn bytes_in(&self) -> usize {
        self.key.len() + self.ids.clone().into_iter().count() * ID_BYTES
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        place.touch();
        let order = self.order;
        show(place, self.ids, self.read, |board, _, score| {
            let equal = board.between(Bound::Included(score), Bound::Included(score));
            turned(equal, board.len(), order).start
        })
    }
}

/// Shows the ids that are on the board, each with the rank that `rank` gives it.
fn show(
    place: &mut Place<'_>,
    ids: impl IntoIterator<Item = u32>,
    mut read: impl FnMut(RankedMember),
    rank: impl Fn(&Leaderboard, usize, Score) -> usize,
) -> Result<bool, Error> {
    let hashing = &place.rules().hashing;
    let Some(board) = place.collection::<Leaderboard>()? else {
        place.look(Looked::missed(ids.into_iter().count()));
        return Ok(false);
    };
    let mut looked = Looked::default();
    for id in ids {
        let found = board.find(&id, hashing);
        looked += Looked::one(found.map(|_| ID_BYTES + SCORE_BYTES));
        if let Some((position, score)) = found {
            read(RankedMember { id, rank: rank(board, position, score), score: score.get() });
        }
    }
    place.look(looked);
    Ok(true)
}

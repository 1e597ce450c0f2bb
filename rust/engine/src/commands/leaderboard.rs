//! Commands on leaderboards: ids ranked by score.
//!
//! Leaderboards have their own key space: an item of the same name is independent. Equal scores are
//! ordered by id *as decimal text* (1, 10, 123, 2), as Momento documents it; descending order is
//! the exact reverse. Scores are finite. Removing the last id deletes the leaderboard.

use std::ops::Bound;

use crate::collections::kinds::Leaderboard;
use crate::collections::page;
use crate::collections::ranking::turned;
use crate::collections::score::Score;
use crate::commands::collection;
use crate::pace::{self, GLANCE, LOOKUP, RANKING};
use crate::{
    CollectionTtl, Command, Error, ID_BYTES, Looked, Order, Pace, Place, Ranked, RankedMember,
    Received, SCORE_BYTES, Slice, Space,
};

/// How many elements a leaderboard has.
pub type Length<'a> = collection::Length<'a, Leaderboard>;
/// Removes a leaderboard.
pub type Delete<'a> = collection::Delete<'a, Leaderboard>;
/// Removes ids of a leaderboard.
pub type Remove<'a, I> = collection::RemoveMembers<'a, Leaderboard, I>;

/// The contribution of a member to the size of the leaderboard.
const MEMBER_BYTES: u64 = 12;

/// Writes ids with their scores, all or none. If an id is given twice, the last score counts.
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
    /// Its TTL.
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

    fn received(&self, pace: &dyn Pace) -> Received {
        let elements = self.elements.clone().into_iter();
        Received::elements(self.key, elements.map(|_| ID_BYTES + SCORE_BYTES), pace)
    }

    fn work(&self, _: &Place<'_>) -> usize {
        pace::sum(self.elements.clone().into_iter().map(|_| RANKING))
    }

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn apply(self, place: &mut Place<'_>) -> Result<(), Error> {
        let (hashing, steps) = (&place.rules().hashing, place.pace());
        let mut growth = 0;
        for (_, score) in self.elements.clone() {
            steps.work(GLANCE);
            Score::finite(score)?;
            growth += MEMBER_BYTES;
        }
        place.extend(self.key, self.ttl, growth, |board: &mut Leaderboard| {
            for (id, score) in self.elements {
                steps.work(RANKING);
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
    /// The ranks, in `order`.
    pub slice: Slice,
    /// The order of the ranks.
    pub order: Order,
}

impl Command for GetByRank<'_> {
    const WRITES: bool = false;
    const SPACE: Space = Space::Leaderboards;
    type Reply = Option<Ranked>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &Option<Ranked>, pace: &dyn Pace) -> Looked {
        Looked::collection(reply.as_ref().map(Ranked::sizes), pace)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Ranked>, Error> {
        place.touch();
        let board = place.collection::<Leaderboard>()?;
        Ok(board.map(|board| {
            Ranked::new(place.snapshot(board.ranks(self.slice.of(board.len()), self.order)))
        }))
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
    /// The lowest score; `None` for no minimum.
    pub min: Option<f64>,
    /// All scores are below this; `None` for no maximum.
    pub below: Option<f64>,
    /// The order of ranks and members.
    pub order: Order,
    /// How many members to skip.
    pub offset: usize,
    /// How many members to return at most.
    pub limit: usize,
}

impl Command for GetByScore<'_> {
    const WRITES: bool = false;
    const SPACE: Space = Space::Leaderboards;
    type Reply = Option<Ranked>;

    fn key(&self) -> &[u8] {
        self.key
    }

    fn looked(reply: &Option<Ranked>, pace: &dyn Pace) -> Looked {
        Looked::collection(reply.as_ref().map(Ranked::sizes), pace)
    }

    fn apply(self, place: &mut Place<'_>) -> Result<Option<Ranked>, Error> {
        place.touch();
        let min = Score::bound(self.min.map_or(Bound::Unbounded, Bound::Included))?;
        let max = Score::bound(self.below.map_or(Bound::Unbounded, Bound::Excluded))?;
        let Some(board) = place.collection::<Leaderboard>()? else { return Ok(None) };
        let ranks = turned(board.between(min, max), board.len(), self.order);
        let ranks = page(ranks, self.offset, self.limit);
        Ok(Some(Ranked::new(place.snapshot(board.ranks(ranks, self.order)))))
    }
}

/// Passes the ids that are on the leaderboard to `read`, in the order of `ids`; returns whether
/// there is a leaderboard.
#[derive(Debug, Clone)]
pub struct GetRank<'a, I, F> {
    /// The leaderboard.
    pub key: &'a [u8],
    /// The ids.
    pub ids: I,
    /// The order of the ranks.
    pub order: Order,
    /// Receives each member.
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

    fn received(&self, pace: &dyn Pace) -> Received {
        Received::elements(self.key, self.ids.clone().into_iter().map(|_| ID_BYTES), pace)
    }

    fn work(&self, _: &Place<'_>) -> usize {
        pace::sum(self.ids.clone().into_iter().map(|_| LOOKUP))
    }

    fn apply(self, place: &mut Place<'_>) -> Result<bool, Error> {
        place.touch();
        let order = self.order;
        show(place, self.ids, self.read, |board, rank, _| {
            turned(rank..rank + 1, board.len(), order).start
        })
    }
}

/// Like [`GetRank`], but equal scores have the same rank: the number of better scores.
#[derive(Debug, Clone)]
pub struct GetCompetitionRank<'a, I, F> {
    /// The leaderboard.
    pub key: &'a [u8],
    /// The ids.
    pub ids: I,
    /// Which scores are better; on the wire, descending is the default here.
    pub order: Order,
    /// Receives each member.
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

    fn received(&self, pace: &dyn Pace) -> Received {
        Received::elements(self.key, self.ids.clone().into_iter().map(|_| ID_BYTES), pace)
    }

    fn work(&self, _: &Place<'_>) -> usize {
        pace::sum(self.ids.clone().into_iter().map(|_| LOOKUP))
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

/// Passes the ids that are on the leaderboard to `read`, each with its rank by `rank`.
fn show(
    place: &mut Place<'_>,
    ids: impl IntoIterator<Item = u32>,
    mut read: impl FnMut(RankedMember),
    rank: impl Fn(&Leaderboard, usize, Score) -> usize,
) -> Result<bool, Error> {
    let (hashing, steps) = (&place.rules().hashing, place.pace());
    let Some(board) = place.collection::<Leaderboard>()? else {
        place.look(Looked::missed(ids.into_iter().count()));
        return Ok(false);
    };
    let mut looked = Looked::default();
    for id in ids {
        steps.work(LOOKUP);
        let found = board.find(&id, hashing);
        looked += Looked::one(found.map(|_| ID_BYTES + SCORE_BYTES));
        if let Some((position, score)) = found {
            read(RankedMember { id, rank: rank(board, position, score), score: score.get() });
        }
    }
    place.look(looked);
    Ok(true)
}

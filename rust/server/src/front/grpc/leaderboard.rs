//! Leaderboards: one function a method, from message bytes to reply.
//!
//! A leaderboard that is not there is an empty one: nothing here misses.

use attimo_engine::commands::leaderboard::{
    Delete, GetByRank, GetByScore, GetCompetitionRank, GetRank, Length, Remove, Upsert,
};
use attimo_engine::{Order, Ranked, RankedMember, Slice};
use momento_protos::leaderboard as pb;

use super::collection::{count, order};
use super::reply::{Reply, encoded};
use super::wire::{decoded, long_decoded};
use crate::error::{Error, Result};
use crate::gate::{Call, FOREVER, check_number};
use crate::limits::LEADERBOARD_ELEMENTS;

pub(super) fn delete(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::DeleteLeaderboardRequest = decoded(message)?;
    let key = key(&request.leaderboard)?;
    call.run(Delete::new(key))?;
    Ok(Reply::empty())
}

pub(super) fn upsert(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::UpsertElementsRequest = long_decoded(message, call.steps())?;
    let key = key(&request.leaderboard)?;
    check_number(request.elements.len())?;
    let elements = request.elements.iter().map(|element| (element.id, element.score));
    call.run(Upsert { key, elements, ttl: FOREVER })?;
    Ok(Reply::empty())
}

pub(super) fn remove(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::RemoveElementsRequest = long_decoded(message, call.steps())?;
    let key = key(&request.leaderboard)?;
    check_number(request.ids.len())?;
    let ids = request.ids.iter().copied();
    call.run(Remove::new(key, ids))?;
    Ok(Reply::empty())
}

pub(super) fn length(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::GetLeaderboardLengthRequest = decoded(message)?;
    let key = key(&request.leaderboard)?;
    let length = call.run(Length::new(key))?;
    Ok(encoded(&pb::GetLeaderboardLengthResponse { count: count(length.unwrap_or_default()) }))
}

pub(super) fn get_by_rank(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::GetByRankRequest = decoded(message)?;
    let key = key(&request.leaderboard)?;
    let range = request.rank_range.ok_or(Error::Malformed("rank_range is not set"))?;
    let (start, end) = (range.start_inclusive, range.end_exclusive);
    if end <= start {
        return Err(Error::Malformed("rank_range ends before it starts, or is empty"));
    }
    check_number((end - start) as usize)?;
    let slice = Slice { start: Some(start.into()), end: Some(end.into()) };
    let ranked = call.run(GetByRank { key, slice, order: order(request.order) })?;
    Ok(encoded(&pb::GetByRankResponse { elements: elements(ranked) }))
}

pub(super) fn get_by_score(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::score_range::{Max, Min};
    let request: pb::GetByScoreRequest = decoded(message)?;
    let key = key(&request.leaderboard)?;
    let range = request.score_range.unwrap_or_default();
    let min = match range.min {
        Some(Min::MinInclusive(min)) => Some(min),
        Some(Min::UnboundedMin(_)) | None => None,
    };
    let below = match range.max {
        Some(Max::MaxExclusive(max)) => Some(max),
        Some(Max::UnboundedMax(_)) | None => None,
    };
    let (offset, limit) = (request.offset as usize, limit(request.limit_elements)?);
    let order = order(request.order);
    let ranked = call.run(GetByScore { key, min, below, order, offset, limit })?;
    Ok(encoded(&pb::GetByScoreResponse { elements: elements(ranked) }))
}

pub(super) fn get_rank(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::GetRankRequest = long_decoded(message, call.steps())?;
    let key = key(&request.leaderboard)?;
    check_number(request.ids.len())?;
    let (ids, order) = (request.ids.iter().copied(), order(request.order));
    let mut elements = Vec::with_capacity(request.ids.len());
    let read = |member| elements.push(element(member));
    call.run(GetRank { key, ids, order, read })?;
    Ok(encoded(&pb::GetRankResponse { elements }))
}

pub(super) fn get_competition_rank(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::GetCompetitionRankRequest = long_decoded(message, call.steps())?;
    let key = key(&request.leaderboard)?;
    check_number(request.ids.len())?;
    // Here, and only here, the best is the highest unless the request says otherwise.
    let order = request.order.map_or(Order::Descending, order);
    let ids = request.ids.iter().copied();
    let mut elements = Vec::with_capacity(request.ids.len());
    let read = |member| elements.push(element(member));
    call.run(GetCompetitionRank { key, ids, order, read })?;
    Ok(encoded(&pb::GetCompetitionRankResponse { elements }))
}

fn key(leaderboard: &str) -> Result<&[u8]> {
    if leaderboard.is_empty() {
        return Err(Error::Malformed("leaderboard has no name"));
    }
    Ok(leaderboard.as_bytes())
}

fn limit(elements: u32) -> Result<usize> {
    let limit = if elements == 0 { LEADERBOARD_ELEMENTS } else { elements as usize };
    check_number(limit).map(|()| limit)
}

fn elements(ranked: Option<Ranked>) -> Vec<pb::RankedElement> {
    let elements: Vec<_> = ranked.iter().flat_map(Ranked::iter).map(element).collect();
    elements
}

fn element(member: RankedMember) -> pb::RankedElement {
    pb::RankedElement { id: member.id, rank: count(member.rank), score: member.score }
}

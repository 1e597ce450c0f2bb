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
use super::wire::decoded;
use crate::api::Api;
use crate::error::{Error, Result};
use crate::gate::{Call, FOREVER, check_number};
use crate::limits::LEADERBOARD_ELEMENTS;

/// Runs one method, or tells that it is not about leaderboards.
///
/// # Errors
///
/// [`Error::Malformed`], or what the gate and the command document.
pub(super) fn run(call: &mut Call<'_>, api: Api, message: &[u8]) -> Option<Result<Reply>> {
    Some(match api {
        Api::DeleteLeaderboard => delete(call, message),
        Api::UpsertElements => upsert(call, message),
        Api::RemoveElements => remove(call, message),
        Api::GetLeaderboardLength => length(call, message),
        Api::GetByRank => get_by_rank(call, message),
        Api::GetRank => get_rank(call, message),
        Api::GetByScore => get_by_score(call, message),
        Api::GetCompetitionRank => get_competition_rank(call, message),
        _ => return None,
    })
}

fn delete(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::DeleteLeaderboardRequest = decoded(message)?;
    let key = key(&request.leaderboard)?;
    call.run(Delete { key })?;
    Ok(Reply::empty())
}

fn upsert(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::UpsertElementsRequest = decoded(message)?;
    let key = key(&request.leaderboard)?;
    check_number(request.elements.len())?;
    let elements = request.elements.iter().map(|element| (element.id, element.score));
    call.run(Upsert { key, elements, ttl: FOREVER })?;
    Ok(Reply::empty())
}

fn remove(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::RemoveElementsRequest = decoded(message)?;
    let key = key(&request.leaderboard)?;
    check_number(request.ids.len())?;
    let ids = request.ids.iter().copied();
    call.run(Remove { key, ids })?;
    Ok(Reply::empty())
}

fn length(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::GetLeaderboardLengthRequest = decoded(message)?;
    let key = key(&request.leaderboard)?;
    let length = call.run(Length { key })?;
    Ok(encoded(&pb::GetLeaderboardLengthResponse { count: count(length.unwrap_or_default()) }))
}

fn get_by_rank(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
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

fn get_by_score(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
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

fn get_rank(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::GetRankRequest = decoded(message)?;
    let key = key(&request.leaderboard)?;
    check_number(request.ids.len())?;
    let (ids, order) = (request.ids.iter().copied(), order(request.order));
    let mut elements = Vec::with_capacity(request.ids.len());
    let read = |member| elements.push(element(member));
    call.run(GetRank { key, ids, order, read })?;
    Ok(encoded(&pb::GetRankResponse { elements }))
}

fn get_competition_rank(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::GetCompetitionRankRequest = decoded(message)?;
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

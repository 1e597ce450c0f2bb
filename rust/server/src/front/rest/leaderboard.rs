//! Leaderboards: ids with scores, ranked.
//!
//! They are stored beside the items of a cache. A missing one counts as empty: nothing here counts
//! as a miss.

use std::borrow::Cow;

use attimo_engine::commands::leaderboard::{
    Delete, GetByRank, GetByScore, GetCompetitionRank, GetRank, Length, Remove, Upsert,
};
use attimo_engine::{Order, Ranked, RankedMember, Slice};
use serde::{Deserialize, Serialize};

use super::body;
use super::collection;
use super::json::{self, Each};
use super::query::{Query, WHOLE, WHOLE_OF_32};
use super::reply::no_content;
use super::request::{CacheRequest, Handler};
use super::whole::Whole;
use crate::error::{Error, Result};
use crate::gate::{Call, FOREVER, check_number};
use crate::limits::LEADERBOARD_ELEMENTS;
use crate::message::Response;
use crate::methods::Api;

/// The handler of a method; `None` if it is not in this module.
pub(super) fn handler(api: Api) -> Option<Handler> {
    Some(match api {
        Api::DeleteLeaderboard | Api::RemoveElements => delete,
        Api::UpsertElements => upsert,
        Api::GetLeaderboardLength => length,
        Api::GetByRank | Api::GetByScore => fetch,
        Api::GetRank | Api::GetCompetitionRank => ranks,
        _ => return None,
    })
}

#[derive(Serialize)]
struct Elements<T> {
    elements: T,
}

/// One member, as it is written.
#[derive(Serialize)]
struct Member {
    id: u32,
    score: f64,
    rank: usize,
}

impl From<RankedMember> for Member {
    fn from(RankedMember { id, score, rank }: RankedMember) -> Self {
        Member { id, score, rank }
    }
}

/// The members with some ranks, or with some scores.
fn fetch(request: &CacheRequest<'_>) -> Result<Response> {
    let query = &request.query;
    let by_rank = query.has("start") || query.has("end");
    request.run(if by_rank { Api::GetByRank } else { Api::GetByScore }, |call| {
        let ranked = if by_rank { by_ranks(call, query) } else { by_scores(call, query) }?;
        let members = || ranked.iter().flat_map(Ranked::iter);
        json::long_reply(
            &Elements { elements: Each(|| members().map(Member::from)) },
            request.steps,
        )
    })
}

fn by_ranks(call: &mut Call<'_>, query: &Query<'_>) -> Result<Option<Ranked>> {
    if ["min", "max", "offset", "limit"].iter().any(|name| query.has(name)) {
        let both = "choose by rank (start, end) or by score (min, max, offset, limit), not by both";
        return Err(Error::Malformed(both));
    }
    let key = &*name(query)?;
    let position = |name| query.parsed::<u32>(name, WHOLE_OF_32);
    let (start, end) = (position("start")?.unwrap_or(0), position("end")?);
    let end = end.ok_or(Error::Malformed("end is missing"))?;
    if end <= start {
        return Err(Error::Malformed("end must be more than start"));
    }
    check_number((end - start) as usize)?;
    let slice = Slice { start: Some(start.into()), end: Some(end.into()) };
    let order = query.order()?.unwrap_or_default();
    call.run(GetByRank { key, slice, order })
}

fn by_scores(call: &mut Call<'_>, query: &Query<'_>) -> Result<Option<Ranked>> {
    let key = &*name(query)?;
    let (min, below) = (query.score("min")?, query.score("max")?);
    let number = |name| query.parsed::<usize>(name, WHOLE);
    let (offset, limit) = (number("offset")?.unwrap_or(0), number("limit")?);
    let limit = limit.unwrap_or(LEADERBOARD_ELEMENTS);
    check_number(limit)?;
    let order = query.order()?.unwrap_or_default();
    call.run(GetByScore { key, min, below, order, offset, limit })
}

/// Writes members with their scores, all of them or none.
fn upsert(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Given {
        elements: Vec<Scored>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Scored {
        id: Whole<u32>,
        score: f64,
    }
    request.run(Api::UpsertElements, |call| {
        let key = &*name(&request.query)?;
        let Given { elements } = body::read(request.json()?, request.steps)?;
        check_number(elements.len())?;
        let elements = elements.iter().map(|element| (element.id.0, element.score));
        call.run(Upsert { key, elements, ttl: FOREVER })?;
        Ok(no_content())
    })
}

/// Removes the members that the query names, or all of it.
fn delete(request: &CacheRequest<'_>) -> Result<Response> {
    let some = request.query.has("id");
    request.run(if some { Api::RemoveElements } else { Api::DeleteLeaderboard }, |call| {
        request.query.only(&["key", "id"])?;
        let key = &*name(&request.query)?;
        if some {
            let ids = ids(&request.query)?;
            call.run(Remove::new(key, ids.iter().copied()))?;
        } else {
            call.run(Delete::new(key))?;
        }
        Ok(no_content())
    })
}

/// How many members there are.
fn length(request: &CacheRequest<'_>) -> Result<Response> {
    request.run(Api::GetLeaderboardLength, |call| {
        let key = &*name(&request.query)?;
        collection::length(call.run(Length::new(key))?.unwrap_or_default())
    })
}

/// The ranks of the members that the query names, as far as they are there.
fn ranks(request: &CacheRequest<'_>) -> Result<Response> {
    let equal_share = request.query.flag("competition", false);
    let api = if equal_share == Ok(true) { Api::GetCompetitionRank } else { Api::GetRank };
    request.run(api, |call| {
        equal_share?;
        let (key, ids) = (&*name(&request.query)?, &ids(&request.query)?);
        let order = request.query.order()?;
        let mut elements = Vec::with_capacity(ids.len());
        let read = |member| elements.push(Member::from(member));
        if api == Api::GetCompetitionRank {
            // Here, and only here, the best is the highest unless the request says otherwise.
            let order = order.unwrap_or(Order::Descending);
            let ids = ids.iter().copied();
            call.run(GetCompetitionRank { key, ids, order, read })?;
        } else {
            let (ids, order) = (ids.iter().copied(), order.unwrap_or_default());
            call.run(GetRank { key, ids, order, read })?;
        }
        json::long_reply(&Elements { elements }, request.steps)
    })
}

/// The name of the leaderboard, which is text in every protocol.
fn name<'a>(query: &Query<'a>) -> Result<Cow<'a, [u8]>> {
    let name = query.element("key")?;
    if name.is_empty() || str::from_utf8(&name).is_err() {
        return Err(Error::Malformed("key must be the name of a leaderboard: text, and not empty"));
    }
    Ok(name)
}

fn ids(query: &Query<'_>) -> Result<Vec<u32>> {
    let id = |text: Cow<'_, [u8]>| str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
    let ids: Option<Vec<u32>> = query.some_elements("id")?.into_iter().map(id).collect();
    let ids = ids.ok_or(Error::Malformed("id must be a whole number from 0 to 4294967295"))?;
    check_number(ids.len()).map(|()| ids)
}

//! Sorted sets: values with scores, in the order of the scores.

use std::ops::Bound;

use attimo_engine::Members;
use attimo_engine::commands::sorted_set::{
    Aggregate, Delete, FetchByIndex, FetchByScore, GetRank, GetScore, Increment, Length,
    LengthByScore, Put, Remove,
};
use serde::{Deserialize, Serialize};

use super::body;
use super::collection::{self, length_found, slices};
use super::json::{self, Each, Element, Score, Shown};
use super::query::{Query, WHOLE};
use super::reply::no_content;
use super::request::{CacheRequest, Handler};
use super::status;
use crate::error::{Error, Result};
use crate::gate::Call;
use crate::message::Response;
use crate::methods::Api;

/// The handler of a method; `None` if it is not in this module.
pub(super) fn handler(api: Api) -> Option<Handler> {
    Some(match api {
        Api::SortedSetPut => put,
        Api::SortedSetFetch => fetch,
        Api::SortedSetGetScore => scores,
        Api::SortedSetRemove => delete,
        Api::SortedSetIncrement => increment,
        Api::SortedSetGetRank => rank,
        Api::SortedSetLength | Api::SortedSetLengthByScore => length,
        Api::SortedSetUnionStore => union,
        _ => return None,
    })
}

/// What chooses members by their scores, and by their ranks.
const BY_SCORE: [&str; 6] = ["min", "max", "min_exclusive", "max_exclusive", "offset", "count"];
const BY_RANK: [&str; 2] = ["start", "end"];

#[derive(Serialize)]
struct Elements<T> {
    elements: T,
}

/// The members with some ranks, or with some scores.
fn fetch(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Serialize)]
    struct Member<'a> {
        value: Shown<'a>,
        score: Score,
    }
    request.run(Api::SortedSetFetch, |call| {
        let encoding = request.query.encoding()?;
        if request.is_head && !BY_SCORE.iter().chain(&BY_RANK).any(|name| request.query.has(name)) {
            request.query.order()?;
            let key = &*request.query.element("key")?;
            return Ok(collection::head(call.run(Length::new(key))?));
        }
        let Some(members) = members(call, &request.query)? else {
            return Ok(status::key_not_found());
        };
        let member = |(value, score)| Member { value: encoding.show(value), score: Score(score) };
        json::long_reply(&Elements { elements: Each(|| members.iter().map(member)) }, request.steps)
    })
}

fn members(call: &mut Call<'_>, query: &Query<'_>) -> Result<Option<Members>> {
    let (key, order) = (&*query.element("key")?, query.order()?.unwrap_or_default());
    if !BY_SCORE.iter().any(|name| query.has(name)) {
        return call.run(FetchByIndex { key, slice: query.slice()?, order });
    }
    if BY_RANK.iter().any(|name| query.has(name)) {
        let both = "choose by rank (start, end) or by score (min, max, offset, count), not by both";
        return Err(Error::Malformed(both));
    }
    let (min, max) = bounds(query)?;
    let offset = query.parsed("offset", WHOLE)?.unwrap_or_default();
    let count = query.parsed("count", WHOLE)?;
    call.run(FetchByScore { key, min, max, order, offset, count })
}

fn bounds(query: &Query<'_>) -> Result<(Bound<f64>, Bound<f64>)> {
    let min = bound(query.score("min")?, query.flag("min_exclusive", false)?);
    let max = bound(query.score("max")?, query.flag("max_exclusive", false)?);
    Ok((min, max))
}

fn bound(score: Option<f64>, is_exclusive: bool) -> Bound<f64> {
    match score {
        Some(score) if is_exclusive => Bound::Excluded(score),
        Some(score) => Bound::Included(score),
        None => Bound::Unbounded,
    }
}

/// Writes members with their scores; the others stay.
fn put(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Given<'a> {
        #[serde(borrow)]
        elements: Vec<Member<'a>>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Member<'a> {
        #[serde(borrow)]
        value: Element<'a>,
        score: Score,
    }
    request.run(Api::SortedSetPut, |call| {
        let (key, ttl) = (&*request.query.element("key")?, request.query.collection_ttl()?);
        let given: Given<'_> = body::read(request.json()?, request.steps)?;
        let elements = given.elements.iter().map(|member| (&*member.value, member.score.0));
        call.run(Put { key, elements, ttl })?;
        Ok(no_content())
    })
}

/// Removes the members that the query names, or all of it.
fn delete(request: &CacheRequest<'_>) -> Result<Response> {
    request.run(Api::SortedSetRemove, |call| {
        request.query.only(&["key", "value"])?;
        let key = &*request.query.element("key")?;
        if request.query.has("value") {
            let values = request.query.some_elements("value")?;
            let values = slices(&values);
            call.run(Remove::new(key, values))?;
        } else {
            call.run(Delete::new(key))?;
        }
        Ok(no_content())
    })
}

/// The scores of the members that the query names.
fn scores(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Serialize)]
    struct Member<'a> {
        value: Shown<'a>,
        found: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        score: Option<Score>,
    }
    request.run(Api::SortedSetGetScore, |call| {
        let (key, encoding) = (&*request.query.element("key")?, request.query.encoding()?);
        let values = request.query.some_elements("value")?;
        let mut scores = Vec::with_capacity(values.len());
        let read = |score: Option<f64>| scores.push(score);
        if !call.run(GetScore { key, values: slices(&values), read })? {
            return Ok(status::key_not_found());
        }
        let member = |(value, score): (_, &Option<f64>)| Member {
            value: encoding.show(value),
            found: score.is_some(),
            score: score.map(Score),
        };
        json::long_reply(
            &Elements { elements: Each(|| slices(&values).zip(&scores).map(member)) },
            request.steps,
        )
    })
}

/// How many members come before one.
fn rank(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Serialize)]
    struct Rank {
        rank: usize,
    }
    request.run(Api::SortedSetGetRank, |call| {
        let (key, value) = (&*request.query.element("key")?, &*request.query.element("value")?);
        let order = request.query.order()?.unwrap_or_default();
        let rank = call.run(GetRank { key, value, order })?;
        rank.map_or_else(|| Ok(status::key_not_found()), |rank| json::reply(&Rank { rank }))
    })
}

/// How many members there are, or how many with some scores.
fn length(request: &CacheRequest<'_>) -> Result<Response> {
    let some = BY_SCORE[..4].iter().any(|name| request.query.has(name));
    request.run(if some { Api::SortedSetLengthByScore } else { Api::SortedSetLength }, |call| {
        let key = &*request.query.element("key")?;
        let length = if some {
            let (min, max) = bounds(&request.query)?;
            call.run(LengthByScore { key, min, max })?
        } else {
            call.run(Length::new(key))?
        };
        length_found(length)
    })
}

/// Adds to the score of a member.
fn increment(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Serialize)]
    struct Sum {
        score: Score,
    }
    request.run(Api::SortedSetIncrement, |call| {
        let (key, value) = (&*request.query.element("key")?, &*request.query.element("value")?);
        let amount = request.query.score("amount")?.unwrap_or(1.0);
        let ttl = request.query.collection_ttl()?;
        let score = call.run(Increment { key, value, amount, ttl })?;
        json::reply(&Sum { score: Score(score) })
    })
}

/// Stores the union of sorted sets at the key, replacing what is there.
fn union(request: &CacheRequest<'_>) -> Result<Response> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Given<'a> {
        #[serde(borrow)]
        sources: Vec<Source<'a>>,
        #[serde(default)]
        aggregate: By,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Source<'a> {
        #[serde(borrow)]
        key: Element<'a>,
        weight: Option<f32>,
    }
    request.run(Api::SortedSetUnionStore, |call| {
        let (key, ttl) = (&*request.query.element("key")?, request.query.ttl()?);
        let Given { sources, aggregate } = body::read(request.json()?, request.steps)?;
        let aggregate = match aggregate {
            By::Sum => Aggregate::Sum,
            By::Min => Aggregate::Min,
            By::Max => Aggregate::Max,
        };
        if !sources.iter().all(|source| source.weight.unwrap_or_default().is_finite()) {
            return Err(Error::Malformed("a weight in sources is too large: it must be finite"));
        }
        let sources = sources.iter().map(|source| (&*source.key, source.weight.unwrap_or(1.0)));
        collection::length(call.union(key, sources, aggregate, ttl)?)
    })
}

/// How the scores of one value are aggregated.
#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum By {
    #[default]
    Sum,
    Min,
    Max,
}

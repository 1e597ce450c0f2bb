//! Sorted sets: one function a method, from message bytes to reply.

use std::ops::Bound;

use attimo_engine::Slice;
use attimo_engine::commands::sorted_set::{
    Aggregate, Delete, FetchByIndex, FetchByScore, GetRank, GetScore, Increment, Length,
    LengthByScore, Put, Remove,
};
use momento_protos::cache_client as pb;

use super::collection::{collection_ttl, count, order, slice, slices};
use super::elements::{ElementsRequest, key, member};
use super::reply::{Reply, encoded, found_members, missing, rank_miss};
use super::wire::{decoded, long_decoded, ttl};
use crate::error::{Error, Result};
use crate::gate::Call;

pub(super) fn put(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request = ElementsRequest::of(message, call.steps(), member)?;
    let (key, elements, ttl) = (request.key, request.elements(), request.ttl()?);
    call.run(Put { key, elements, ttl })?;
    Ok(Reply::empty())
}

pub(super) fn fetch(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::sorted_set_fetch_request::Range;
    let request: pb::SortedSetFetchRequest = decoded(message)?;
    let (key, order) = (&request.set_name, order(request.order));
    let members = match &request.range {
        Some(Range::ByIndex(by)) => {
            call.run(FetchByIndex { key, slice: index_slice(by), order })?
        }
        Some(Range::ByScore(by)) => {
            let (min, max) = score_bounds(by);
            let (offset, count) = (by.offset as usize, usize::try_from(by.count).ok());
            call.run(FetchByScore { key, min, max, order, offset, count })?
        }
        None => call.run(FetchByIndex { key, slice: Slice::default(), order })?,
    };
    let Some(members) = members else {
        return Ok(missing());
    };
    found_members(&members, request.with_scores, call.steps())
}

fn index_slice(by: &pb::sorted_set_fetch_request::ByIndex) -> Slice {
    use pb::sorted_set_fetch_request::by_index::{End, Start};
    let start = match by.start {
        Some(Start::InclusiveStartIndex(start)) => Some(start),
        Some(Start::UnboundedStart(_)) | None => None,
    };
    let end = match by.end {
        Some(End::ExclusiveEndIndex(end)) => Some(end),
        Some(End::UnboundedEnd(_)) | None => None,
    };
    slice(start, end)
}

fn score_bounds(by: &pb::sorted_set_fetch_request::ByScore) -> (Bound<f64>, Bound<f64>) {
    use pb::sorted_set_fetch_request::by_score::{Max, Min, Score};
    let bound = |score: &Score| {
        if score.exclusive { Bound::Excluded(score.score) } else { Bound::Included(score.score) }
    };
    let min = match &by.min {
        Some(Min::MinScore(score)) => bound(score),
        Some(Min::UnboundedMin(_)) | None => Bound::Unbounded,
    };
    let max = match &by.max {
        Some(Max::MaxScore(score)) => bound(score),
        Some(Max::UnboundedMax(_)) | None => Bound::Unbounded,
    };
    (min, max)
}

pub(super) fn get_score(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::sorted_set_get_score_response::{
        SortedSet, SortedSetFound, SortedSetGetScoreResponsePart as Part,
    };
    let request = ElementsRequest::of_bytes(message, call.steps())?;
    let (key, values) = (request.key, request.elements());
    let mut elements = Vec::with_capacity(values.len());
    let read = |score: Option<f64>| {
        let result = if score.is_some() { pb::ECacheResult::Hit } else { pb::ECacheResult::Miss };
        elements.push(Part { result: result.into(), score: score.unwrap_or_default() });
    };
    if !call.run(GetScore { key, values, read })? {
        return Ok(missing());
    }
    let sorted_set = Some(SortedSet::Found(SortedSetFound { elements }));
    Ok(encoded(&pb::SortedSetGetScoreResponse { sorted_set }))
}

pub(super) fn remove(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::sorted_set_remove_request::RemoveElements;
    let request: pb::SortedSetRemoveRequest = long_decoded(message, call.steps())?;
    let key = &request.set_name;
    match &request.remove_elements {
        Some(RemoveElements::Some(some)) => {
            let values = slices(&some.values);
            call.run(Remove::new(key, values))?;
        }
        Some(RemoveElements::All(_)) => {
            call.run(Delete::new(key))?;
        }
        None => return Err(Error::Malformed("remove_elements is not set")),
    }
    Ok(Reply::empty())
}

pub(super) fn increment(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::SortedSetIncrementRequest = decoded(message)?;
    let ttl = collection_ttl(request.ttl_milliseconds, request.refresh_ttl)?;
    let (key, value, amount) = (&request.set_name, &request.value, request.amount);
    let score = call.run(Increment { key, value, amount, ttl })?;
    Ok(encoded(&pb::SortedSetIncrementResponse { score }))
}

pub(super) fn get_rank(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::sorted_set_get_rank_response::{Rank, RankResponsePart};
    let request = ElementsRequest::of_bytes(message, call.steps())?;
    let (key, value, order) = (request.key, request.element(), request.order());
    let rank = call.run(GetRank { key, value, order })?;
    let Some(rank) = rank else { return Ok(rank_miss()) };
    let part = RankResponsePart { result: pb::ECacheResult::Hit.into(), rank: rank as u64 };
    Ok(encoded(&pb::SortedSetGetRankResponse { rank: Some(Rank::ElementRank(part)) }))
}

pub(super) fn length(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let length = call.run(Length::new(key(message)?))?;
    Ok(length_reply(length))
}

pub(super) fn length_by_score(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::sorted_set_length_by_score_request::{Max, Min};
    let request: pb::SortedSetLengthByScoreRequest = decoded(message)?;
    let min = match request.min {
        Some(Min::InclusiveMin(min)) => Bound::Included(min),
        Some(Min::ExclusiveMin(min)) => Bound::Excluded(min),
        Some(Min::UnboundedMin(_)) | None => Bound::Unbounded,
    };
    let max = match request.max {
        Some(Max::InclusiveMax(max)) => Bound::Included(max),
        Some(Max::ExclusiveMax(max)) => Bound::Excluded(max),
        Some(Max::UnboundedMax(_)) | None => Bound::Unbounded,
    };
    let key = &request.set_name;
    let length = call.run(LengthByScore { key, min, max })?;
    Ok(length_reply(length))
}

fn length_reply(length: Option<usize>) -> Reply {
    use pb::sorted_set_length_response::{Found, SortedSet};
    let Some(length) = length else { return missing() };
    let sorted_set = Some(SortedSet::Found(Found { length: count(length) }));
    encoded(&pb::SortedSetLengthResponse { sorted_set })
}

pub(super) fn union_store(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::sorted_set_union_store_request::AggregateFunction;
    let request: pb::SortedSetUnionStoreRequest = long_decoded(message, call.steps())?;
    let aggregate = match request.aggregate() {
        AggregateFunction::Sum => Aggregate::Sum,
        AggregateFunction::Min => Aggregate::Min,
        AggregateFunction::Max => Aggregate::Max,
    };
    let sources = request.sources.iter().map(|source| (&source.set_name[..], source.weight));
    let ttl = ttl(request.ttl_milliseconds)?;
    let length = call.union(&request.set_name, sources, aggregate, ttl)?;
    Ok(encoded(&pb::SortedSetUnionStoreResponse { length: count(length) }))
}

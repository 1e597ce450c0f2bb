//! Lists: one function a method, from message bytes to reply.

use std::iter;

use attimo_engine::commands::list::{Delete, Erase, Fetch, Length, Pop, Push, RemoveValue, Retain};
use attimo_engine::{CollectionTtl, End, Ttl};
use momento_protos::cache_client as pb;
use prost::Message;

use super::collection::{collection_ttl, count, slice};
use super::elements::{ElementsRequest, key};
use super::reply::{Reply, encoded, found_elements, missing};
use super::wire::{decoded, long_decoded};
use crate::error::{Error, Result};
use crate::gate::Call;

pub(super) fn push_front(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let list_length = push(call, message, End::Front)?;
    Ok(encoded(&pb::ListPushFrontResponse { list_length }))
}

pub(super) fn push_back(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let list_length = push(call, message, End::Back)?;
    Ok(encoded(&pb::ListPushBackResponse { list_length }))
}

/// Pushes one value: if the request has several, the last counts.
fn push(call: &mut Call<'_>, message: &[u8], at: End) -> Result<u32> {
    let request = ElementsRequest::of_bytes(message, call.steps())?;
    push_all(call, &request, at, iter::once(request.element()))
}

pub(super) fn concatenate_front(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let list_length = concatenate(call, message, End::Front)?;
    Ok(encoded(&pb::ListConcatenateFrontResponse { list_length }))
}

pub(super) fn concatenate_back(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let list_length = concatenate(call, message, End::Back)?;
    Ok(encoded(&pb::ListConcatenateBackResponse { list_length }))
}

fn concatenate(call: &mut Call<'_>, message: &[u8], at: End) -> Result<u32> {
    let request = ElementsRequest::of_bytes(message, call.steps())?;
    push_all(call, &request, at, request.elements())
}

fn push_all<'m>(
    call: &mut Call<'_>,
    request: &ElementsRequest<'m, &'m [u8]>,
    at: End,
    values: impl Iterator<Item = &'m [u8]> + Clone,
) -> Result<u32> {
    let (key, ttl, truncate) = (request.key, request.ttl()?, request.truncate());
    Ok(count(call.run(Push { key, at, values, truncate, ttl })?))
}

pub(super) fn pop_front(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::list_pop_front_response::{Found, List};
    pop(call, message, End::Front, |front, list_length| pb::ListPopFrontResponse {
        list: Some(List::Found(Found { front, list_length })),
    })
}

pub(super) fn pop_back(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::list_pop_back_response::{Found, List};
    pop(call, message, End::Back, |back, list_length| pb::ListPopBackResponse {
        list: Some(List::Found(Found { back, list_length })),
    })
}

fn pop<M: Message>(
    call: &mut Call<'_>,
    message: &[u8],
    at: End,
    found: impl FnOnce(Vec<u8>, u32) -> M,
) -> Result<Reply> {
    let Some((value, left)) = call.run(Pop { key: key(message)?, at })? else {
        return Ok(missing());
    };
    Ok(encoded(&found(value.to_vec(), count(left))))
}

pub(super) fn fetch(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::list_fetch_request::{EndIndex, StartIndex};
    let request: pb::ListFetchRequest = decoded(message)?;
    let start = match request.start_index {
        Some(StartIndex::InclusiveStart(start)) => Some(start),
        Some(StartIndex::UnboundedStart(_)) | None => None,
    };
    let end = match request.end_index {
        Some(EndIndex::ExclusiveEnd(end)) => Some(end),
        Some(EndIndex::UnboundedEnd(_)) | None => None,
    };
    let key = &request.list_name;
    let values = call.run(Fetch { key, slice: slice(start, end) })?;
    // Of an empty part the official clients expect to hear that it is missing.
    let Some(values) = values.filter(|values| !values.is_empty()) else {
        return Ok(missing());
    };
    found_elements(&values, call.steps())
}

pub(super) fn retain(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::list_retain_request::{EndIndex, StartIndex};
    let request: pb::ListRetainRequest = decoded(message)?;
    let start = match request.start_index {
        Some(StartIndex::InclusiveStart(start)) => Some(start),
        Some(StartIndex::UnboundedStart(_)) | None => None,
    };
    let end = match request.end_index {
        Some(EndIndex::ExclusiveEnd(end)) => Some(end),
        Some(EndIndex::UnboundedEnd(_)) | None => None,
    };
    // Nothing is made here, so the number counts only with a refresh; Java's client sends none.
    let ttl = if request.refresh_ttl {
        collection_ttl(request.ttl_milliseconds, true)?
    } else {
        CollectionTtl { ttl: Ttl::FOREVER, refresh: false }
    };
    let (key, slice) = (&request.list_name, slice(start, end));
    let left = call.run(Retain { key, slice, ttl })?;
    Ok(length_reply(left))
}

pub(super) fn erase(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::list_erase_request::Erase as Asked;
    let request: pb::ListEraseRequest = long_decoded(message, call.steps())?;
    let key = &request.list_name;
    let left = match &request.erase {
        Some(Asked::Some(some)) => {
            let ranges = some.ranges.iter().map(|range| (range.begin_index, range.count));
            call.run(Erase { key, ranges })?
        }
        Some(Asked::All(_)) => call.run(Delete::new(key))?.then_some(0),
        None => return Err(Error::Malformed("erase is not set")),
    };
    Ok(length_reply(left))
}

pub(super) fn remove(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::list_remove_request::Remove;
    let request: pb::ListRemoveRequest = decoded(message)?;
    let Some(Remove::AllElementsWithValue(value)) = &request.remove else {
        return Err(Error::Malformed("remove is not set"));
    };
    let key = &request.list_name;
    let left = call.run(RemoveValue { key, value })?;
    Ok(length_reply(left))
}

pub(super) fn length(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let length = call.run(Length::new(key(message)?))?;
    Ok(length_reply(length))
}

/// `found{list_length}` or `missing`, which Retain, Erase, Remove and Length share to the letter.
fn length_reply(length: Option<usize>) -> Reply {
    use pb::list_length_response::{Found, List};
    let Some(length) = length else { return missing() };
    let list = Some(List::Found(Found { length: count(length) }));
    encoded(&pb::ListLengthResponse { list })
}

//! Sets: one function a method, from message bytes to reply.

use attimo_engine::Elements;
use attimo_engine::commands::set::{
    Contains, Delete, DifferenceFrom, Fetch, Length, Pop, Remove, Sample, Union,
};
use momento_protos::cache_client as pb;

use super::collection::{count, slices};
use super::elements::{ElementsRequest, key};
use super::reply::{Reply, encoded, found_elements, missing};
use super::wire::{decoded, long_decoded};
use crate::error::{Error, Result};
use crate::gate::Call;
use crate::steps::Steps;

pub(super) fn fetch(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let key = key(message)?;
    let elements = call.run(Fetch { key })?;
    elements_reply(elements, call.steps())
}

pub(super) fn sample(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::SetSampleRequest = decoded(message)?;
    let key = &request.set_name;
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let elements = call.run(Sample { key, limit })?;
    elements_reply(elements, call.steps())
}

pub(super) fn pop(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::SetPopRequest = decoded(message)?;
    let key = &request.set_name;
    let elements = call.run(Pop { key, count: request.count as usize })?;
    elements_reply(elements, call.steps())
}

fn elements_reply(elements: Option<Elements>, steps: &Steps<'_>) -> Result<Reply> {
    let Some(elements) = elements else {
        return Ok(missing());
    };
    found_elements(&elements, steps)
}

pub(super) fn union(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request = ElementsRequest::of_bytes(message, call.steps())?;
    let (key, elements, ttl) = (request.key, request.elements(), request.ttl()?);
    call.run(Union { key, elements, ttl })?;
    Ok(Reply::empty())
}

pub(super) fn difference(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::set_difference_request::Difference as Asked;
    use pb::set_difference_request::subtrahend::SubtrahendSet;
    use pb::set_difference_response::{Found, Missing, Set};
    let request: pb::SetDifferenceRequest = long_decoded(message, call.steps())?;
    let key = &request.set_name;
    let there = match &request.difference {
        Some(Asked::Minuend(minuend)) => {
            let elements = slices(&minuend.elements);
            call.run(DifferenceFrom { key, elements })?
        }
        Some(Asked::Subtrahend(subtrahend)) => match &subtrahend.subtrahend_set {
            Some(SubtrahendSet::Set(set)) => {
                let elements = slices(&set.elements);
                call.run(Remove::new(key, elements))?
            }
            Some(SubtrahendSet::Identity(_)) => call.run(Delete::new(key))?,
            None => return Err(Error::Malformed("subtrahend_set is not set")),
        },
        None => return Err(Error::Malformed("difference is not set")),
    };
    let set = Some(if there { Set::Found(Found {}) } else { Set::Missing(Missing {}) });
    Ok(encoded(&pb::SetDifferenceResponse { set }))
}

pub(super) fn contains(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::set_contains_response::{Found, Set};
    let request = ElementsRequest::of_bytes(message, call.steps())?;
    let (key, elements) = (request.key, request.elements());
    let mut contains = Vec::with_capacity(elements.len());
    let read = |is_in: bool| contains.push(is_in);
    if !call.run(Contains { key, elements, read })? {
        return Ok(missing());
    }
    Ok(encoded(&pb::SetContainsResponse { set: Some(Set::Found(Found { contains })) }))
}

pub(super) fn length(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::set_length_response::{Found, Missing, Set};
    let length = call.run(Length::new(key(message)?))?;
    let set = Some(match length {
        Some(length) => Set::Found(Found { length: count(length) }),
        None => Set::Missing(Missing {}),
    });
    Ok(encoded(&pb::SetLengthResponse { set }))
}

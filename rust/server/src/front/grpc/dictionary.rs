//! Dictionaries: one function a method, from message bytes to reply.

use attimo_engine::commands::dictionary::{Delete, Fetch, Increment, Length, Remove, Set};
use momento_protos::cache_client as pb;

use super::collection::{collection_ttl, count, slices};
use super::elements::{ElementsRequest, key, pair};
use super::reply::{Reply, encoded, found_pairs};
use super::wire::{decoded, long_decoded};
use crate::error::{Error, Result};
use crate::gate::Call;

pub(super) fn get(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::dictionary_get_response::{Dictionary, DictionaryGetResponsePart, Found, Missing};
    let request = ElementsRequest::of_bytes(message, call.steps())?;
    let items = call.fields(request.key, request.elements(), |value| {
        let result = if value.is_some() { pb::ECacheResult::Hit } else { pb::ECacheResult::Miss };
        let cache_body = value.unwrap_or_default();
        DictionaryGetResponsePart { result: result.into(), cache_body }
    })?;
    let dictionary = Some(match items {
        Some(items) => Dictionary::Found(Found { items }),
        None => Dictionary::Missing(Missing {}),
    });
    Ok(encoded(&pb::DictionaryGetResponse { dictionary }))
}

pub(super) fn fetch(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::dictionary_fetch_response::{Dictionary, Missing};
    let Some(pairs) = call.run(Fetch { key: key(message)? })? else {
        let dictionary = Some(Dictionary::Missing(Missing {}));
        return Ok(encoded(&pb::DictionaryFetchResponse { dictionary }));
    };
    found_pairs(&pairs, call.steps())
}

pub(super) fn set(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request = ElementsRequest::of(message, call.steps(), pair)?;
    let (key, pairs, ttl) = (request.key, request.elements(), request.ttl()?);
    call.run(Set { key, pairs, ttl })?;
    Ok(Reply::empty())
}

pub(super) fn increment(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::DictionaryIncrementRequest = decoded(message)?;
    let ttl = collection_ttl(request.ttl_milliseconds, request.refresh_ttl)?;
    let (key, field, amount) = (&request.dictionary_name, &request.field, request.amount);
    let value = call.run(Increment { key, field, amount, ttl })?;
    Ok(encoded(&pb::DictionaryIncrementResponse { value }))
}

pub(super) fn delete(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::dictionary_delete_request::Delete as Asked;
    let request: pb::DictionaryDeleteRequest = long_decoded(message, call.steps())?;
    let key = &request.dictionary_name;
    match &request.delete {
        Some(Asked::Some(some)) => {
            let fields = slices(&some.fields);
            call.run(Remove::new(key, fields))?;
        }
        Some(Asked::All(_)) => {
            call.run(Delete::new(key))?;
        }
        None => return Err(Error::Malformed("delete is not set")),
    }
    Ok(Reply::empty())
}

pub(super) fn length(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::dictionary_length_response::{Dictionary, Found, Missing};
    let length = call.run(Length::new(key(message)?))?;
    let dictionary = Some(match length {
        Some(length) => Dictionary::Found(Found { length: count(length) }),
        None => Dictionary::Missing(Missing {}),
    });
    Ok(encoded(&pb::DictionaryLengthResponse { dictionary }))
}

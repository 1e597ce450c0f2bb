//! Dictionaries: one function a method, from message bytes to reply.

use attimo_engine::commands::dictionary::{Delete, Fetch, Increment, Length, Remove, Set};
use momento_protos::cache_client as pb;

use super::collection::{collection_ttl, count, slices};
use super::protobuf::{Field, Fields};
use super::reply::{Reply, encoded, found_pairs};
use super::wire::{decoded, long_decoded};
use crate::error::{Error, Result};
use crate::gate::Call;

pub(super) fn get(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::dictionary_get_response::{Dictionary, DictionaryGetResponsePart, Found, Missing};
    let request: pb::DictionaryGetRequest = long_decoded(message, call.steps())?;
    let (key, fields) = (&request.dictionary_name, slices(&request.fields));
    let items = call.fields(key, fields, |value| {
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
    let request: pb::DictionaryFetchRequest = decoded(message)?;
    let key = &request.dictionary_name;
    let Some(pairs) = call.run(Fetch { key })? else {
        let dictionary = Some(Dictionary::Missing(Missing {}));
        return Ok(encoded(&pb::DictionaryFetchResponse { dictionary }));
    };
    found_pairs(&pairs, call.steps())
}

/// `_DictionarySetRequest`, read where it lies: it is asked for as often as it is answered.
pub(super) fn set(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let (mut key, mut ttl, mut refresh) = (&message[..0], 0, false);
    let mut pairs = Vec::new();
    let mut fields = Fields::of(message);
    while let Some(field) = fields.next()? {
        match field {
            Field::Bytes(1, range) => key = &message[range],
            Field::Bytes(2, range) => pairs.push(pair(&message[range])?),
            Field::Varint(3, milliseconds) => ttl = milliseconds,
            Field::Varint(4, said) => refresh = said != 0,
            _ => {}
        }
    }
    let ttl = collection_ttl(ttl, refresh)?;
    let pairs = pairs.iter().copied();
    call.run(Set { key, pairs, ttl })?;
    Ok(Reply::empty())
}

/// `_DictionaryFieldValuePair`.
fn pair(message: &[u8]) -> Result<(&[u8], &[u8])> {
    let (mut field, mut value) = (&message[..0], &message[..0]);
    let mut fields = Fields::of(message);
    while let Some(part) = fields.next()? {
        match part {
            Field::Bytes(1, range) => field = &message[range],
            Field::Bytes(2, range) => value = &message[range],
            _ => {}
        }
    }
    Ok((field, value))
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
    let request: pb::DictionaryLengthRequest = decoded(message)?;
    let key = &request.dictionary_name;
    let length = call.run(Length::new(key))?;
    let dictionary = Some(match length {
        Some(length) => Dictionary::Found(Found { length: count(length) }),
        None => Dictionary::Missing(Missing {}),
    });
    Ok(encoded(&pb::DictionaryLengthResponse { dictionary }))
}

//! Single values: one function a method, from message bytes to reply.
//!
//! `Get` and `Set` are read where they lie; the others by the published types.

use std::ops::Range;

use attimo_engine::commands::scalar::{
    Condition as Wanted, Delete, Get, GetWithHash, HashCondition, Increment, ItemGetTtl,
    ItemGetType, KeyExists, Set, SetIf, SetIfHash, TtlChange, TtlChanged, UpdateTtl,
};
use attimo_engine::{Found as Item, ItemType, LARGE_VALUE_BYTES, NewValue, Ttl, allocated_bytes};
use bytes::Bytes;
use momento_protos::cache_client as pb;

use super::elements::key;
use super::protobuf::{Field, Fields};
use super::reply::{Reply, encoded};
use super::wire::{decoded, long_decoded, ttl};
use crate::error::{Error, Result};
use crate::gate::Call;
use crate::limits::REPLY_BYTES;

pub(super) fn get(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    Ok(write_get(call.run(read_get(message)?)?))
}

/// Reads a `_GetRequest`, or one item of a `_GetBatchRequest`.
pub(super) fn read_get(message: &[u8]) -> Result<Get<'_, impl FnOnce(Item<'_>) -> Reply + use<>>> {
    Ok(Get { key: key(message)?, read: Reply::hit })
}

/// `_GetResponse`.
pub(super) fn write_get(found: Option<Reply>) -> Reply {
    found.unwrap_or_else(Reply::miss)
}

#[derive(Default)]
struct SetFields {
    key: Range<usize>,
    value: Range<usize>,
    ttl: u64,
}

pub(super) fn set(call: &mut Call<'_>, message: &Bytes) -> Result<Reply> {
    Ok(write_set(call.run(read_set(message, 0..message.len())?)?))
}

/// Reads a `_SetRequest`, or the item of a `_SetBatchRequest` at `at`. A long value stays where it
/// arrived.
pub(super) fn read_set(message: &Bytes, at: Range<usize>) -> Result<Set<'_>> {
    let item = &message[at.clone()];
    let mut set = SetFields::default();
    let mut fields = Fields::of(item);
    while let Some(field) = fields.next()? {
        match field {
            Field::Bytes(1, range) => set.key = range,
            Field::Bytes(2, range) => set.value = range,
            Field::Varint(3, milliseconds) => set.ttl = milliseconds,
            _ => {}
        }
    }
    let value = given(message, at.start + set.value.start..at.start + set.value.end);
    Ok(Set { key: &item[set.key], value, ttl: ttl(set.ttl)? })
}

/// `_SetResponse`.
pub(super) fn write_set((): ()) -> Reply {
    Reply::stored()
}

/// A long value is kept with all that arrived with it if that takes no more memory, else copied.
fn given(message: &Bytes, value: Range<usize>) -> NewValue<'_> {
    if value.len() < LARGE_VALUE_BYTES {
        NewValue::Short(&message[value])
    } else if allocated_bytes(message.len()) == allocated_bytes(value.len()) {
        NewValue::Long(message.slice(value))
    } else {
        NewValue::Long(Bytes::copy_from_slice(&message[value]))
    }
}

pub(super) fn delete(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::DeleteRequest = decoded(message)?;
    call.run(Delete { key: &request.cache_key })?;
    Ok(Reply::empty())
}

pub(super) fn keys_exist(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::KeysExistRequest = long_decoded(message, call.steps())?;
    let keys = || request.cache_keys.iter().map(|key| Ok(&key[..]));
    call.allow_each(keys())?;
    let mut exists = Vec::with_capacity(request.cache_keys.len());
    let commands = keys().map(|key| Ok(KeyExists { key: key? }));
    call.run_each(commands, REPLY_BYTES, |found| {
        exists.push(found);
        Ok(size_of_val(&found))
    })?;
    Ok(encoded(&pb::KeysExistResponse { exists }))
}

pub(super) fn increment(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    let request: pb::IncrementRequest = decoded(message)?;
    let ttl = ttl(request.ttl_milliseconds)?;
    let (key, amount) = (&request.cache_key[..], request.amount);
    let value = call.run(Increment { key, amount, ttl })?;
    Ok(encoded(&pb::IncrementResponse { value }))
}

pub(super) fn set_if(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::set_if_request::Condition;
    use pb::set_if_response::{NotStored, Result, Stored};
    let request: pb::SetIfRequest = decoded(message)?;
    let condition = match &request.condition {
        Some(Condition::Present(_)) => Wanted::Present,
        Some(Condition::Absent(_)) => Wanted::Absent,
        Some(Condition::Equal(to)) => Wanted::Equal(&to.value_to_check),
        Some(Condition::NotEqual(to)) => Wanted::NotEqual(&to.value_to_check),
        Some(Condition::PresentAndNotEqual(to)) => Wanted::PresentAndNotEqual(&to.value_to_check),
        Some(Condition::AbsentOrEqual(to)) => Wanted::AbsentOrEqual(&to.value_to_check),
        None => return Err(Error::Malformed("condition is not set")),
    };
    let stored = store_if(
        call,
        (&request.cache_key, &request.cache_body, request.ttl_milliseconds),
        condition,
    )?;
    let result = if stored { Result::Stored(Stored {}) } else { Result::NotStored(NotStored {}) };
    Ok(encoded(&pb::SetIfResponse { result: Some(result) }))
}

pub(super) fn set_if_not_exists(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::set_if_not_exists_response::{NotStored, Result, Stored};
    let request: pb::SetIfNotExistsRequest = decoded(message)?;
    let stored = store_if(
        call,
        (&request.cache_key, &request.cache_body, request.ttl_milliseconds),
        Wanted::Absent,
    )?;
    let result = if stored { Result::Stored(Stored {}) } else { Result::NotStored(NotStored {}) };
    Ok(encoded(&pb::SetIfNotExistsResponse { result: Some(result) }))
}

fn store_if(
    call: &mut Call<'_>,
    (key, value, milliseconds): (&[u8], &[u8], u64),
    condition: Wanted<'_>,
) -> Result<bool> {
    let ttl = ttl(milliseconds)?;
    call.run(SetIf { key, value: value.into(), ttl, condition })
}

pub(super) fn get_with_hash(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::get_with_hash_response::{Found, Missing, Result};
    let request: pb::GetWithHashRequest = decoded(message)?;
    let key = &request.cache_key;
    let read = |found: Item<'_>, hash| (found.to_bytes(), hash);
    let found = call.run(GetWithHash { key, read })?;
    let result = match found {
        Some((value, hash)) => Result::Found(Found { value: value.into(), hash: hash.0.into() }),
        None => Result::Missing(Missing {}),
    };
    Ok(encoded(&pb::GetWithHashResponse { result: Some(result) }))
}

pub(super) fn set_if_hash(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::set_if_hash_request::Condition;
    use pb::set_if_hash_response::{NotStored, Result, Stored};
    let request: pb::SetIfHashRequest = decoded(message)?;
    let condition = match &request.condition {
        Some(Condition::Unconditional(_)) => HashCondition::Unconditional,
        Some(Condition::PresentAndHashEqual(to)) => {
            HashCondition::PresentAndEqual(&to.hash_to_check)
        }
        Some(Condition::PresentAndNotHashEqual(to)) => {
            HashCondition::PresentAndNotEqual(&to.hash_to_check)
        }
        Some(Condition::AbsentOrHashEqual(to)) => HashCondition::AbsentOrEqual(&to.hash_to_check),
        Some(Condition::AbsentOrNotHashEqual(to)) => {
            HashCondition::AbsentOrNotEqual(&to.hash_to_check)
        }
        None => return Err(Error::Malformed("condition is not set")),
    };
    let ttl = ttl(request.ttl_milliseconds)?;
    let (key, value) = (&request.cache_key[..], &request.cache_body[..]);
    let command = SetIfHash::new(key, condition, value.into(), ttl);
    let result = match call.run(command)? {
        Some(hash) => Result::Stored(Stored { new_hash: hash.0.into() }),
        None => Result::NotStored(NotStored {}),
    };
    Ok(encoded(&pb::SetIfHashResponse { result: Some(result) }))
}

pub(super) fn update_ttl(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::update_ttl_request::UpdateTtl as Asked;
    use pb::update_ttl_response::{Missing, NotSet, Result, Set};
    let request: pb::UpdateTtlRequest = decoded(message)?;
    let change = match request.update_ttl {
        Some(Asked::OverwriteToMilliseconds(to)) => TtlChange::Overwrite(ttl(to)?),
        Some(Asked::IncreaseToMilliseconds(to)) => TtlChange::Increase(ttl(to)?),
        Some(Asked::DecreaseToMilliseconds(to)) => TtlChange::Decrease(ttl(to)?),
        None => return Err(Error::Malformed("update_ttl is not set")),
    };
    let key = &request.cache_key;
    let result = match call.run(UpdateTtl { key, change })? {
        TtlChanged::Set => Result::Set(Set {}),
        TtlChanged::NotSet => Result::NotSet(NotSet {}),
        TtlChanged::Missing => Result::Missing(Missing {}),
    };
    Ok(encoded(&pb::UpdateTtlResponse { result: Some(result) }))
}

pub(super) fn item_get_ttl(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::item_get_ttl_response::{Found, Missing, Result};
    let request: pb::ItemGetTtlRequest = decoded(message)?;
    let key = &request.cache_key;
    let result = match call.run(ItemGetTtl { key })? {
        Some(Ttl(remaining_ttl_millis)) => Result::Found(Found { remaining_ttl_millis }),
        None => Result::Missing(Missing {}),
    };
    Ok(encoded(&pb::ItemGetTtlResponse { result: Some(result) }))
}

pub(super) fn item_get_type(call: &mut Call<'_>, message: &[u8]) -> Result<Reply> {
    use pb::item_get_type_response::{Found, ItemType as Type, Missing, Result};
    let request: pb::ItemGetTypeRequest = decoded(message)?;
    let key = &request.cache_key;
    let found = |kind: Type| Result::Found(Found { item_type: kind.into() });
    let result = match call.run(ItemGetType { key })? {
        Some(ItemType::Scalar) => found(Type::Scalar),
        Some(ItemType::Dictionary) => found(Type::Dictionary),
        Some(ItemType::Set) => found(Type::Set),
        Some(ItemType::List) => found(Type::List),
        Some(ItemType::SortedSet) => found(Type::SortedSet),
        // A leaderboard never lies under a cache's key: they are kept apart.
        Some(ItemType::Leaderboard) | None => Result::Missing(Missing {}),
    };
    Ok(encoded(&pb::ItemGetTypeResponse { result: Some(result) }))
}

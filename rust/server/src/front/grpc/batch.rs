//! `GetBatch` and `SetBatch`: one reply message an item, in the order of the request.

use std::ops::Range;

use attimo_engine::work_of;
use bytes::Bytes;

use super::protobuf::{Field, Fields};
use super::reply::Reply;
use super::scalar;
use crate::error::{Error, Result};
use crate::gate::{Call, PREFETCHED};
use crate::limits::BATCH_REPLY_BYTES;
use crate::steps::COMMAND;

/// `_GetBatchRequest` → a `_GetResponse` an item.
pub(super) fn get(call: &mut Call<'_>, message: &Bytes) -> Result<Reply> {
    allow(call, message)?;
    let most = call.batch_reply_bytes();
    each(call, message, most, |call, item| scalar::get(call, &item))
}

/// `_SetBatchRequest` → a `_SetResponse` an item. What stands before an item that is refused is set.
pub(super) fn set(call: &mut Call<'_>, message: &Bytes) -> Result<Reply> {
    allow(call, message)?;
    let set = |call: &mut Call<'_>, item: Bytes| scalar::set_of(call, &item, message.len());
    each(call, message, BATCH_REPLY_BYTES, set)
}

/// Refuses the whole if the caller may not do this with one of the keys, before the first is done.
fn allow(call: &Call<'_>, message: &Bytes) -> Result<()> {
    if !call.is_limited() {
        return Ok(());
    }
    let mut fields = Fields::of(message);
    while let Some(field) = fields.next()? {
        if let Field::Bytes(1, item) = field {
            call.steps().work(COMMAND);
            call.allow(key(&message[item])?)?;
        }
    }
    Ok(())
}

/// The key of an item, which is its first field in both requests.
fn key(item: &[u8]) -> Result<&[u8]> {
    let mut key = &item[..0];
    let mut fields = Fields::of(item);
    while let Some(field) = fields.next()? {
        if let Field::Bytes(1, range) = field {
            key = &item[range];
        }
    }
    Ok(key)
}

fn each(
    call: &mut Call<'_>,
    message: &Bytes,
    most: usize,
    mut run: impl FnMut(&mut Call<'_>, Bytes) -> Result<Reply>,
) -> Result<Reply> {
    let mut replies = Reply::default();
    let mut fields = Fields::of(message);
    loop {
        let (items, rest) = next_items(&mut fields);
        call.prefetch(items.iter().filter_map(|item| key(&message[item.clone()]).ok()));
        for item in items {
            call.steps().work(COMMAND + work_of(item.len()));
            replies.append(run(call, message.slice(item))?);
            if replies.len() > most {
                return Err(Error::ReplyTooLarge(most));
            }
            call.steps().hold(replies.len())?;
        }
        if !rest? {
            return Ok(replies);
        }
    }
}

/// The next items of a request, as many as are prefetched together, and whether there are more.
fn next_items(fields: &mut Fields<'_>) -> (Vec<Range<usize>>, Result<bool>) {
    let mut items = Vec::with_capacity(PREFETCHED);
    while items.len() < PREFETCHED {
        match fields.next() {
            Ok(Some(Field::Bytes(1, item))) => items.push(item),
            Ok(Some(_)) => {}
            Ok(None) => return (items, Ok(false)),
            Err(error) => return (items, Err(error)),
        }
    }
    (items, Ok(true))
}

//! `GetBatch` and `SetBatch`: one reply message an item, in the order of the request.

use bytes::Bytes;

use super::protobuf::{Field, Fields};
use super::reply::Reply;
use super::scalar;
use crate::error::{Error, Result};
use crate::gate::Call;
use crate::limits::BATCH_REPLY_BYTES;

/// `_GetBatchRequest` → a `_GetResponse` an item.
pub(super) fn get(call: &mut Call<'_>, message: &Bytes) -> Result<Reply> {
    allow(call, message)?;
    let most = call.batch_reply_bytes();
    each(message, most, |item| scalar::get(call, &item))
}

/// `_SetBatchRequest` → a `_SetResponse` an item. What stands before an item that is refused is set.
pub(super) fn set(call: &mut Call<'_>, message: &Bytes) -> Result<Reply> {
    allow(call, message)?;
    each(message, BATCH_REPLY_BYTES, |item| scalar::set_of(call, &item, message.len()))
}

/// Refuses the whole if the caller may not do this with one of the keys, before the first is done.
fn allow(call: &Call<'_>, message: &Bytes) -> Result<()> {
    if !call.is_limited() {
        return Ok(());
    }
    let mut fields = Fields::of(message);
    while let Some(field) = fields.next()? {
        if let Field::Bytes(1, item) = field {
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
    message: &Bytes,
    most: usize,
    mut run: impl FnMut(Bytes) -> Result<Reply>,
) -> Result<Reply> {
    let mut replies = Reply::default();
    let mut fields = Fields::of(message);
    while let Some(field) = fields.next()? {
        if let Field::Bytes(1, range) = field {
            replies.append(run(message.slice(range))?);
            if replies.len() > most {
                return Err(Error::ReplyTooLarge(most));
            }
        }
    }
    Ok(replies)
}

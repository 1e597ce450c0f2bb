//! `GetBatch` and `SetBatch`: one reply message an item, in the order of the request.

use std::ops::Range;

use attimo_engine::Command;
use bytes::Bytes;

use super::elements::key;
use super::protobuf::{Field, Fields};
use super::reply::Reply;
use super::scalar::{read_get, read_set, write_get, write_set};
use crate::error::Result;
use crate::gate::Call;
use crate::limits::BATCH_REPLY_BYTES;

/// `_GetBatchRequest` → a `_GetResponse` an item.
pub(super) fn get(call: &mut Call<'_>, message: &Bytes) -> Result<Reply> {
    let most = call.batch_reply_bytes();
    run(call, message, most, |item| read_get(&message[item]), write_get)
}

/// `_SetBatchRequest` → a `_SetResponse` an item. What stands before an item that is refused is set.
pub(super) fn set(call: &mut Call<'_>, message: &Bytes) -> Result<Reply> {
    run(call, message, BATCH_REPLY_BYTES, |item| read_set(message, item), write_set)
}

fn run<C: Command>(
    call: &mut Call<'_>,
    message: &[u8],
    most: usize,
    read: impl Fn(Range<usize>) -> Result<C>,
    write: impl Fn(C::Reply) -> Reply,
) -> Result<Reply> {
    call.allow_each(items(message).map(|item| key(&message[item?])))?;
    let mut replies = Reply::default();
    call.run_each(items(message).map(|item| read(item?)), most, |reply| {
        let reply = write(reply);
        let bytes = reply.len();
        replies.append(reply);
        Ok(bytes)
    })?;
    Ok(replies)
}

/// Where the items of a request are; after an error there are no more.
fn items(message: &[u8]) -> impl Iterator<Item = Result<Range<usize>>> {
    let mut fields = Fields::of(message);
    std::iter::from_fn(move || {
        loop {
            match fields.next() {
                Ok(Some(Field::Bytes(1, item))) => return Some(Ok(item)),
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    })
}

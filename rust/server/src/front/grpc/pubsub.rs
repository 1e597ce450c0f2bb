//! `Pubsub`: topics.

use attimo_engine::{LARGE_VALUE_BYTES, allocated_bytes};
use bytes::Bytes;

use super::frame::{PREFIX, prefix};
use super::protobuf::{
    Field, Fields, length_of_bytes, length_of_varint, write_bytes, write_varint,
};
use super::reply::Reply;
use crate::error::{Error, Result};
use crate::gate::Call;
use crate::topics::{Delivery, Encoded, Form, Gap, Message, Resume, Value};

const SUBSCRIBE: &str = "/cache_client.pubsub.Pubsub/Subscribe";
pub(super) const NO_CACHE: Error = Error::Malformed("cache_name is empty");
const NOT_UTF8: Error = Error::Malformed("the message holds text that is not UTF-8");
const NO_VALUE: Error = Error::Malformed("value must be text or binary");
/// A value of this size or more, in bytes, is not copied.
const LARGE: usize = 4 * 1024;

/// `_SubscriptionItem{heartbeat}`, framed.
pub(super) const HEARTBEAT: &[u8] = &[0, 0, 0, 0, 2, 0x1a, 0];
/// The tags of `item` and `discontinuity`.
const ITEM: u8 = 0x0a;
const DISCONTINUITY: u8 = 0x12;
/// The tags of `topic_sequence_number` and `sequence_page`.
const NUMBER: u8 = 0x08;
const PAGE: u8 = 0x20;
/// The fields `value` and `publisher_id`.
const VALUE: u8 = 2;
const PUBLISHER: u8 = 3;

/// Whether the answer goes on.
pub(crate) fn is_subscribe(path: &str) -> bool {
    path == SUBSCRIBE
}

/// A request about a topic, as its message has it.
#[derive(Default)]
pub(super) struct Request<'a> {
    pub(super) cache: &'a [u8],
    topic: &'a [u8],
    value: &'a [u8],
    pub(super) resume: Resume,
}

impl<'a> Request<'a> {
    pub(super) fn read(message: &'a [u8]) -> Result<Self> {
        let (mut read, mut fields) = (Request::default(), Fields::of(message));
        while let Some(field) = fields.next()? {
            match field {
                Field::Bytes(1, range) => read.cache = &message[range],
                Field::Bytes(2, range) => read.topic = &message[range],
                Field::Bytes(3, range) => read.value = &message[range],
                Field::Varint(3, number) => read.resume.number = number,
                Field::Varint(4, page) => read.resume.page = page,
                _ => {}
            }
        }
        Ok(read)
    }

    pub(super) fn topic(&self) -> Result<&'a str> {
        text(self.topic)
    }

    /// The value, which is a part of `message`.
    fn value(&self, message: &Bytes) -> Result<Value> {
        let (mut value, mut fields) = (None, Fields::of(self.value));
        while let Some(field) = fields.next()? {
            if let Field::Bytes(kind @ (1 | 2), range) = field {
                value = Some((&self.value[range], kind == 1));
            }
        }
        let (bytes, is_text) = value.ok_or(NO_VALUE)?;
        if is_text {
            text(bytes)?;
        }
        // A part of a message keeps all of it, and a short message the read buffer that it is in.
        let is_whole = bytes.len() >= LARGE_VALUE_BYTES
            && allocated_bytes(message.len()) == allocated_bytes(bytes.len());
        let bytes = if is_whole { message.slice_ref(bytes) } else { Bytes::copy_from_slice(bytes) };
        Ok(Value { bytes, is_text })
    }
}

pub(super) fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| NOT_UTF8)
}

/// The name of the cache in a framed message; empty if it cannot be read, which is reported once the
/// caller is known.
pub(super) fn cache(body: &Result<Bytes>) -> &[u8] {
    let message = body.as_ref().ok().and_then(|body| body.get(PREFIX..));
    let request = message.and_then(|message| Request::read(message).ok());
    request.map_or(&b""[..], |request| request.cache)
}

/// `_PublishRequest` → `_Empty`.
pub(super) fn publish(call: &mut Call<'_>, message: &Bytes) -> Result<Reply> {
    let request = Request::read(message)?;
    call.publish(request.topic()?, request.value(message)?)?;
    Ok(Reply::empty())
}

/// `_SubscriptionItem`, framed.
pub(super) fn framed(delivery: &Delivery) -> Encoded {
    match delivery {
        Delivery::Message(message) => message.encoded(Form::Grpc, item).clone(),
        Delivery::Gap(gap) => [discontinuity(*gap), Bytes::new()],
    }
}

fn item(message: &Message) -> Encoded {
    let (value, publisher) = (&message.value.bytes, message.publisher.as_bytes());
    let of_value = length_of_bytes(value.len());
    let of_publisher = if publisher.is_empty() { 0 } else { length_of_bytes(publisher.len()) };
    let length = length_of_number(message.number)
        + length_of_number(message.page)
        + of_publisher
        + length_of_bytes(of_value);
    let is_large = value.len() >= LARGE;
    let left_out = if is_large { value.len() } else { 0 };
    let mut to = head(ITEM, length, left_out);
    write_number(&mut to, NUMBER, message.number);
    write_number(&mut to, PAGE, message.page);
    if !publisher.is_empty() {
        write_bytes(&mut to, PUBLISHER, publisher);
    }
    super::protobuf::write_head(&mut to, VALUE, of_value);
    super::protobuf::write_head(&mut to, if message.value.is_text { 1 } else { 2 }, value.len());
    if is_large {
        return [to.into(), value.clone()];
    }
    to.extend_from_slice(value);
    [to.into(), Bytes::new()]
}

fn discontinuity(Gap { last, new, page }: Gap) -> Bytes {
    let numbers = [(0x08, last), (0x10, new), (0x18, page)];
    let length = numbers.iter().map(|(_, number)| length_of_number(*number)).sum();
    let mut to = head(DISCONTINUITY, length, 0);
    for (tag, number) in numbers {
        write_number(&mut to, tag, number);
    }
    to.into()
}

/// The frame and the first field of `_SubscriptionItem`, whose content of `length` bytes follows, the
/// last `left_out` of them elsewhere.
fn head(tag: u8, length: usize, left_out: usize) -> Vec<u8> {
    let all = length_of_bytes(length);
    let mut to = Vec::with_capacity(PREFIX + all - left_out);
    to.extend_from_slice(&prefix(all));
    to.push(tag);
    write_varint(&mut to, length);
    to
}

fn length_of_number(number: u64) -> usize {
    1 + length_of_varint(usize::try_from(number).unwrap_or(usize::MAX))
}

fn write_number(to: &mut Vec<u8>, tag: u8, number: u64) {
    to.push(tag);
    write_varint(to, usize::try_from(number).unwrap_or(usize::MAX));
}

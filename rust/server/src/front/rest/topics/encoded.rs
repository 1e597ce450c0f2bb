//! Messages as streams of events have them; their data is what a WebSocket has, too.

use bytes::Bytes;

use super::super::events::BLANK_LINE;
use super::item::Item;
use super::position::{All, Position};
use crate::topics::{Encoded, Form, Message};

/// The size of an item without the message, in bytes, as a guess.
const AROUND: usize = 200;

/// A message as an event, encoded once for all: what comes before its data in a stream of one topic,
/// and the data.
pub(super) fn message(topic: &str, message: &Message) -> Encoded {
    let encode = |message: &Message| {
        let data = data(&Item::message(Some(topic), message), message.value.bytes.len());
        [head(&[Position::of(message)]).into(), data]
    };
    message.encoded(Form::Event, encode).clone()
}

/// What comes before the data of an event.
pub(super) fn head(positions: &[Position]) -> String {
    format!("id: {}\ndata: ", All(positions))
}

/// The data of an event, about a value of so many bytes, up to its end.
pub(super) fn data(item: &Item<'_>, bytes: usize) -> Bytes {
    let mut data = Vec::with_capacity(AROUND + bytes);
    // A vector takes everything.
    let _ = serde_json::to_writer(&mut data, item);
    data.extend_from_slice(BLANK_LINE);
    // It may be kept for as long as the message.
    data.shrink_to_fit();
    data.into()
}

/// The data of an event without its end.
pub(super) fn json(data: &Bytes) -> Bytes {
    data.slice(..data.len() - BLANK_LINE.len())
}

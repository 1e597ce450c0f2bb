//! Messages of topics in JSON: an item is the same in the answer to a poll and in a stream.

use serde::Serialize;

use super::super::json::InBase64;
use crate::topics::{Delivery, Gap, Message};

/// A message, or what was missed.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Item<'a> {
    Item(Shown<'a>),
    Discontinuity(Discontinuity<'a>),
}

#[derive(Serialize)]
pub(super) struct Shown<'a> {
    /// The name of the topic, where there may be several.
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'a str>,
    topic_sequence_number: u64,
    sequence_page: u64,
    value: ShownValue<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    publisher_id: &'a str,
}

/// Text as it is, or bytes in base64.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum ShownValue<'a> {
    Text(&'a str),
    Binary(InBase64<'a>),
}

/// What was missed. Unlike over gRPC, `new_topic_sequence` is the number of the next message.
#[derive(Serialize)]
pub(super) struct Discontinuity<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'a str>,
    last_topic_sequence: u64,
    new_topic_sequence: u64,
    new_sequence_page: u64,
}

impl<'a> Item<'a> {
    /// What was delivered, with the name of the topic if that is `topic`.
    pub(super) fn of(topic: Option<&'a str>, delivery: &'a Delivery) -> Self {
        match delivery {
            Delivery::Message(message) => Item::message(topic, message),
            Delivery::Gap(gap) => Item::gap(topic, *gap),
        }
    }

    pub(super) fn message(topic: Option<&'a str>, message: &'a Message) -> Self {
        let Message { number, page, value, publisher, .. } = message;
        let value = match str::from_utf8(&value.bytes) {
            Ok(text) if value.is_text => ShownValue::Text(text),
            _ => ShownValue::Binary(InBase64(&value.bytes)),
        };
        Item::Item(Shown {
            topic,
            topic_sequence_number: *number,
            sequence_page: *page,
            value,
            publisher_id: publisher,
        })
    }

    pub(super) fn gap(topic: Option<&'a str>, gap: Gap) -> Self {
        Item::Discontinuity(Discontinuity {
            topic,
            last_topic_sequence: gap.last,
            new_topic_sequence: gap.new + 1,
            new_sequence_page: gap.page,
        })
    }
}

//! The messages of Momento's collections, prefix included.

use super::protobuf::{PREFIX_BYTES, write_varint};
use crate::choices::Work;
use crate::items::{Items, KEY_BYTES};
use crate::options::Options;
use crate::work::{Builder, Expects, Part, RANGE, Template};
use crate::workload::Verb;

/// The paths of a work: its read and its write.
pub fn paths(work: Work) -> [&'static str; 2] {
    match work {
        Work::Item => ["/cache_client.Scs/Get", "/cache_client.Scs/Set"],
        Work::Dictionary => ["/cache_client.Scs/DictionaryGet", "/cache_client.Scs/DictionarySet"],
        Work::List => ["/cache_client.Scs/ListPopFront", "/cache_client.Scs/ListPushFront"],
        Work::Set => ["/cache_client.Scs/SetContains", "/cache_client.Scs/SetUnion"],
        Work::SortedSet => ["/cache_client.Scs/SortedSetGetRank", "/cache_client.Scs/SortedSetPut"],
        Work::Range | Work::Fetch => {
            ["/cache_client.Scs/SortedSetFetch", "/cache_client.Scs/SortedSetPut"]
        }
        // It has no read.
        Work::Publish => ["/cache_client.pubsub.Pubsub/Publish"; 2],
    }
}

/// The message of a read or a write.
pub fn template(options: &Options, work: Work, verb: Verb, items: &Items) -> Template {
    let mut message = Builder::default();
    if work != Work::Publish {
        message.field(1, Part::Name);
    }
    let expects = if work == Work::Publish {
        publish(options, items, &mut message);
        Expects::Any
    } else if verb == Verb::Get {
        read(work, &mut message)
    } else {
        write(work, items, &mut message);
        Expects::Any
    };
    let mut framed = Builder::default();
    framed.bytes.push(0);
    framed.bytes.extend_from_slice(&(message.bytes.len() as u32).to_be_bytes());
    framed.append(message);
    framed.expecting(expects)
}

fn read(work: Work, message: &mut Builder) -> Expects {
    match work {
        Work::List => Expects::Found(PREFIX_BYTES, 0x0a),
        Work::Range => {
            // order ascending is the default; with_scores, by_index{unbounded…end RANGE}.
            message.number(3, 1);
            let mut by_index = Builder::default();
            by_index.number(2, 0);
            // A signed number, in zigzag.
            by_index.number(4, 2 * u64::from(RANGE));
            message.nested(4, by_index);
            Expects::Length(PREFIX_BYTES + RANGE as usize * (KEY_BYTES + 8))
        }
        Work::Fetch => {
            message.number(3, 1);
            Expects::Length(PREFIX_BYTES + 2 * KEY_BYTES)
        }
        Work::SortedSet => {
            message.field(2, Part::Member);
            // element_rank{result: Hit, …}
            Expects::Bytes(PREFIX_BYTES + 2, vec![0x08, 2])
        }
        Work::Set => {
            message.field(2, Part::Member);
            // found{contains: [true]}
            Expects::Bytes(PREFIX_BYTES, vec![0x0a, 3, 0x0a, 1, 1])
        }
        Work::Dictionary | Work::Item | Work::Publish => {
            message.field(2, Part::Member);
            Expects::Value(0)
        }
    }
}

/// `_PublishRequest`: the cache, the topic, and the value of the key as text.
fn publish(options: &Options, items: &Items, message: &mut Builder) {
    message.text(1, &options.cache);
    message.text(2, &options.topic);
    let mut value = Builder::default();
    value.value(1, items);
    message.nested(3, value);
}

fn write(work: Work, items: &Items, message: &mut Builder) {
    let hour = u64::from(items.ttl_or_hour()) * 1000;
    match work {
        Work::Dictionary | Work::Item | Work::Publish => {
            let mut pair = Builder::default();
            pair.field(1, Part::Member);
            pair.value(2, items);
            message.nested(2, pair);
        }
        Work::List => message.value(2, items),
        Work::Set => message.field(2, Part::Member),
        Work::SortedSet | Work::Range | Work::Fetch => {
            let mut element = Builder::default();
            element.field(1, Part::Member);
            element.bytes.push(2 << 3 | 1);
            element.part(Part::Score);
            message.nested(2, element);
        }
    }
    message.number(3, hour);
}

impl Builder {
    fn head(&mut self, number: u8, length: usize) {
        self.bytes.push(number << 3 | 2);
        write_varint(length as u64, &mut self.bytes);
    }

    fn field(&mut self, number: u8, part: Part) {
        self.head(number, KEY_BYTES);
        self.part(part);
    }

    fn text(&mut self, number: u8, text: &str) {
        self.head(number, text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: u8, value: u64) {
        self.bytes.push(number << 3);
        write_varint(value, &mut self.bytes);
    }

    fn nested(&mut self, number: u8, inner: Builder) {
        self.head(number, inner.bytes.len());
        self.append(inner);
    }

    /// The value of the key that is also the member.
    fn value(&mut self, number: u8, items: &Items) {
        let mut value = Vec::new();
        items.write_value(0, &mut value);
        self.head(number, value.len());
        self.part(Part::Key);
        self.bytes.extend_from_slice(&value[KEY_BYTES..]);
    }
}

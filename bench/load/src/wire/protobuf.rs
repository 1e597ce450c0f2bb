//! The four messages of Get and Set, behind gRPC's five bytes.

use crate::items::{Items, KEY_BYTES};
use crate::tally::Outcome;

/// Bytes before each gRPC message: whether it is compressed, and its length.
pub const PREFIX_BYTES: usize = 5;
const HIT: u64 = 2;
const MISS: u64 = 3;

/// Writes a Get, prefix included.
pub fn write_get(key: u32, out: &mut Vec<u8>) {
    write_prefix(2 + KEY_BYTES, out);
    write_bytes_field(1, &Items::key(key), out);
}

/// Bytes of a Get, prefix included.
pub const GET_BYTES: usize = PREFIX_BYTES + 2 + KEY_BYTES;

/// Writes a Set, prefix included. `bytes` is its length by `set_bytes`.
pub fn write_set(items: &Items, key: u32, bytes: usize, out: &mut Vec<u8>) {
    write_prefix(bytes - PREFIX_BYTES, out);
    write_bytes_field(1, &Items::key(key), out);
    out.push(2 << 3 | 2);
    write_varint(items.value_bytes as u64, out);
    items.write_value(key, out);
    out.push(3 << 3);
    write_varint(ttl(items), out);
}

/// Bytes of a Set, prefix included.
pub fn set_bytes(items: &Items) -> usize {
    let mut lengths = Vec::new();
    write_varint(items.value_bytes as u64, &mut lengths);
    write_varint(ttl(items), &mut lengths);
    GET_BYTES + 2 + lengths.len() + items.value_bytes
}

fn ttl(items: &Items) -> u64 {
    u64::from(items.ttl_or_hour()) * 1000
}

/// What the reply to a Get says; nothing if it has not arrived in full.
pub fn read_get(items: &Items, key: u32, bytes: &[u8]) -> Option<Outcome> {
    let message = message(bytes)?;
    let (mut result, mut value) = (0, &[][..]);
    for field in Fields(message) {
        match field {
            Some((1, Value::Number(number))) => result = number,
            Some((2, Value::Bytes(bytes))) => value = bytes,
            Some(_) => {}
            None => return Some(Outcome::Wrong("message")),
        }
    }
    Some(match result {
        HIT => items.check(key, value),
        MISS => Outcome::Miss,
        _ => Outcome::Wrong("result"),
    })
}

/// What the reply to a Set says; nothing if it has not arrived in full.
pub fn read_set(bytes: &[u8]) -> Option<Outcome> {
    message(bytes).map(|_| Outcome::Right)
}

/// What a subscription was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent<'a> {
    /// A message whose value is this text.
    Text(&'a [u8]),
    /// A sign of life, with which each stream begins.
    Heartbeat,
    /// All else.
    Other,
}

/// Reads `_SubscriptionItem`.
pub fn read_sent(message: &[u8]) -> Sent<'_> {
    let text = field(message, 1).and_then(|item| field(item, 2)).and_then(|value| field(value, 1));
    match text {
        Some(text) => Sent::Text(text),
        None if field(message, 3).is_some() => Sent::Heartbeat,
        None => Sent::Other,
    }
}

/// The bytes of a field.
fn field(message: &[u8], number: u64) -> Option<&[u8]> {
    Fields(message).flatten().find_map(|(found, value)| match value {
        Value::Bytes(bytes) if found == number => Some(bytes),
        _ => None,
    })
}

/// Splits off the first message behind its prefix; the second part is how many bytes both have.
pub fn first_message(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let ([_, length @ ..], rest) = bytes.split_first_chunk::<PREFIX_BYTES>()?;
    let length = u32::from_be_bytes(*length) as usize;
    rest.get(..length).map(|message| (message, PREFIX_BYTES + length))
}

/// Writes the request of a subscription, prefix included.
pub fn write_subscribe(cache: &str, topic: &str, out: &mut Vec<u8>) {
    let mut message = Vec::new();
    write_bytes_field(1, cache.as_bytes(), &mut message);
    write_bytes_field(2, topic.as_bytes(), &mut message);
    write_prefix(message.len(), out);
    out.extend_from_slice(&message);
}

/// The message behind its prefix, if it is whole and not compressed.
pub fn message(bytes: &[u8]) -> Option<&[u8]> {
    let ([compressed, length @ ..], message) = bytes.split_first_chunk::<PREFIX_BYTES>()?;
    let whole = *compressed == 0 && message.len() == u32::from_be_bytes(*length) as usize;
    whole.then_some(message)
}

fn write_prefix(length: usize, out: &mut Vec<u8>) {
    out.push(0);
    out.extend_from_slice(&(length as u32).to_be_bytes());
}

fn write_bytes_field(number: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(number << 3 | 2);
    write_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

pub fn write_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 128 {
        out.push((number % 128) as u8 | 128);
        number /= 128;
    }
    out.push(number as u8);
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message; ends with nothing where it cannot be read.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                let (bytes, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            _ => return None,
        };
        Some((tag >> 3, value))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(result: u8, value: &[u8]) -> Vec<u8> {
        let mut message = vec![0, 0, 0, 0, 0, 1 << 3, result];
        write_bytes_field(2, value, &mut message);
        message[4] = (message.len() - PREFIX_BYTES) as u8;
        message
    }

    #[test]
    fn a_hit_counts_only_with_the_value_of_its_key() {
        let items = Items::new(100, None);
        let mut value = Vec::new();
        items.write_value(5, &mut value);
        assert_eq!(read_get(&items, 5, &reply(2, &value)), Some(Outcome::Right));
        assert_eq!(read_get(&items, 6, &reply(2, &value)), Some(Outcome::Wrong("value")));
        assert_eq!(read_get(&items, 5, &reply(3, b"")), Some(Outcome::Miss));
        assert_eq!(read_get(&items, 5, &reply(1, &value)), Some(Outcome::Wrong("result")));
    }

    #[test]
    fn half_a_message_says_nothing_yet() {
        let whole = reply(3, b"");
        assert_eq!(read_get(&Items::new(1, None), 5, &whole[..whole.len() - 1]), None);
    }

    #[test]
    fn a_subscription_is_sent_texts_and_signs_of_life() {
        let (mut value, mut inner, mut item) = (Vec::new(), vec![1 << 3, 7], Vec::new());
        write_bytes_field(1, b"hello", &mut value);
        write_bytes_field(2, &value, &mut inner);
        write_bytes_field(1, &inner, &mut item);
        assert_eq!(read_sent(&item), Sent::Text(b"hello"));
        assert_eq!(read_sent(&[3 << 3 | 2, 0]), Sent::Heartbeat);
        assert_eq!(read_sent(&[2 << 3 | 2, 0]), Sent::Other);

        let mut framed = Vec::new();
        write_prefix(item.len(), &mut framed);
        framed.extend_from_slice(&item);
        assert_eq!(first_message(&framed), Some((&item[..], framed.len())));
        assert_eq!(first_message(&framed[..framed.len() - 1]), None);
    }

    #[test]
    fn messages_are_as_long_as_was_said() {
        let items = Items::new(300, Some(60));
        let (mut get, mut set) = (Vec::new(), Vec::new());
        write_get(1, &mut get);
        write_set(&items, 1, set_bytes(&items), &mut set);
        assert_eq!((get.len(), set.len()), (GET_BYTES, set_bytes(&items)));
        assert!(message(&get).is_some() && message(&set).is_some());
        assert!(Fields(message(&set).unwrap()).all(|field| field.is_some()));
    }
}

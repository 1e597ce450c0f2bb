//! Replies, as the bytes of their DATA frames.

use attimo_engine::{Elements, Found, Members, Pairs, work_of};
use bytes::Bytes;
use prost::Message;

use super::frame::{PREFIX, prefix};
use super::protobuf::{self, length_of_bytes, length_of_varint, write_bytes, write_head};
use crate::error::Result;
use crate::steps::Steps;

/// `_SetResponse{result: Ok}`, framed.
const STORED: &[u8] = &[0, 0, 0, 0, 2, 0x08, 1];
/// `_GetResponse{result: Miss}`, framed.
const MISS: &[u8] = &[0, 0, 0, 0, 2, 0x08, 3];
/// `result: Hit`, then the tag of `cache_body`.
const HIT: [u8; 3] = [0x08, 2, 0x12];
const EMPTY: &[u8] = &[0; PREFIX];
/// Field 2, without content: `missing` in the answers about every kind of collection.
const MISSING: &[u8] = &[0, 0, 0, 0, 2, 0x12, 0];

/// The tag of `score` and the bytes that both take.
const SCORE_TAG: u8 = 0x11;
const SCORE: usize = 1 + size_of::<f64>();

/// `_SortedSetGetRankResponse{element_rank{result: Miss}}`, framed.
const RANK_MISS: &[u8] = &[0, 0, 0, 0, 4, 0x0a, 2, 0x08, 3];

/// One or more framed messages; large values stay where they are and are sent from there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    first: Bytes,
    rest: Vec<Bytes>,
    rest_bytes: usize,
}

impl Reply {
    /// A message without fields.
    pub(super) fn empty() -> Self {
        Bytes::from_static(EMPTY).into()
    }

    /// `_SetResponse` of a `Set` that was done.
    pub(super) fn stored() -> Self {
        Bytes::from_static(STORED).into()
    }

    /// `_GetResponse` of an item that is not there.
    pub(super) fn miss() -> Self {
        Bytes::from_static(MISS).into()
    }

    /// `_GetResponse` of an item; a short value is copied, once, into its frame.
    pub(super) fn hit(found: Found<'_>) -> Self {
        let length = HIT.len() + length_of_varint(found.as_slice().len()) + found.as_slice().len();
        let head = PREFIX + length - found.as_slice().len();
        match found {
            Found::Short(value) => {
                let mut framed = hit_head(length, value.len(), head + value.len());
                framed.extend_from_slice(value);
                Bytes::from(framed).into()
            }
            Found::Long(value) => Reply {
                first: hit_head(length, value.len(), head).into(),
                rest: vec![value.clone()],
                rest_bytes: value.len(),
            },
        }
    }

    /// A message that is encoded already.
    pub(super) fn message(encoded: &[u8]) -> Self {
        let mut framed = Vec::with_capacity(PREFIX + encoded.len());
        framed.extend_from_slice(&prefix(encoded.len()));
        framed.extend_from_slice(encoded);
        Bytes::from(framed).into()
    }

    /// Puts `other`'s messages behind this one's.
    pub(super) fn append(&mut self, other: Reply) {
        self.rest_bytes += other.len();
        self.rest.extend(other.into_data());
    }

    /// How many bytes there are to send.
    pub(crate) fn len(&self) -> usize {
        self.first.len() + self.rest_bytes
    }

    /// The bytes to send, in order.
    pub(crate) fn into_data(self) -> impl Iterator<Item = Bytes> {
        std::iter::once(self.first).filter(|first| !first.is_empty()).chain(self.rest)
    }
}

fn hit_head(length: usize, value: usize, capacity: usize) -> Vec<u8> {
    let mut framed = Vec::with_capacity(capacity);
    framed.extend_from_slice(&prefix(length));
    framed.extend_from_slice(&HIT);
    protobuf::write_varint(&mut framed, value);
    framed
}

impl From<Bytes> for Reply {
    fn from(first: Bytes) -> Self {
        Reply { first, ..Reply::default() }
    }
}

/// The answer that there is no such collection.
pub(super) fn missing() -> Reply {
    Bytes::from_static(MISSING).into()
}

/// The answer that a value has no rank.
pub(super) fn rank_miss() -> Reply {
    Bytes::from_static(RANK_MISS).into()
}

/// `found{repeated bytes}`, as the fetches of lists and sets answer.
pub(super) fn found_elements(elements: &Elements, steps: &Steps<'_>) -> Result<Reply> {
    let each = || elements.iter().inspect(|element| steps.work(work_of(element.len())));
    let all = each().map(|element| length_of_bytes(element.len())).sum();
    found(all, steps, |to| {
        each().for_each(|element| write_bytes(to, 1, element));
    })
}

/// `found{repeated {field, value}}`.
pub(super) fn found_pairs(pairs: &Pairs, steps: &Steps<'_>) -> Result<Reply> {
    let length = |(field, value): (&[u8], &[u8])| {
        length_of_bytes(field.len()) + length_of_bytes(value.len())
    };
    let each = || pairs.iter().inspect(|pair| steps.work(work_of(length(*pair))));
    found(each().map(|pair| length_of_bytes(length(pair))).sum(), steps, |to| {
        for (field, value) in each() {
            write_head(to, 1, length((field, value)));
            write_bytes(to, 1, field);
            write_bytes(to, 2, value);
        }
    })
}

/// `found{values_with_scores}` or `found{values}`.
pub(super) fn found_members(
    members: &Members,
    with_scores: bool,
    steps: &Steps<'_>,
) -> Result<Reply> {
    let score = if with_scores { SCORE } else { 0 };
    let length = |value: &[u8]| length_of_bytes(value.len()) + score;
    let each = || members.iter().inspect(|(value, _)| steps.work(work_of(value.len())));
    let all: usize = each()
        .map(|(value, _)| if with_scores { length_of_bytes(length(value)) } else { length(value) })
        .sum();
    found(length_of_bytes(all), steps, |to| {
        write_head(to, if with_scores { 1 } else { 2 }, all);
        for (value, score) in each() {
            if with_scores {
                write_head(to, 1, length(value));
            }
            write_bytes(to, 1, value);
            if with_scores {
                to.push(SCORE_TAG);
                to.extend_from_slice(&score.to_le_bytes());
            }
        }
    })
}

/// Frames field 1 with content of `length` bytes, which `write` writes.
fn found(length: usize, steps: &Steps<'_>, write: impl FnOnce(&mut Vec<u8>)) -> Result<Reply> {
    let message = length_of_bytes(length);
    steps.hold(message)?;
    let mut framed = Vec::with_capacity(PREFIX + message);
    framed.extend_from_slice(&prefix(message));
    write_head(&mut framed, 1, length);
    write(&mut framed);
    Ok(Bytes::from(framed).into())
}

/// Frames a message of the published types.
pub(super) fn encoded(message: &impl Message) -> Reply {
    let length = message.encoded_len();
    let mut framed = Vec::with_capacity(PREFIX + length);
    framed.extend_from_slice(&prefix(length));
    message.encode_raw(&mut framed);
    Bytes::from(framed).into()
}

#[cfg(test)]
mod tests {
    use momento_protos::cache_client as pb;

    use super::*;

    fn unframed<M: Message + Default>(reply: Reply) -> M {
        let data: Vec<u8> = reply.into_data().flat_map(Vec::from).collect();
        assert_eq!(data[..PREFIX], prefix(data.len() - PREFIX));
        M::decode(&data[PREFIX..]).unwrap()
    }

    #[test]
    fn replies_made_by_hand_read_as_the_published_types() {
        let value = Bytes::from(vec![7; 300]);
        for found in [Found::Short(&value), Found::Long(&value)] {
            let hit: pb::GetResponse = unframed(Reply::hit(found));
            assert_eq!((hit.result(), hit.cache_body), (pb::ECacheResult::Hit, value.to_vec()));
        }
        let miss: pb::GetResponse = unframed(Reply::miss());
        assert_eq!(miss.result(), pb::ECacheResult::Miss);
        let stored: pb::SetResponse = unframed(Reply::stored());
        assert_eq!(stored.result(), pb::ECacheResult::Ok);
    }
}

//! Requests about a collection, read where they lie: no element is copied.
//!
//! Nearly all have one shape: the key in field 1, elements in field 2, numbers in the fields behind it.

use std::num::NonZeroU32;

use attimo_engine::{CollectionTtl, Order};

use super::collection::{collection_ttl, order};
use super::protobuf::{Field, Fields};
use crate::error::Result;
use crate::steps::Steps;

/// How much work it is to read an element; see [`Steps::work`].
const READ: usize = 2;
/// The first field that holds a number.
const FIRST_NUMBER: usize = 3;

/// A request about a collection.
pub(super) struct ElementsRequest<'m, T> {
    pub(super) key: &'m [u8],
    elements: Vec<T>,
    numbers: [u64; 3],
}

impl<'m, T: Copy> ElementsRequest<'m, T> {
    /// Reads a message whose elements `read` reads.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`](crate::error::Error::Malformed).
    pub(super) fn of(
        message: &'m [u8],
        steps: &Steps<'_>,
        read: impl Fn(&'m [u8]) -> Result<T>,
    ) -> Result<Self> {
        let mut request = ElementsRequest { key: &[], elements: Vec::new(), numbers: [0; 3] };
        let mut fields = Fields::of(message);
        while let Some(field) = fields.next()? {
            match field {
                Field::Bytes(1, range) => request.key = &message[range],
                Field::Bytes(2, range) => {
                    steps.work(READ);
                    request.elements.push(read(&message[range])?);
                }
                Field::Varint(number, value) => request.set(number, value),
                _ => {}
            }
        }
        Ok(request)
    }

    fn set(&mut self, number: u32, value: u64) {
        let at = (number as usize).checked_sub(FIRST_NUMBER);
        if let Some(place) = at.and_then(|at| self.numbers.get_mut(at)) {
            *place = value;
        }
    }

    /// The elements, as commands take them.
    pub(super) fn elements(&self) -> impl ExactSizeIterator<Item = T> + Clone {
        self.elements.iter().copied()
    }

    /// The TTL of a write, in fields 3 and 4.
    ///
    /// # Errors
    ///
    /// Those of [`collection_ttl`].
    pub(super) fn ttl(&self) -> Result<CollectionTtl> {
        collection_ttl(self.numbers[0], self.numbers[1] != 0)
    }

    /// The length that a list is truncated to, in field 5; like all numbers of 32 bits, it is the last
    /// 32 of what was sent.
    #[expect(clippy::cast_possible_truncation, reason = "as the format asks of every reader")]
    pub(super) fn truncate(&self) -> Option<NonZeroU32> {
        NonZeroU32::new(self.numbers[2] as u32)
    }

    /// The order of ranks, in field 3.
    #[expect(clippy::cast_possible_truncation, reason = "as the format asks of every reader")]
    pub(super) fn order(&self) -> Order {
        order(self.numbers[0] as i32)
    }
}

impl<'m> ElementsRequest<'m, &'m [u8]> {
    /// Reads a message whose elements are bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`](crate::error::Error::Malformed).
    pub(super) fn of_bytes(message: &'m [u8], steps: &Steps<'_>) -> Result<Self> {
        Self::of(message, steps, Ok)
    }

    /// The element of a request about one: if there are several, the last counts.
    pub(super) fn element(&self) -> &'m [u8] {
        self.elements.last().copied().unwrap_or_default()
    }
}

/// The key of a request, its field 1.
///
/// # Errors
///
/// [`Error::Malformed`](crate::error::Error::Malformed).
pub(super) fn key(message: &[u8]) -> Result<&[u8]> {
    let mut key = &message[..0];
    let mut fields = Fields::of(message);
    while let Some(field) = fields.next()? {
        if let Field::Bytes(1, range) = field {
            key = &message[range];
        }
    }
    Ok(key)
}

/// `_DictionaryFieldValuePair`.
///
/// # Errors
///
/// [`Error::Malformed`](crate::error::Error::Malformed).
pub(super) fn pair(message: &[u8]) -> Result<(&[u8], &[u8])> {
    let (mut field, mut value) = (&message[..0], &message[..0]);
    let mut fields = Fields::of(message);
    while let Some(part) = fields.next()? {
        match part {
            Field::Bytes(1, range) => field = &message[range],
            Field::Bytes(2, range) => value = &message[range],
            _ => {}
        }
    }
    Ok((field, value))
}

/// `_SortedSetElement`.
///
/// # Errors
///
/// [`Error::Malformed`](crate::error::Error::Malformed).
pub(super) fn member(message: &[u8]) -> Result<(&[u8], f64)> {
    let (mut value, mut score) = (&message[..0], 0.0);
    let mut fields = Fields::of(message);
    while let Some(part) = fields.next()? {
        match part {
            Field::Bytes(1, range) => value = &message[range],
            Field::Fixed64(2, bits) => score = f64::from_bits(bits),
            _ => {}
        }
    }
    Ok((value, score))
}

#[cfg(test)]
mod tests {
    use momento_protos::cache_client as pb;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use prost::Message;

    use super::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        vec(any::<u8>(), 0..200)
    }

    fn as_slices(elements: &[Vec<u8>]) -> Vec<&[u8]> {
        elements.iter().map(Vec::as_slice).collect()
    }

    proptest! {
        #[test]
        fn a_concatenation_is_read_as_it_was_sent(
            list_name in bytes(),
            values in vec(bytes(), 0..20),
            ttl_milliseconds in 1..u64::MAX,
            refresh_ttl: bool,
            truncate_back_to_size: u32,
        ) {
            let sent = pb::ListConcatenateFrontRequest {
                list_name, values, ttl_milliseconds, refresh_ttl, truncate_back_to_size,
            };
            let message = sent.encode_to_vec();
            let read = ElementsRequest::of_bytes(&message, &Steps::one()).unwrap();
            prop_assert_eq!(read.key, &sent.list_name);
            prop_assert_eq!(key(&message).unwrap(), &sent.list_name);
            prop_assert_eq!(read.elements().collect::<Vec<_>>(), as_slices(&sent.values));
            let last = sent.values.last().map(Vec::as_slice).unwrap_or_default();
            prop_assert_eq!(read.element(), last);
            prop_assert_eq!(read.ttl(), collection_ttl(ttl_milliseconds, refresh_ttl));
            prop_assert_eq!(read.truncate(), NonZeroU32::new(truncate_back_to_size));
        }

        #[test]
        fn pairs_and_members_are_read_as_they_were_sent(
            text in bytes(),
            other in bytes(),
            score in proptest::num::f64::NORMAL,
            set_name in bytes(),
        ) {
            let sent = pb::DictionaryFieldValuePair { field: text.clone(), value: other.clone() };
            let message = sent.encode_to_vec();
            prop_assert_eq!(pair(&message).unwrap(), (&text[..], &other[..]));

            let element = pb::SortedSetElement { value: text.clone(), score };
            let sent = pb::SortedSetPutRequest {
                set_name, elements: vec![element], ttl_milliseconds: 1, refresh_ttl: true,
            };
            let message = sent.encode_to_vec();
            let read = ElementsRequest::of(&message, &Steps::one(), member).unwrap();
            let (value, read_score) = read.elements().next().unwrap();
            prop_assert_eq!((value, read_score), (&text[..], score));
        }
    }

    #[test]
    fn the_order_of_ranks_is_read_as_it_was_sent() {
        for order in [0, 1] {
            let sent = pb::SortedSetGetRankRequest {
                set_name: b"s".to_vec(),
                value: b"v".to_vec(),
                order,
            };
            let message = sent.encode_to_vec();
            let read = ElementsRequest::of_bytes(&message, &Steps::one()).unwrap();
            assert_eq!(read.order(), super::order(order));
        }
    }
}

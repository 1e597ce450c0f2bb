//! An element of a collection: short bytes inline, long ones shared.

use std::cmp::Ordering;
use std::ops::Deref;
use std::sync::Arc;

use crate::size;

/// Up to this many bytes are stored inline.
const SHORT: usize = 22;

/// The overhead of an [`Arc`].
const ARC: usize = 16;

/// The bytes of one element. A clone shares long bytes, so it is cheap.
#[derive(Debug, Clone)]
pub struct Element(Form);

#[derive(Debug, Clone)]
enum Form {
    Short { len: u8, bytes: [u8; SHORT] },
    Long(Arc<[u8]>),
}

impl Element {
    /// Its heap memory, in bytes.
    pub(crate) fn heap(&self) -> u64 {
        match &self.0 {
            Form::Short { .. } => 0,
            Form::Long(bytes) => size::of_heap(ARC + bytes.len()),
        }
    }
}

impl From<&[u8]> for Element {
    fn from(bytes: &[u8]) -> Self {
        match u8::try_from(bytes.len()) {
            Ok(len) if bytes.len() <= SHORT => {
                let mut short = [0; SHORT];
                short[..bytes.len()].copy_from_slice(bytes);
                Self(Form::Short { len, bytes: short })
            }
            _ => Self(Form::Long(bytes.into())),
        }
    }
}

impl Deref for Element {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Form::Short { len, bytes } => &bytes[..usize::from(*len).min(SHORT)],
            Form::Long(bytes) => bytes,
        }
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Element {}

impl PartialOrd for Element {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Element {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_takes_twenty_four_bytes_and_short_ones_no_heap() {
        assert_eq!(size_of::<Element>(), 24);
        assert_eq!(Element::from(&[7; SHORT][..]).heap(), 0);
        assert_eq!(Element::from(&[7; SHORT + 1][..]).heap(), 48);
    }

    #[test]
    fn an_element_has_its_bytes_at_every_length() {
        for len in [0, 1, SHORT, SHORT + 1, 255, 256, 300, 128 * 1024] {
            let bytes = vec![7; len];
            assert_eq!(*Element::from(&bytes[..]), bytes);
        }
    }

    #[test]
    fn elements_are_ordered_by_their_bytes() {
        let long = [b'a'; 30];
        let sorted = [&b""[..], b"\0", b"a", &long[..25], &long, b"b", b"\xff"];
        let elements = sorted.map(Element::from);

        assert!(elements.is_sorted_by(|a, b| a < b));
    }
}

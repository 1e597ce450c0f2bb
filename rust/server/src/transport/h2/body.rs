//! Collects the body of a request from DATA frames.

use attimo_engine::LARGE_VALUE_BYTES;
use bytes::{Bytes, BytesMut};

use crate::transport::content_length::fitted;

/// The most capacity that is allocated for an announced length before this many bytes have arrived.
const FIRST_ROOM: usize = 64 * 1024;

/// The received part of a body.
#[derive(Debug)]
pub(super) struct Body {
    /// The maximum length, in bytes.
    limit: usize,
    /// Its `content-length`, in bytes.
    length: Option<usize>,
    /// Whether it starts with its own length, as a gRPC message does.
    is_framed: bool,
    gathered: Vec<u8>,
}

impl Body {
    /// An empty body of at most `limit` bytes.
    pub(super) fn new(limit: usize, length: Option<usize>, is_framed: bool) -> Self {
        Body { limit, length, is_framed, gathered: Vec::new() }
    }

    /// Lowers the limit to `limit` bytes, for an unauthenticated client.
    pub(super) fn limit_to(&mut self, limit: usize) {
        self.limit = self.limit.min(limit);
    }

    /// How many bytes of memory it takes.
    pub(super) fn held(&self) -> usize {
        self.gathered.capacity()
    }

    /// How many bytes have arrived.
    pub(super) fn len(&self) -> usize {
        self.gathered.len()
    }

    /// Whether `more` bytes are within the limit.
    pub(super) fn has_room_for(&self, more: usize) -> bool {
        self.gathered.len() + more <= self.limit
    }

    /// Whether another `more` bytes agree with the `content-length`: exactly if the body `ends`,
    /// otherwise at most.
    pub(super) fn fits(&self, more: usize, ends: bool) -> bool {
        let all = self.gathered.len() + more;
        self.length.is_none_or(|length| if ends { all == length } else { all <= length })
    }

    /// Adds a part.
    pub(super) fn add(&mut self, input: &[u8]) {
        let needed = self.gathered.len() + input.len();
        if needed > self.gathered.capacity() {
            self.gathered.reserve_exact(self.room(needed, input) - self.gathered.len());
        }
        self.gathered.extend_from_slice(input);
    }

    /// The whole body, which ends with the next `length` bytes of `input`. A short body in one
    /// piece is not copied.
    pub(super) fn end(&mut self, input: &mut BytesMut, length: usize) -> Bytes {
        if self.gathered.is_empty() && length < LARGE_VALUE_BYTES {
            return input.split_to(length).freeze();
        }
        let last = input.split_to(length);
        self.add(&last);
        fitted(std::mem::take(&mut self.gathered)).into()
    }

    /// Beyond the first capacity, allocates exactly the announced length, so that a long value can
    /// be stored without a copy.
    fn room(&self, needed: usize, first: &[u8]) -> usize {
        let announced = self.length.or_else(|| self.announced(first));
        match announced.filter(|all| (needed..=self.limit).contains(all)) {
            Some(all) if needed <= FIRST_ROOM => all.min(FIRST_ROOM),
            Some(all) => all,
            None => needed.max(2 * self.gathered.len()),
        }
    }

    fn announced(&self, first: &[u8]) -> Option<usize> {
        let known = if self.gathered.is_empty() { first } else { &self.gathered };
        let length = known.get(1..5).filter(|_| self.is_framed)?;
        Some(5 + u32::from_be_bytes(length.try_into().expect("four bytes")) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(mut body: Body, content: &[u8], step: usize) -> Bytes {
        let last = content.len() - step;
        content[..last].chunks(step).for_each(|part| body.add(part));
        let mut input = BytesMut::from(&[&content[last..], b"next"].concat()[..]);
        body.end(&mut input, step)
    }

    #[test]
    fn a_body_is_the_same_however_it_arrives() {
        let content: Vec<u8> = (0..200_000_u32).map(|byte| byte.to_le_bytes()[0]).collect();
        for step in [1_000, 16_384, 100_000, 200_000] {
            for length in [None, Some(200_000)] {
                let body = Body::new(300_000, length, false);
                assert_eq!(gathered(body, &content, step), content);
            }
        }
    }

    #[test]
    fn a_long_body_of_announced_length_allocates_exactly_that() {
        let message = [&[0][..], &199_995_u32.to_be_bytes(), &vec![7; 199_995]].concat();
        let mut framed = Body::new(300_000, None, true);
        message.chunks(16_384).for_each(|part| framed.add(part));
        assert_eq!(framed.gathered.capacity(), 200_000);

        let mut sized = Body::new(300_000, Some(200_000), false);
        message.chunks(16_384).for_each(|part| sized.add(part));
        assert_eq!(sized.gathered.capacity(), 200_000);
    }

    #[test]
    fn an_announced_length_alone_allocates_little() {
        let mut body = Body::new(5_000_000, Some(5_000_000), false);
        body.add(b"a");
        assert_eq!(body.gathered.capacity(), FIRST_ROOM);

        let mut short = Body::new(5_000_000, None, true);
        short.add(&[0, 0, 0, 0, 20, 1]);
        assert_eq!(short.gathered.capacity(), 25);
    }

    #[test]
    fn a_body_is_as_long_as_its_content_length() {
        let body = Body::new(10, Some(3), false);
        assert!(body.fits(3, true) && body.fits(2, false));
        assert!(!body.fits(2, true) && !body.fits(4, false));
        assert!(body.has_room_for(10) && !body.has_room_for(11));
        assert!(Body::new(10, None, false).fits(4, true));
    }
}

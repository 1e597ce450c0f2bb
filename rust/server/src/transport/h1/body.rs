//! Reads the body of a request on HTTP/1.1 as it arrives.

use attimo_engine::LARGE_VALUE_BYTES;
use bytes::{Buf, Bytes, BytesMut};

use super::head::Framing;
use crate::transport::content_length::fitted;

/// The longest chunk line, in bytes: a length in hexadecimal, and extensions, which are ignored.
const LINE: usize = 256;
/// The most bytes that may follow the last chunk.
const TRAILERS: usize = 8 * 1024;
/// The most capacity that is allocated for an announced length before this many bytes have arrived.
const FIRST_ROOM: usize = 64 * 1024;

/// Why a body is refused. The connection must end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It is longer than the limit.
    TooLarge,
    /// Its chunks cannot be read.
    Malformed,
}

/// Collects one body, or passes over it.
pub(super) struct Body {
    step: Step,
    limit: usize,
    /// How many bytes of it have arrived.
    arrived: usize,
    is_kept: bool,
    gathered: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// This many bytes are left, and nothing follows them.
    Length(usize),
    /// A line with the length of the next chunk.
    Size,
    /// This many bytes of a chunk are left.
    Chunk(usize),
    /// The line break after a chunk.
    ChunkEnd,
    /// The trailers, of which this many bytes have been read.
    Trailers(usize),
}

/// Takes a complete body without a copy, if it is short.
pub(super) fn at_once(framing: Framing, input: &mut BytesMut) -> Option<Bytes> {
    match framing {
        Framing::Length(0) => Some(Bytes::new()),
        Framing::Length(length) if length <= input.len() && length < LARGE_VALUE_BYTES => {
            Some(input.split_to(length).freeze())
        }
        _ => None,
    }
}

impl Body {
    /// A body of at most `limit` bytes.
    pub(super) fn new(framing: Framing, limit: usize) -> Self {
        let step = match framing {
            Framing::Length(length) => Step::Length(length),
            Framing::Chunked => Step::Size,
        };
        Body { step, limit, arrived: 0, is_kept: true, gathered: Vec::new() }
    }

    /// The same, but its content is discarded.
    pub(super) fn discarded(framing: Framing, limit: usize) -> Self {
        Body { is_kept: false, ..Body::new(framing, limit) }
    }

    /// How many bytes of memory it takes.
    pub(super) fn held(&self) -> usize {
        self.gathered.capacity()
    }

    /// Reads what has arrived, and returns the body once it is complete.
    ///
    /// # Errors
    ///
    /// [`BodyError`].
    pub(super) fn take(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, BodyError> {
        loop {
            match self.step {
                Step::Length(left) if left > self.limit - self.arrived => {
                    return Err(BodyError::TooLarge);
                }
                Step::Length(0) => return Ok(Some(self.whole())),
                Step::Length(_) | Step::Chunk(1..) if input.is_empty() => return Ok(None),
                Step::Length(left) => self.step = Step::Length(left - self.add(left, input)),
                Step::Chunk(0) => self.step = Step::ChunkEnd,
                Step::Chunk(left) => self.step = Step::Chunk(left - self.add(left, input)),
                Step::Size => match line(input, LINE)? {
                    None => return Ok(None),
                    Some(line) => self.step = self.after_size(&line)?,
                },
                Step::ChunkEnd => match line(input, 0)? {
                    None => return Ok(None),
                    Some(_) => self.step = Step::Size,
                },
                Step::Trailers(seen) => match line(input, TRAILERS - seen)? {
                    None => return Ok(None),
                    Some(line) if line.is_empty() => return Ok(Some(self.whole())),
                    // Trailers are not used, but each must be a field line: what another
                    // implementation takes for the next request must not be skipped as a part of
                    // this one.
                    Some(line) if is_field(&line) => self.step = Step::Trailers(seen + line.len()),
                    Some(_) => return Err(BodyError::Malformed),
                },
            }
        }
    }

    fn after_size(&self, line: &[u8]) -> Result<Step, BodyError> {
        let size = size(line).ok_or(BodyError::Malformed)?;
        if size > self.limit - self.arrived {
            return Err(BodyError::TooLarge);
        }
        Ok(if size == 0 { Step::Trailers(0) } else { Step::Chunk(size) })
    }

    /// Moves at most `left` bytes from `input` and returns how many.
    fn add(&mut self, left: usize, input: &mut BytesMut) -> usize {
        let more = left.min(input.len());
        self.arrived += more;
        if !self.is_kept {
            input.advance(more);
            return more;
        }
        let needed = self.gathered.len() + more;
        if needed > self.gathered.capacity() {
            let all = self.gathered.len() + left;
            let room = match self.step {
                Step::Length(_) if needed <= FIRST_ROOM => all.min(FIRST_ROOM),
                // A long value is stored without a copy, so its allocation should not be larger
                // than itself.
                Step::Length(_) => all,
                _ => needed.max(2 * self.gathered.len()),
            };
            self.gathered.reserve_exact(room - self.gathered.len());
        }
        self.gathered.extend_from_slice(&input[..more]);
        input.advance(more);
        more
    }

    fn whole(&mut self) -> Bytes {
        fitted(std::mem::take(&mut self.gathered)).into()
    }
}

/// A complete line without its end, at most `limit` bytes long.
fn line(input: &mut BytesMut, limit: usize) -> Result<Option<BytesMut>, BodyError> {
    let Some(end) = memchr::memchr(b'\n', &input[..input.len().min(limit + 2)]) else {
        return if input.len() < limit + 2 { Ok(None) } else { Err(BodyError::Malformed) };
    };
    let mut line = input.split_to(end + 1);
    line.truncate(end);
    match line.split_last() {
        Some((b'\r', text)) if !text.contains(&b'\r') => {
            let length = text.len();
            line.truncate(length);
            Ok(Some(line))
        }
        _ => Err(BodyError::Malformed),
    }
}

/// Whether a line is a field line: a name, a colon and a value.
fn is_field(line: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', line) else { return false };
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    http::HeaderName::from_bytes(name).is_ok() && value.iter().copied().all(is_text)
}

/// Whether a byte is allowed in a field value (RFC 9110 §5.5).
fn is_text(byte: u8) -> bool {
    byte == b'\t' || !byte.is_ascii_control()
}

/// The chunk size in hexadecimal; extensions follow it.
fn size(line: &[u8]) -> Option<usize> {
    if !line.iter().copied().all(is_text) {
        return None;
    }
    let end = line.iter().position(|byte| *byte == b';').unwrap_or(line.len());
    let digits = line[..end].trim_ascii_end();
    if digits.is_empty() || digits.len() > 15 {
        return None;
    }
    digits.iter().try_fold(0, |sum, digit| {
        char::from(*digit).to_digit(16).map(|value| sum * 16 + value as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNKED: &[u8] = b"2\r\nhi\r\nA;x=y\r\n0123456789\r\n0\r\nt: v\r\n\r\n";

    /// Feeds the body `step` bytes at a time.
    fn fed(framing: Framing, bytes: &[u8], step: usize) -> Result<Option<Bytes>, BodyError> {
        let (mut body, mut input) = (Body::new(framing, 1_000), BytesMut::new());
        for part in bytes.chunks(step) {
            input.extend_from_slice(part);
            if let Some(whole) = body.take(&mut input)? {
                return Ok(Some(whole));
            }
        }
        Ok(None)
    }

    #[test]
    fn a_body_is_the_same_however_it_arrives() {
        for step in [1, 2, 3, 7, 1_000] {
            let chunked = fed(Framing::Chunked, CHUNKED, step);
            assert_eq!(chunked, Ok(Some(Bytes::from_static(b"hi0123456789"))));
            let plain = fed(Framing::Length(5), b"01234567", step);
            assert_eq!(plain, Ok(Some(Bytes::from_static(b"01234"))));
        }
    }

    #[test]
    fn a_discarded_body_ends_where_it_would_and_takes_no_memory() {
        for (framing, bytes) in [
            (Framing::Length(5), &b"01234GET"[..]),
            (Framing::Chunked, &[CHUNKED, b"GET"].concat()),
        ] {
            let (mut body, mut input) = (Body::discarded(framing, 100), BytesMut::from(bytes));

            assert_eq!(body.take(&mut input), Ok(Some(Bytes::new())));
            assert_eq!((&input[..], body.held()), (&b"GET"[..], 0));
        }
        let mut long = Body::discarded(Framing::Chunked, 11);
        assert_eq!(long.take(&mut BytesMut::from(CHUNKED)), Err(BodyError::TooLarge));
    }

    #[test]
    fn input_after_a_body_is_kept() {
        let mut input = BytesMut::from(&[CHUNKED, b"GET"].concat()[..]);
        let whole = Body::new(Framing::Chunked, 1_000).take(&mut input);

        assert!(whole.unwrap().is_some());
        assert_eq!(input, "GET");
    }

    #[test]
    fn malformed_chunks_are_refused() {
        let long = format!("1;{}\r\n", "x".repeat(300));
        for bytes in [
            &b"\r\n"[..],
            b"x\r\n",
            b"-1\r\n",
            b"0x1\r\n",
            b" 1\r\n",
            b"1\n",
            b"1\r\nab\r\n",
            b"1\r\na\n",
            b"1;\0\r\n",
            b"0\r\nno field\r\n",
            b"0\r\na: b\r\n c\r\n",
            b"0\r\na: \0\r\n",
            b"1\r\r\n",
            b"fffffffffffffffff\r\n",
            long.as_bytes(),
        ] {
            assert_eq!(fed(Framing::Chunked, bytes, 1_000), Err(BodyError::Malformed), "{bytes:?}");
        }
    }

    #[test]
    fn a_body_over_the_limit_is_refused_before_it_has_arrived() {
        assert_eq!(fed(Framing::Length(1_001), b"", 1), Ok(None));
        assert_eq!(fed(Framing::Length(1_001), b"a", 1), Err(BodyError::TooLarge));
        assert_eq!(fed(Framing::Chunked, b"3e9\r\n", 9), Err(BodyError::TooLarge));
    }
}

//! Writes HTTP/1.1 responses and sends them together.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::StatusCode;
use http::header;
use tokio::io::AsyncWrite;

use crate::message::{Common, Response};
use crate::topics::Encoded;
use crate::transport::buffer_pool;
use crate::transport::date::date;

/// The most bytes of a body that one write takes.
const AT_A_TIME: usize = 128 * 1024;
/// A body of at least this size is sent without a copy.
const LARGE: usize = 16 * 1024;

/// Capacity for the head of most responses.
const HEAD: usize = 400;
/// That for what is around the content of a chunk.
const AROUND_CHUNK: usize = 32;

/// How a response is written.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    /// Whether only the head is sent, for a HEAD request.
    pub(super) head_only: bool,
    /// Whether the connection stays open.
    pub(super) keeps: bool,
    /// Whether the client uses HTTP/1.0, and must be told that the connection stays open.
    pub(super) is_old: bool,
    /// Seconds since 1970.
    pub(super) epoch_seconds: u64,
}

/// Responses that are not sent yet.
#[derive(Default)]
pub(super) struct Output {
    small: Vec<u8>,
    sent: usize,
    /// Follows `small`.
    large: Bytes,
    /// Whether a response goes on in chunks.
    is_chunked: bool,
}

impl Output {
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes are left to send.
    pub(super) fn len(&self) -> usize {
        self.small.len() - self.sent + self.large.len()
    }

    /// Whether it takes more writes, between which others run.
    pub(super) fn is_long(&self) -> bool {
        self.large.len() > AT_A_TIME
    }

    /// Whether nothing may be added until everything is sent.
    pub(super) fn is_full(&self) -> bool {
        !self.large.is_empty() || self.len() >= LARGE
    }

    /// The buffer to which responses are appended.
    fn small(&mut self) -> &mut Vec<u8> {
        if self.small.capacity() == 0 {
            self.small = buffer_pool::take();
        }
        &mut self.small
    }

    /// Adds `100 Continue`.
    pub(super) fn make_progress(&mut self) {
        self.small().extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
    }

    /// Adds a response. Must not be called when full.
    pub(super) fn add(&mut self, response: Response, manner: Manner) {
        let whole = response.body.len();
        let small = if manner.head_only || whole >= LARGE { 0 } else { whole };
        self.small().reserve(HEAD + small);
        self.begin_head(&response);
        let Response { status, body, tells_length, .. } = response;
        let to = &mut self.small;
        if tells_length && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            let mut digits = itoa::Buffer::new();
            write_header(to, header::CONTENT_LENGTH.as_str(), digits.format(body.len()).as_bytes());
        }
        self.end_head(manner);
        if manner.head_only {
            return;
        }
        if body.len() < LARGE {
            self.small.extend_from_slice(&body);
        } else {
            self.large = body;
        }
    }

    fn begin_head(&mut self, response: &Response) {
        let Response { status, common, etag, headers, .. } = response;
        let to = self.small();
        write_status(to, *status);
        for which in *common {
            write_common(to, *which);
        }
        for (name, value) in headers.iter() {
            write_header(to, name.as_str(), value.as_bytes());
        }
        if let Some(etag) = etag {
            write_header(to, header::ETAG.as_str(), etag.as_bytes());
        }
        if !headers.contains_key("cache-control") {
            write_common(to, Common::Private);
        }
        write_common(to, Common::Varies);
    }

    fn end_head(&mut self, manner: Manner) {
        let to = &mut self.small;
        write_header(to, header::DATE.as_str(), &date(manner.epoch_seconds));
        match (manner.keeps, manner.is_old) {
            (false, _) => write_header(to, header::CONNECTION.as_str(), b"close"),
            (true, true) => write_header(to, header::CONNECTION.as_str(), b"keep-alive"),
            (true, false) => {}
        }
        to.extend_from_slice(b"\r\n");
    }

    /// Adds the head of a response that goes on in chunks, or with HTTP/1.0, until the connection
    /// ends.
    pub(super) fn begin_stream(&mut self, response: &Response, manner: Manner) {
        self.is_chunked = !manner.is_old;
        self.begin_head(response);
        if self.is_chunked {
            write_header(&mut self.small, header::TRANSFER_ENCODING.as_str(), b"chunked");
        }
        self.end_head(Manner { keeps: manner.keeps && self.is_chunked, ..manner });
    }

    /// Adds a part of a response that goes on. Must not be called when full.
    pub(super) fn chunk(&mut self, [first, second]: &Encoded) {
        let (length, is_chunked) = (first.len() + second.len(), self.is_chunked);
        if length == 0 {
            return;
        }
        let to = self.small();
        to.reserve(AROUND_CHUNK + length);
        if is_chunked {
            write_hexadecimal(to, length);
            to.extend_from_slice(b"\r\n");
        }
        to.extend_from_slice(first);
        to.extend_from_slice(second);
        if is_chunked {
            to.extend_from_slice(b"\r\n");
        }
    }

    /// Ends a response that went on.
    pub(super) fn end_stream(&mut self) {
        if std::mem::take(&mut self.is_chunked) {
            self.small().extend_from_slice(b"0\r\n\r\n");
        }
    }

    /// Keeps what is left in a buffer of its own size, for a client that does not take it now.
    pub(super) fn keep_left(&mut self) {
        let left = self.small[self.sent..].to_vec();
        buffer_pool::give_back(std::mem::replace(&mut self.small, left));
        self.sent = 0;
    }

    /// Sends some bytes; ready with `false` once nothing is left.
    pub(super) fn poll_send<I>(
        &mut self,
        io: Pin<&mut I>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<bool>>
    where
        I: AsyncWrite,
    {
        if self.is_empty() {
            // An idle connection holds no buffer.
            buffer_pool::give_back(std::mem::take(&mut self.small));
            (self.sent, self.large) = (0, Bytes::new());
            return io.poll_flush(cx).map_ok(|()| false);
        }
        let small = &self.small[self.sent..];
        let sent = ready!(if self.large.is_empty() {
            io.poll_write(cx, small)
        } else {
            let large = &self.large[..self.large.len().min(AT_A_TIME)];
            io.poll_write_vectored(cx, &[IoSlice::new(small), IoSlice::new(large)])
        })?;
        if sent == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        let of_small = sent.min(small.len());
        self.sent += of_small;
        self.large.advance(sent - of_small);
        Poll::Ready(Ok(true))
    }
}

/// Writes a number that is not 0 as the head of a chunk has it.
fn write_hexadecimal(to: &mut Vec<u8>, number: usize) {
    let digits = (usize::BITS - number.leading_zeros()).div_ceil(4);
    for place in (0..digits).rev() {
        to.push(b"0123456789abcdef"[number >> (4 * place) & 0xf]);
    }
}

fn write_status(to: &mut Vec<u8>, status: StatusCode) {
    match status {
        StatusCode::OK => to.extend_from_slice(b"HTTP/1.1 200 OK\r\n"),
        StatusCode::NO_CONTENT => to.extend_from_slice(b"HTTP/1.1 204 No Content\r\n"),
        _ => {
            to.extend_from_slice(b"HTTP/1.1 ");
            to.extend_from_slice(status.as_str().as_bytes());
            to.push(b' ');
            to.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
            to.extend_from_slice(b"\r\n");
        }
    }
}

fn write_common(to: &mut Vec<u8>, which: Common) {
    let (name, value) = which.field();
    write_header(to, name.as_str(), value.as_bytes());
}

fn write_header(to: &mut Vec<u8>, name: &str, value: &[u8]) {
    to.extend_from_slice(name.as_bytes());
    to.extend_from_slice(b": ");
    to.extend_from_slice(value);
    to.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use http::header::HeaderValue;

    use super::*;
    use crate::message::EntityTag;

    const MANNER: Manner =
        Manner { head_only: false, keeps: true, is_old: false, epoch_seconds: 784_111_777 };

    fn written(response: Response, manner: Manner) -> String {
        let mut output = Output::default();
        output.add(response, manner);
        String::from_utf8([&output.small[..], &output.large].concat()).unwrap()
    }

    #[test]
    fn a_response_is_a_status_headers_and_a_body() {
        let mut response = Response::new("hi".into());
        response.common = &[Common::NoSniff];
        response.etag = Some(EntityTag::of([0x1a; 16]));
        response.headers.insert(header::AGE, HeaderValue::from_static("5"));
        let text = "HTTP/1.1 200 OK\r\nx-content-type-options: nosniff\r\nage: 5\r\n\
                    etag: \"1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a\"\r\ncache-control: private, no-cache\r\n\
                    vary: authorization, origin\r\ncontent-length: 2\r\n\
                    date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nhi";
        assert_eq!(written(response, MANNER), text);
    }

    #[test]
    fn a_response_to_head_has_the_length_of_the_omitted_body() {
        let response = Response::new(Bytes::from_static(b"hello"));
        let text = written(response, Manner { head_only: true, keeps: false, ..MANNER });
        assert!(
            text.contains("content-length: 5\r\n") && text.ends_with("connection: close\r\n\r\n")
        );
    }

    #[test]
    fn a_response_to_head_whose_body_nobody_has_made_has_no_length() {
        let text = written(Response::without_content(), Manner { head_only: true, ..MANNER });
        assert!(!text.contains("content-length"));
    }

    #[test]
    fn a_chunk_begins_with_its_length() {
        for length in [1, 15, 16, 255, 256, 0xabcd] {
            let mut output = Output { is_chunked: true, ..Output::default() };
            output.chunk(&[vec![b'.'; length - 1].into(), Bytes::from_static(b"!")]);
            let text = format!("{length:x}\r\n{}!\r\n", ".".repeat(length - 1));
            assert_eq!(output.small, text.as_bytes());
        }
    }

    #[test]
    fn a_client_that_does_not_read_holds_no_more_than_is_left_for_it() {
        let mut output = Output::default();
        output.chunk(&[vec![b'.'; LARGE].into(), Bytes::from_static(b"!")]);
        output.sent = LARGE - 1;
        output.keep_left();

        assert_eq!((&output.small[..], output.len()), (&b".!"[..], 2));
        assert_eq!(output.small.capacity(), 2);
        assert!(Output::default().small().capacity() > LARGE, "the buffer is used again");
    }

    #[test]
    fn a_response_without_a_body_has_no_length() {
        for status in [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED] {
            let response = Response::of(status, Bytes::new());
            assert!(!written(response, MANNER).contains("content-length"));
        }
    }
}

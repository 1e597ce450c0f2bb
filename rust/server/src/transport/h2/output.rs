//! Buffers outgoing frames and sends them together.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use super::super::buffer_pool;
use super::frame::{END_STREAM, Kind, write_head};

/// Content of at least this size, in bytes, is sent without a copy.
const LARGE: usize = 4 * 1024;
/// With this many bytes buffered, no more responses are written until some are sent.
const FULL: usize = 64 * 1024;
/// The most slices passed to one vectored write.
const PARTS: usize = 32;

/// Outgoing frames that are not sent yet.
#[derive(Default)]
pub(super) struct Output {
    /// Frame headers and short content.
    bytes: Vec<u8>,
    /// How many of `bytes` were sent.
    sent: usize,
    /// Long content; each with the number of `bytes` that precede it.
    large: VecDeque<(usize, Bytes)>,
    large_bytes: usize,
    sent_in_all: usize,
    /// Whether the TLS stream may still buffer some of what was sent.
    is_unflushed: bool,
}

impl Output {
    /// The buffer to which frames are appended.
    pub(super) fn bytes(&mut self) -> &mut Vec<u8> {
        if self.bytes.capacity() == 0 {
            self.bytes = buffer_pool::take();
        }
        &mut self.bytes
    }

    /// Writes a DATA frame with `parts`, which are `length` bytes together.
    pub(super) fn data(
        &mut self,
        stream: u32,
        ends: bool,
        length: usize,
        parts: impl Iterator<Item = Bytes>,
    ) {
        let flags = if ends { END_STREAM } else { 0 };
        write_head(self.bytes(), length, Kind::Data, flags, stream);
        for part in parts {
            if part.len() < LARGE {
                self.bytes.extend_from_slice(&part);
            } else {
                self.large_bytes += part.len();
                self.large.push_back((self.bytes.len(), part));
            }
        }
    }

    /// Copies long content, so that a client that does not read keeps no more than is buffered of what
    /// others have, too.
    pub(super) fn copy_large(&mut self) {
        for (_, part) in &mut self.large {
            *part = Bytes::copy_from_slice(part);
        }
    }

    /// Whether everything is sent and flushed.
    pub(super) fn is_sent(&self) -> bool {
        self.waiting() == 0 && !self.is_unflushed
    }

    /// Whether so much is buffered that no more responses should be written.
    pub(super) fn is_full(&self) -> bool {
        self.waiting() >= FULL
    }

    /// Whether so much is buffered that nothing more should be read either, since control frames
    /// are buffered here too. Below this limit, a client that sends first and reads later makes
    /// progress.
    pub(super) fn is_overfull(&self) -> bool {
        self.waiting() >= 2 * FULL
    }

    /// How many bytes were sent since the connection began; wraps around.
    pub(super) fn sent_in_all(&self) -> usize {
        self.sent_in_all
    }

    /// How many bytes are buffered.
    pub(super) fn waiting(&self) -> usize {
        self.bytes.len() - self.sent + self.large_bytes
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
        if self.waiting() == 0 {
            self.rest();
            ready!(io.poll_flush(cx))?;
            self.is_unflushed = false;
            return Poll::Ready(Ok(false));
        }
        let sent = ready!(if self.large.is_empty() {
            io.poll_write(cx, &self.bytes[self.sent..])
        } else {
            let mut parts = [IoSlice::new(&[]); PARTS];
            let count = self.parts(&mut parts);
            io.poll_write_vectored(cx, &parts[..count])
        })?;
        if sent == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.is_unflushed = true;
        self.sent_in_all = self.sent_in_all.wrapping_add(sent);
        self.advance(sent);
        Poll::Ready(Ok(true))
    }

    /// Returns the buffer, for the next connection of this thread.
    fn rest(&mut self) {
        buffer_pool::give_back(std::mem::take(&mut self.bytes));
        (self.sent, self.large) = (0, VecDeque::new());
    }

    /// Fills `to` with the first slices to send, in order, and returns how many there are.
    fn parts<'a>(&'a self, to: &mut [IoSlice<'a>; PARTS]) -> usize {
        let (mut at, mut count) = (self.sent, 0);
        for (before, part) in &self.large {
            if count + 2 > PARTS {
                return count;
            }
            if *before > at {
                to[count] = IoSlice::new(&self.bytes[at..*before]);
                (at, count) = (*before, count + 1);
            }
            to[count] = IoSlice::new(part);
            count += 1;
        }
        if at < self.bytes.len() && count < PARTS {
            to[count] = IoSlice::new(&self.bytes[at..]);
            count += 1;
        }
        count
    }

    fn advance(&mut self, mut sent: usize) {
        while sent > 0 {
            let before = self.large.front().map_or(self.bytes.len(), |(before, _)| *before);
            let of_bytes = sent.min(before - self.sent);
            self.sent += of_bytes;
            sent -= of_bytes;
            let Some((_, part)) = self.large.front_mut() else { continue };
            let of_part = sent.min(part.len());
            part.advance(of_part);
            self.large_bytes -= of_part;
            sent -= of_part;
            if part.is_empty() {
                self.large.pop_front();
            }
        }
        if self.sent >= FULL {
            self.forget_sent();
        }
    }

    /// Frees what was sent: a slow client may never read all of it.
    fn forget_sent(&mut self) {
        self.bytes.drain(..self.sent);
        for (before, _) in &mut self.large {
            *before -= self.sent;
        }
        self.sent = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::HEAD;
    use super::*;

    /// A writer that takes a few bytes at a time.
    struct Narrow(Vec<u8>, usize);

    impl AsyncWrite for Narrow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let taken = bytes.len().min(self.1);
            self.0.extend_from_slice(&bytes[..taken]);
            Poll::Ready(Ok(taken))
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            parts: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let whole: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
            self.poll_write(cx, &whole)
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn sent(output: &mut Output, narrow: usize) -> Vec<u8> {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut io = Narrow(Vec::new(), narrow);
        while let Poll::Ready(Ok(true)) = output.poll_send(Pin::new(&mut io), &mut cx) {}
        io.0
    }

    #[test]
    fn short_and_long_content_is_sent_in_order() {
        for narrow in [1, 7, LARGE, LARGE + HEAD, 1 << 20] {
            let mut output = Output::default();
            let mut expected = Vec::new();
            for round in 0..40_u8 {
                let parts = [usize::from(round), LARGE + usize::from(round), 0, 3]
                    .map(|length| Bytes::from(vec![round; length]));
                let length = parts.iter().map(Bytes::len).sum();
                write_head(&mut expected, length, Kind::Data, 0, round.into());
                expected.extend_from_slice(&parts.concat());
                output.data(round.into(), false, length, parts.into_iter());
            }
            assert!(output.is_full());
            assert!(sent(&mut output, narrow) == expected, "{narrow} at a time");
            assert!(output.is_sent());
            assert_eq!(output.sent_in_all(), expected.len());
        }
    }

    #[test]
    fn sent_bytes_are_freed_while_more_are_added() {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let (mut output, mut io) = (Output::default(), Narrow(Vec::new(), 5_000));
        let mut expected = Vec::new();
        for round in 0..10_000_u32 {
            let part = Bytes::from(vec![round.to_le_bytes()[0]; LARGE - 10]);
            write_head(&mut expected, part.len(), Kind::Data, 0, round);
            expected.extend_from_slice(&part);
            output.data(round, false, part.len(), std::iter::once(part));
            if output.is_full() {
                assert!(matches!(
                    output.poll_send(Pin::new(&mut io), &mut cx),
                    Poll::Ready(Ok(true))
                ));
            }
            assert!(output.bytes.capacity() <= 4 * FULL);
        }
        io.0.extend_from_slice(&sent(&mut output, 5_000));
        assert_eq!(io.0, expected);
    }

    #[test]
    fn a_connection_that_has_sent_everything_holds_no_buffer() {
        let mut output = Output::default();
        output.data(1, true, 5, std::iter::once(Bytes::from_static(b"hello")));
        sent(&mut output, 100);

        assert_eq!((output.bytes.capacity(), output.large.capacity()), (0, 0));
        assert!(output.bytes().capacity() > 0, "the buffer is reused");
    }
}

//! What a client sends on HTTP/2, frame by frame, as it goes by (RFC 9113 §4.1, §6).
//!
//! The `h2` crate keeps the rules of the protocol but knows no time: half a header
//! block may stay open for ever, and frames that only make work are answered as fast
//! as they come. Here their heads are read on the way in, a few instructions each, so
//! that the connection can tell who has had his time.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use std::io::{self, IoSlice};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`, before the first frame.
const PREFACE: u32 = 24;
const HEAD: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

/// For so many bytes that we send, one frame that only makes work is in order: whoever receives
/// much says how much more he can take, and asks how far away we are.
const BYTES_PER_ANSWER: usize = 4 * 1024;

/// What was seen so far.
#[derive(Default)]
pub(super) struct Frames {
    seen: Cell<u64>,
    in_block: Cell<bool>,
    is_inside: Cell<bool>,
    is_no_http2: Cell<bool>,
    idle_talk: Cell<i64>,
    sent: Cell<usize>,
    sent_in_all: Cell<usize>,
}

impl Frames {
    /// How many frames have begun.
    pub(super) fn seen(&self) -> u64 {
        self.seen.get()
    }

    /// Whether a block of headers has begun and not ended.
    pub(super) fn in_block(&self) -> bool {
        self.in_block.get()
    }

    /// Whether a frame has begun and not ended.
    pub(super) fn is_inside(&self) -> bool {
        self.is_inside.get()
    }

    /// Whether something else came before the settings with which a client begins (§3.4).
    pub(super) fn is_no_http2(&self) -> bool {
        self.is_no_http2.get()
    }

    /// How many bytes were sent so far.
    pub(super) fn sent_in_all(&self) -> usize {
        self.sent_in_all.get()
    }

    /// How many frames that only make work came since the last call, beyond those that are in
    /// order: one for each that asks for something, and some for what was sent.
    pub(super) fn take_idle_talk(&self) -> i64 {
        let answers = self.sent.get() / BYTES_PER_ANSWER;
        self.sent.set(self.sent.get() % BYTES_PER_ANSWER);
        self.idle_talk.replace(0) - i64::try_from(answers).unwrap_or(i64::MAX)
    }

    fn note(&self, kind: u8, flags: u8) {
        if self.seen.get() == 0 && (kind, flags & ACK) != (SETTINGS, 0) {
            self.is_no_http2.set(true);
        }
        self.seen.set(self.seen.get() + 1);
        if matches!(kind, HEADERS | CONTINUATION) {
            self.in_block.set(flags & END_HEADERS == 0);
        }
        let asks = matches!(kind, DATA | HEADERS);
        self.idle_talk.set(self.idle_talk.get() + if asks { -1 } else { 1 });
    }

    fn note_sent(&self, sent: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = sent {
            self.sent.set(self.sent.get() + bytes);
            self.sent_in_all.set(self.sent_in_all.get().wrapping_add(*bytes));
        }
    }
}

/// Finds the heads of frames in a stream of bytes.
struct Reader {
    frames: Rc<Frames>,
    /// How much of the preface or of a frame's content is still to come.
    left: u32,
    head: [u8; HEAD],
    known: usize,
}

impl Reader {
    fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let passed = bytes.len().min(self.left as usize);
                bytes = &bytes[passed..];
                self.left -= u32::try_from(passed).unwrap_or(self.left);
                continue;
            }
            let more = bytes.len().min(HEAD - self.known);
            self.head[self.known..self.known + more].copy_from_slice(&bytes[..more]);
            self.known += more;
            bytes = &bytes[more..];
            if self.known == HEAD {
                self.known = 0;
                let [a, b, c, kind, flags, ..] = self.head;
                self.left = u32::from_be_bytes([0, a, b, c]);
                self.frames.note(kind, flags);
            }
        }
        self.frames.is_inside.set(self.left > 0 || self.known > 0);
    }
}

/// A connection whose frames are seen.
pub(super) struct Watched<I> {
    io: I,
    first: BytesMut,
    reader: Reader,
}

impl<I> Watched<I> {
    /// Watches `io`, of which `first` was read already.
    pub(super) fn new(io: I, first: BytesMut) -> (Self, Rc<Frames>) {
        let frames = Rc::new(Frames::default());
        let reader = Reader { frames: frames.clone(), left: PREFACE, head: [0; HEAD], known: 0 };
        (Watched { io, first, reader }, frames)
    }
}

impl<I> AsyncRead for Watched<I>
where
    I: AsyncRead + Unpin,
{
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = to.filled().len();
        let read = if self.first.is_empty() {
            Pin::new(&mut self.io).poll_read(cx, to)
        } else {
            let more = to.remaining().min(self.first.len());
            to.put_slice(&self.first[..more]);
            self.first.advance(more);
            if self.first.is_empty() {
                self.first = BytesMut::new();
            }
            Poll::Ready(Ok(()))
        };
        self.reader.read(&to.filled()[before..]);
        read
    }
}

impl<I> AsyncWrite for Watched<I>
where
    I: AsyncWrite + Unpin,
{
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.reader.frames.note_sent(&sent);
        sent
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.io).poll_write_vectored(cx, parts);
        self.reader.frames.note_sent(&sent);
        sent
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: u8 = 6;

    fn frame(kind: u8, flags: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags, 0, 0, 0, 1], content].concat()
    }

    #[test]
    fn frames_are_seen_however_they_arrive() {
        let text = [
            vec![b'P'; PREFACE as usize],
            frame(SETTINGS, 0, &[]),
            frame(HEADERS, 0, &[1; 300]),
            frame(CONTINUATION, 0, &[4; 5]),
            frame(PING, 0, &[9; 8]),
            frame(PING, 0, &[9; 8]),
        ]
        .concat();
        for step in [1, 2, 9, 10, text.len()] {
            let (watched, frames) = Watched::new((), BytesMut::new());
            let mut reader = watched.reader;
            text.chunks(step).for_each(|part| reader.read(part));

            assert_eq!((frames.seen(), frames.in_block()), (5, true));
            // Four that only make work, and one that asks.
            assert_eq!([frames.take_idle_talk(), frames.take_idle_talk()], [3, 0]);
            frames.note_sent(&Poll::Ready(Ok(10_000)));
            assert_eq!([frames.take_idle_talk(), frames.take_idle_talk()], [-2, 0]);
            reader.read(&frame(CONTINUATION, END_HEADERS, &[]));
            assert!(!frames.in_block() && !frames.is_inside() && !frames.is_no_http2());
            reader.read(&[0, 0]);
            assert!(frames.is_inside());
        }
    }

    #[test]
    fn a_client_begins_with_its_settings() {
        for (kind, flags, is_none) in [(SETTINGS, 0, false), (SETTINGS, ACK, true), (PING, 0, true)]
        {
            let frames = Frames::default();
            frames.note(kind, flags);
            frames.note(PING, 0);
            assert_eq!(frames.is_no_http2(), is_none);
        }
    }
}

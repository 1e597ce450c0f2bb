//! What a stream of a connection and its WebSocket pass each other: each runs in a task of its own.
//!
//! Neither side keeps more than the other takes: the client gets credit for what was read, and what is
//! written waits until the stream may send it.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::web_socket::{Ending, Moved};
use super::settings::STREAM_WINDOW;
use crate::topics::Notifier;

/// How many bytes that were written may wait until they are sent.
const MOST_WRITTEN: usize = 8 * 1024;
/// With this many bytes read, the client gets credit for them.
const CREDIT: usize = STREAM_WINDOW as usize / 2;

/// Both directions.
pub(super) struct Pipe {
    state: RefCell<State>,
    /// Whether the WebSocket reads no more.
    is_deaf: Cell<bool>,
    /// What the WebSocket has read and written, and how much waits for it.
    pub(super) moved: Moved,
    /// Where it tells that there is something to send, or to do.
    notifier: Notifier,
}

#[derive(Default)]
struct State {
    received: BytesMut,
    /// Whether the client has ended the stream.
    has_ended: bool,
    /// How many bytes were read, or need not be, for which the client has no credit yet.
    credit: usize,
    written: BytesMut,
    /// How the WebSocket has ended, if it has.
    ending: Option<Ending>,
    /// Whether the stream is closed.
    is_closed: bool,
    /// Whether the connection was told, and has not looked since.
    is_told: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// A pipe; `has_ended` is whether the client has ended the stream already.
pub(super) fn pipe(notifier: Notifier, has_ended: bool) -> (StreamEnd, SocketEnd) {
    let state = RefCell::new(State { has_ended, ..State::default() });
    let pipe =
        Rc::new(Pipe { state, is_deaf: Cell::new(false), moved: Moved::default(), notifier });
    (StreamEnd(pipe.clone()), SocketEnd(pipe))
}

impl Pipe {
    /// Has the connection look at the stream.
    fn tell(&self, state: &mut State) {
        if !std::mem::replace(&mut state.is_told, true) {
            self.notifier.notify();
        }
    }

    /// Owes the client credit for more bytes.
    fn add_credit(&self, state: &mut State, bytes: usize) {
        state.credit += bytes;
        if state.credit >= CREDIT {
            self.tell(state);
        }
    }
}

/// The state of a stream whose DATA frames belong to a WebSocket.
pub(super) struct Tunnel {
    pub(super) pipe: StreamEnd,
    /// Whether it is in the queue of streams to send.
    pub(super) is_queued: bool,
}

/// The end of the stream; dropping it closes the stream for the WebSocket.
pub(super) struct StreamEnd(Rc<Pipe>);

impl StreamEnd {
    /// Passes on what the client has sent.
    pub(super) fn receive(&self, content: &[u8], ends: bool) {
        let mut state = self.0.state.borrow_mut();
        state.has_ended |= ends;
        if self.0.is_deaf.get() {
            return;
        }
        state.received.extend_from_slice(content);
        self.0.moved.waiting.set(state.received.capacity());
        state.wake();
    }

    /// Gives credit for bytes that are not passed on.
    pub(super) fn skip(&self, bytes: usize) {
        let mut state = self.0.state.borrow_mut();
        self.0.add_credit(&mut state, bytes);
    }

    /// Takes the credit that the client is to get now, in bytes; the connection looks at the stream.
    pub(super) fn take_credit(&self) -> usize {
        let mut state = self.0.state.borrow_mut();
        state.is_told = false;
        if state.credit < CREDIT { 0 } else { std::mem::take(&mut state.credit) }
    }

    /// How the WebSocket has ended, if it has and everything is sent, or never will be.
    pub(super) fn ending(&self) -> Option<Ending> {
        let state = self.0.state.borrow();
        let is_cut = state.ending.is_some() && !state.written.is_empty();
        if is_cut { Some(Ending::Broken) } else { state.ending }
    }

    /// How many bytes wait to be sent.
    pub(super) fn left(&self) -> usize {
        self.0.state.borrow().written.len()
    }

    /// The next `length` bytes to send.
    pub(super) fn take(&self, length: usize) -> Bytes {
        let mut state = self.0.state.borrow_mut();
        let taken = state.written.split_to(length).freeze();
        if state.written.is_empty() {
            state.written = BytesMut::new();
        }
        if let Some(writer) = state.writer.take() {
            writer.wake();
        }
        taken
    }
}

impl Drop for StreamEnd {
    fn drop(&mut self) {
        let mut state = self.0.state.borrow_mut();
        state.is_closed = true;
        state.wake();
    }
}

impl State {
    fn wake(&mut self) {
        self.reader.take().into_iter().chain(self.writer.take()).for_each(Waker::wake);
    }

    fn check(&self) -> io::Result<()> {
        if self.is_closed { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

/// The end of the WebSocket; dropping it without an [`Ending`] breaks the stream off.
pub(super) struct SocketEnd(Rc<Pipe>);

impl SocketEnd {
    /// The pipe, which counts what moves.
    pub(super) fn pipe(&self) -> Rc<Pipe> {
        self.0.clone()
    }

    /// Reads no more: what was received is dropped, and so is what still comes, for which the client gets no
    /// credit.
    pub(super) fn stop_reading(&self) {
        self.0.is_deaf.set(true);
        self.0.state.borrow_mut().received = BytesMut::new();
        self.0.moved.waiting.set(0);
    }

    /// Waits until everything is sent, or never will be.
    pub(super) async fn sent(&mut self) {
        poll_fn(|cx| {
            let mut state = self.0.state.borrow_mut();
            if state.is_closed || state.written.is_empty() {
                return Poll::Ready(());
            }
            state.writer = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Ends the stream.
    pub(super) fn end(self, ending: Ending) {
        self.0.state.borrow_mut().ending = Some(ending);
    }
}

impl Drop for SocketEnd {
    fn drop(&mut self) {
        let mut state = self.0.state.borrow_mut();
        state.ending.get_or_insert(Ending::Broken);
        self.0.tell(&mut state);
    }
}

impl AsyncRead for SocketEnd {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.0.state.borrow_mut();
        state.check()?;
        let length = state.received.len().min(buffer.remaining());
        if length == 0 && !state.has_ended {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        buffer.put_slice(&state.received[..length]);
        state.received.advance(length);
        if state.received.is_empty() {
            state.received = BytesMut::new();
        }
        self.0.moved.waiting.set(state.received.capacity());
        self.0.add_credit(&mut state, length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SocketEnd {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.0.state.borrow_mut();
        state.check()?;
        let length = bytes.len().min(MOST_WRITTEN - state.written.len());
        if length == 0 && !bytes.is_empty() {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.written.extend_from_slice(&bytes[..length]);
        self.0.tell(&mut state);
        Poll::Ready(Ok(length))
    }

    /// As for a socket, what is written is on its way.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.state.borrow().check())
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_for_a_websocket_that_reads_no_more() {
        let (stream, socket) = pipe(Notifier::default(), false);
        stream.receive(b"before", false);
        assert_ne!(socket.pipe().moved.waiting.get(), 0);

        socket.stop_reading();
        stream.receive(&vec![0; CREDIT], true);

        assert_eq!(socket.pipe().moved.waiting.get(), 0);
        assert_eq!(socket.0.state.borrow().received.capacity(), 0);
        assert!(socket.0.state.borrow().has_ended);
        assert_eq!(stream.take_credit(), 0);
    }

    #[test]
    fn the_connection_is_told_to_give_credit_for_padding_alone() {
        let notifier = Notifier::default();
        let (stream, _socket) = pipe(notifier.clone(), false);

        stream.skip(CREDIT - 1);
        assert_eq!(notifier.ready.pop(), None);
        stream.skip(1);

        assert_eq!(notifier.ready.pop(), Some(notifier.token));
        assert_eq!(stream.take_credit(), CREDIT);
    }
}

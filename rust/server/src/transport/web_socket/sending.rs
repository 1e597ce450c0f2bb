//! Sends messages in frames, as a client takes them.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;
use futures_util::Sink;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};
use tokio_tungstenite::tungstenite::{Error as Fault, Result};

use super::{Ending, Socket, WRITE};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::front::web_socket::{Outgoing, close};
use crate::limits::STALLED;
use crate::memory_budget::Quiet;
use crate::plan;
use crate::stats::Closed;

impl<I> Socket<'_, I>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    /// Sends what the endpoint has; whether that ends with a close.
    pub(super) async fn send_all(&mut self) -> Result<bool> {
        loop {
            let now = self.holder.client.worker.core.clock.now();
            while self.unsent < WRITE {
                match self.endpoint.next(now) {
                    Outgoing::Text(text) => self.send_text(text).await?,
                    Outgoing::Close(why) => {
                        self.close(&why).await;
                        return Ok(true);
                    }
                    Outgoing::Nothing => return self.flush().await.map(|()| false),
                }
            }
            self.flush().await?;
        }
    }

    /// Sends a message, in as many frames as it needs.
    async fn send_text(&mut self, mut text: Bytes) -> Result<()> {
        // Each part holds all of it.
        self.unsent += text.len();
        let (whole, mut data) = (text.len(), Data::Text);
        loop {
            let part = text.split_to(text.len().min(WRITE));
            let frame = Frame::message(part, OpCode::Data(data), text.is_empty());
            self.write(Message::Frame(frame)).await?;
            if text.is_empty() {
                return Ok(());
            }
            self.flush().await?;
            (self.unsent, data) = (whole, Data::Continue);
        }
    }

    /// Closes it for a reason.
    pub(super) async fn close(&mut self, why: &Error) -> Ending {
        let (code, reason) = close(why);
        self.end(code.into(), reason).await
    }

    /// Closes it with a code and a reason.
    pub(super) async fn end(&mut self, code: CloseCode, reason: &'static str) -> Ending {
        let frame = CloseFrame { code, reason: reason.into() };
        let closed = self.write(Message::Close(Some(frame))).await;
        if closed.is_err() || self.flush().await.is_err() {
            return Ending::Broken;
        }
        Ending::Said
    }

    /// Adds a frame to what is flushed next.
    pub(super) async fn write(&mut self, message: Message) -> Result<()> {
        let frames = &mut self.frames;
        let is_ready = poll_fn(|cx| Poll::Ready(Pin::new(&mut *frames).poll_ready(cx).is_ready()));
        if !is_ready.await {
            self.flush().await?;
        }
        Pin::new(&mut self.frames).start_send(message)
    }

    /// Sends what was written; fails if the client takes too long to read it, or if it is over.
    pub(super) async fn flush(&mut self) -> Result<()> {
        // Whoever has an answer may ask again at once, on another thread.
        plan::end_turn();
        let held = self.kept + self.unsent;
        let Socket { frames, holder, moved, endpoint, ready, .. } = self;
        let clock = holder.client.worker.core.clock;
        let (mut stalled, mut written): (Option<(Deadline, Quiet)>, _) = (None, 0);
        let flushed = poll_fn(|cx| {
            if let Poll::Ready(done) = Pin::new(&mut *frames).poll_flush(cx) {
                return Poll::Ready(done);
            }
            if std::mem::replace(&mut written, moved.written.get()) != moved.written.get() {
                stalled = None;
            }
            ready.wake(cx);
            if endpoint.is_over() {
                return Poll::Ready(Err(Fault::ConnectionClosed));
            }
            // Reserved only for a client that reads slower than messages come.
            let (deadline, quiet) =
                stalled.get_or_insert_with(|| (Deadline::within(clock, STALLED), Quiet::default()));
            let held = held + moved.waiting.get();
            let reservation = &mut *holder.reservation;
            if reservation.reserve(held).is_err() || reservation.is_lost(quiet, deadline, cx) {
                holder.closed(Closed::NoRoom);
                return Poll::Ready(Err(Fault::ConnectionClosed));
            }
            deadline.poll(cx).map(|()| {
                holder.closed(Closed::Stalled);
                Err(Fault::ConnectionClosed)
            })
        })
        .await;
        self.holder.reservation.shrink(self.kept);
        self.unsent = 0;
        flushed
    }
}

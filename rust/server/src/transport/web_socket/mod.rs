//! The WebSocket (RFC 6455): the frames, by a library, and the time and memory that a client may take.
//! It runs on a connection of HTTP/1.1, or on a stream of one of HTTP/2 (RFC 8441).

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error as Fault;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

use self::counted::Counted;
pub(super) use self::counted::Moved;
use super::shutdown::Shutdown;
use crate::deadline::Deadline;
use crate::error::{Error, Overload};
use crate::front::client::Client;
use crate::front::web_socket::{Endpoint, Talk};
use crate::limits::{UNANSWERED_PINGS, WEB_SOCKET_MESSAGE_BYTES};
use crate::memory_budget::{Quiet, Reservation};
use crate::stats::Closed;
use crate::topics::Ready;

mod counted;
mod sending;

/// How much is read at once, in bytes: an idle connection holds as much.
const READ: usize = 4 * 1024;
/// How much is written at once, in bytes, and the most in a frame: a connection that was sent a long
/// message keeps no buffer of that size.
const WRITE: usize = 8 * 1024;
/// The least bytes of a control frame: its head and its mask.
const CONTROL: usize = 2 + 4;

/// How a WebSocket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Everything was sent; the client may still be sending.
    Said,
    /// At once: it is broken.
    Broken,
}

/// What a WebSocket needs of whom it belongs to.
pub(super) struct Holder<'a> {
    pub(super) client: &'a Client,
    /// Whether the connection ends with it.
    pub(super) is_connection: bool,
    pub(super) stop: &'a mut Shutdown,
    pub(super) deadline: &'a mut Deadline,
    pub(super) reservation: &'a mut Reservation,
}

impl Holder<'_> {
    /// Counts why the server ends the connection, if it does.
    fn closed(&self, why: Closed) {
        if self.is_connection {
            self.client.closed(why);
        }
    }
}

/// What wakes a WebSocket.
enum News {
    Message(Message),
    /// A subscription has something to send.
    Subscription(u32),
    /// The client is to be asked whether it is still there.
    PingDue,
    Stop,
    /// The client takes memory that others need.
    NoRoom,
    /// The client has gone.
    Over(Option<Fault>),
}

/// A WebSocket.
struct Socket<'a, I> {
    frames: WebSocketStream<Counted<'a, I>>,
    endpoint: Box<dyn Endpoint>,
    ready: Rc<Ready>,
    holder: Holder<'a>,
    moved: &'a Moved,
    /// How many bytes were read before the message that arrives.
    begun: usize,
    /// How long the client has sent nothing of it.
    quiet: Quiet,
    /// How many bytes the library keeps for long messages of the client.
    kept: usize,
    /// How many bytes of messages are not flushed.
    unsent: usize,
    leaves: bool,
    ping_every: Duration,
    /// How many bytes were read when the last ping was sent, and how many pings before that got no
    /// answer.
    pinged: usize,
    unanswered: u32,
}

/// Runs a WebSocket until either side closes it; `input` has arrived, and `moved` counts what is read and
/// written from now on.
pub(super) async fn run<I>(
    (io, input): (&mut I, BytesMut),
    talk: Talk,
    holder: Holder<'_>,
    moved: &Moved,
) -> Ending
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let Talk { endpoint, ready, ping_every } = talk;
    let (io, input) = (Counted { io, moved }, input.into());
    let frames = WebSocketStream::from_partially_read(io, input, Role::Server, Some(limits()));
    let mut socket = Socket {
        frames: frames.await,
        endpoint,
        ready,
        holder,
        moved,
        begun: 0,
        quiet: Quiet::default(),
        kept: 0,
        unsent: 0,
        leaves: false,
        ping_every,
        pinged: 0,
        unanswered: 0,
    };
    socket.run().await
}

fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ)
        .write_buffer_size(WRITE)
        .max_message_size(Some(WEB_SOCKET_MESSAGE_BYTES))
        .max_frame_size(Some(WEB_SOCKET_MESSAGE_BYTES))
}

impl<I> Socket<'_, I>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    /// Runs until either side closes it.
    async fn run(&mut self) -> Ending {
        self.ping_later();
        loop {
            let sent = self.send_all().await;
            self.holder.client.worker.stats.settle();
            let ended = match sent {
                Ok(true) => Some(Ending::Said),
                Ok(false) => {
                    let news = self.news().await;
                    self.take(news).await
                }
                Err(_) => Some(Ending::Broken),
            };
            if let Some(ending) = ended {
                return ending;
            }
        }
    }

    /// Does what is to be done; returns how it ends, if it does.
    async fn take(&mut self, news: News) -> Option<Ending> {
        match news {
            News::Subscription(number) => self.endpoint.has_news(number),
            News::Stop => self.endpoint.leave(),
            News::Message(Message::Text(text)) => self.endpoint.receive(self.holder.client, &text),
            News::Message(Message::Binary(_)) => {
                return Some(self.end(CloseCode::Unsupported, "send text, in JSON").await);
            }
            News::Message(Message::Close(_)) => {
                // The library has written the answer.
                let _ = self.flush().await;
                return Some(Ending::Said);
            }
            News::Message(_) => {}
            News::PingDue => return self.ping().await,
            News::NoRoom => {
                self.holder.closed(Closed::NoRoom);
                return Some(self.close(&Error::Overloaded(Overload::Bytes)).await);
            }
            News::Over(fault) => {
                return Some(match fault.as_ref().and_then(code) {
                    Some(code) => self.end(code, "").await,
                    None => Ending::Broken,
                });
            }
        }
        None
    }

    /// Asks whether the client is still there, unless it has not answered for long.
    async fn ping(&mut self) -> Option<Ending> {
        let read = self.moved.read.get();
        let is_silent = std::mem::replace(&mut self.pinged, read) == read;
        self.unanswered = if is_silent { self.unanswered + 1 } else { 0 };
        if self.unanswered > UNANSWERED_PINGS {
            self.holder.closed(Closed::Idle);
            return Some(Ending::Broken);
        }
        self.ping_later();
        let pinged = self.write(Message::Ping(Bytes::new())).await;
        pinged.is_err().then_some(Ending::Broken)
    }

    fn ping_later(&mut self) {
        let now = self.holder.client.worker.core.clock.now();
        self.holder.deadline.set(now.moment, self.ping_every);
    }

    /// Waits until there is something to do.
    async fn news(&mut self) -> News {
        poll_fn(|cx| self.poll_news(cx)).await
    }

    fn poll_news(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        self.ready.wake(cx);
        if !self.leaves && self.holder.stop.poll(cx) {
            self.leaves = true;
            return Poll::Ready(News::Stop);
        }
        if let Some(number) = self.ready.pop() {
            return Poll::Ready(News::Subscription(number));
        }
        let before = self.moved.read.get();
        match Pin::new(&mut self.frames).poll_next(cx) {
            Poll::Ready(Some(Ok(message))) => {
                self.has_arrived(&message);
                return Poll::Ready(News::Message(message));
            }
            Poll::Ready(Some(Err(fault))) => return Poll::Ready(News::Over(Some(fault))),
            Poll::Ready(None) => return Poll::Ready(News::Over(None)),
            Poll::Pending => {}
        }
        let read = self.moved.read.get();
        self.quiet.moved(read.wrapping_sub(before));
        let held = buffers(read.wrapping_sub(self.begun)).max(self.kept);
        if held > 0 && self.has_no_room(held, cx) {
            return Poll::Ready(News::NoRoom);
        }
        self.holder.deadline.poll(cx).map(|()| News::PingDue)
    }

    /// Counts a message of the client's. One of control may come between the parts of another.
    fn has_arrived(&mut self, message: &Message) {
        let read = self.moved.read.get();
        if message.is_text() || message.is_binary() {
            // The library keeps the buffer for the next one.
            self.kept = self.kept.max(buffers(read.wrapping_sub(self.begun)));
            (self.begun, self.quiet) = (read, Quiet::default());
            self.holder.reservation.shrink(self.kept);
        } else {
            self.begun = self.begun.wrapping_add(CONTROL + message.len());
        }
    }

    /// Whether there is no memory for what has arrived of a message, and for what is kept.
    fn has_no_room(&mut self, held: usize, cx: &mut Context<'_>) -> bool {
        let Socket { holder: Holder { reservation, deadline, .. }, quiet, .. } = self;
        reservation.reserve(held).is_err() || reservation.is_lost(quiet, deadline, cx)
    }
}

/// The memory of so many bytes of a message, beyond that of each WebSocket: buffers double as they
/// grow.
fn buffers(bytes: usize) -> usize {
    if bytes > READ { 2 * bytes } else { 0 }
}

/// The close code for what the library refuses to read.
fn code(fault: &Fault) -> Option<CloseCode> {
    match fault {
        Fault::Capacity(_) => Some(CloseCode::Size),
        Fault::Utf8(_) => Some(CloseCode::Invalid),
        Fault::Protocol(_) => Some(CloseCode::Protocol),
        _ => None,
    }
}

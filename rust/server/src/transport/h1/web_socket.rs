//! The WebSocket on HTTP/1.1 (RFC 6455): the frames, by a library, and the time and memory that a client
//! may take.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error as Fault;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

use super::connection::{Connection, Ending};
use super::counted::{Counted, Moved};
use super::output::Manner;
use crate::deadline::Deadline;
use crate::error::{Error, Overload};
use crate::front::client::Client;
use crate::front::web_socket::{Endpoint, Upgrade};
use crate::limits::{UNANSWERED_PINGS, WEB_SOCKET_MESSAGE_BYTES};
use crate::memory_budget::{Quiet, Reservation};
use crate::stats::Closed;
use crate::topics::Ready;
use crate::transport::shutdown::Shutdown;

mod sending;

/// How much is read at once, in bytes: an idle connection holds as much.
const READ: usize = 4 * 1024;
/// How much is written at once, in bytes, and the most in a frame: a connection that was sent a long
/// message keeps no buffer of that size.
const WRITE: usize = 8 * 1024;
/// The least bytes of a control frame: its head and its mask.
const CONTROL: usize = 2 + 4;

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

/// A WebSocket and what it needs of its connection.
struct Socket<'a, I> {
    frames: WebSocketStream<Counted<'a, I>>,
    endpoint: Box<dyn Endpoint>,
    ready: Rc<Ready>,
    client: &'a Client,
    stop: &'a mut Shutdown,
    deadline: &'a mut Deadline,
    reservation: &'a mut Reservation,
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

impl<I> Connection<I>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    /// Answers with a WebSocket, which ends with the connection.
    pub(super) async fn upgrade(&mut self, upgrade: Box<Upgrade>, manner: Manner) {
        let Upgrade { response, endpoint, ready, ping_every } = *upgrade;
        self.output.add(response, manner);
        if !self.send().await {
            return;
        }
        let (input, moved) = (std::mem::take(&mut self.input).into(), Moved::default());
        let io = Counted { io: &mut self.io, moved: &moved };
        let frames = WebSocketStream::from_partially_read(io, input, Role::Server, Some(limits()));
        let mut socket = Socket {
            frames: frames.await,
            endpoint,
            ready,
            client: &self.client,
            stop: &mut self.stop,
            deadline: &mut self.deadline,
            reservation: &mut self.reservation,
            moved: &moved,
            begun: 0,
            quiet: Quiet::default(),
            kept: 0,
            unsent: 0,
            leaves: false,
            ping_every,
            pinged: 0,
            unanswered: 0,
        };
        self.ending = socket.run().await;
    }
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
    /// Runs until either side closes it; returns how the connection ends.
    async fn run(&mut self) -> Ending {
        self.deadline.set(self.client.worker.core.clock.now().moment, self.ping_every);
        loop {
            let sent = self.send_all().await;
            self.client.worker.stats.settle();
            let ended = match sent {
                Ok(true) => Some(Ending::WhileItSends),
                Ok(false) => {
                    let news = self.news().await;
                    self.take(news).await
                }
                Err(_) => Some(Ending::Now),
            };
            if let Some(ending) = ended {
                return ending;
            }
        }
    }

    /// Does what is to be done; returns how the connection ends, if it does.
    async fn take(&mut self, news: News) -> Option<Ending> {
        match news {
            News::Subscription(number) => self.endpoint.has_news(number),
            News::Stop => self.endpoint.leave(),
            News::Message(Message::Text(text)) => self.endpoint.receive(self.client, &text),
            News::Message(Message::Binary(_)) => {
                return Some(self.end(CloseCode::Unsupported, "send text, in JSON").await);
            }
            News::Message(Message::Close(_)) => {
                // The library has written the answer.
                let _ = self.flush().await;
                return Some(Ending::WhileItSends);
            }
            News::Message(_) => {}
            News::PingDue => return self.ping().await,
            News::NoRoom => {
                self.client.closed(Closed::NoRoom);
                return Some(self.close(&Error::Overloaded(Overload::Bytes)).await);
            }
            News::Over(fault) => {
                return Some(match fault.as_ref().and_then(code) {
                    Some(code) => self.end(code, "").await,
                    None => Ending::Now,
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
            self.client.closed(Closed::Idle);
            return Some(Ending::Now);
        }
        self.deadline.set(self.client.worker.core.clock.now().moment, self.ping_every);
        let pinged = self.write(Message::Ping(Bytes::new())).await;
        pinged.is_err().then_some(Ending::Now)
    }

    /// Waits until there is something to do.
    async fn news(&mut self) -> News {
        poll_fn(|cx| self.poll_news(cx)).await
    }

    fn poll_news(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        self.ready.wake(cx);
        if !self.leaves && self.stop.poll(cx) {
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
        self.deadline.poll(cx).map(|()| News::PingDue)
    }

    /// Counts a message of the client's. One of control may come between the parts of another.
    fn has_arrived(&mut self, message: &Message) {
        let read = self.moved.read.get();
        if message.is_text() || message.is_binary() {
            // The library keeps the buffer for the next one.
            self.kept = self.kept.max(buffers(read.wrapping_sub(self.begun)));
            (self.begun, self.quiet) = (read, Quiet::default());
            self.reservation.shrink(self.kept);
        } else {
            self.begun = self.begun.wrapping_add(CONTROL + message.len());
        }
    }

    /// Whether there is no memory for what has arrived of a message, and for what is kept.
    fn has_no_room(&mut self, held: usize, cx: &mut Context<'_>) -> bool {
        let Socket { reservation, quiet, deadline, .. } = self;
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

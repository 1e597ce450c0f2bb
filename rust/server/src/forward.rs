//! Forwards control requests to the Python app over a Unix socket.
//!
//! The app speaks HTTP/1.1 and trusts the headers that describe the caller, since no other process
//! can reach the socket: such headers from a client are removed first.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http::header::{self, HeaderName, HeaderValue};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::sync::RwLock;
use tokio::time::{sleep, timeout};

use crate::control_queue::ControlQueue;
use crate::error::{Error, Overload, Result};
use crate::gate::{Caller, claims_of};
use crate::limits::{CONTROL_ANSWER, CONTROL_START, CONTROL_WAITING};
use crate::message::{Headers, Response};
use crate::stats::Stats;

/// The prefix of reserved headers.
const OURS: &str = "attimo-";
const ACCOUNT: HeaderName = HeaderName::from_static("attimo-account");
const KEY: HeaderName = HeaderName::from_static("attimo-key");
/// What a verified disposable token says of itself: the middle part of its JWT.
const TOKEN: HeaderName = HeaderName::from_static("attimo-token");
const SESSION: HeaderName = HeaderName::from_static("attimo-session");
const PEER: HeaderName = HeaderName::from_static("attimo-peer");
const SCHEME: HeaderName = HeaderName::from_static("attimo-scheme");
const PROTOCOL: HeaderName = HeaderName::from_static("attimo-protocol");
/// Connection-specific headers, which must not be forwarded (RFC 9110 §7.6.1).
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::PROXY_AUTHORIZATION,
    header::CONTENT_LENGTH,
];
const CONNECT_AGAIN: Duration = Duration::from_millis(20);

type Sender = SendRequest<Full<Bytes>>;

/// EMFILE and ENFILE: the limit of open files of the process or of the system is reached.
const NO_HANDLES: [i32; 2] = [24, 23];

/// The sender of a request, as far as the data plane knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// An authenticated caller.
    Known,
    /// A client with a cookie, which may be that of a session.
    Session(IpAddr),
    /// An unauthenticated client.
    Unknown(IpAddr),
}

/// The queues of requests without a token, which all threads share.
#[derive(Default)]
pub(crate) struct ControlQueues {
    sessions: ControlQueue,
    unknown: ControlQueue,
}

/// Holds back requests for the app: each request has a read lock until it is answered, so a write
/// lock waits for those in progress and blocks new ones.
pub(crate) type ControlLock = Arc<RwLock<()>>;

/// One thread's connections to the app.
pub(crate) struct App {
    socket: PathBuf,
    queues: Arc<ControlQueues>,
    stats: Arc<Stats>,
    control_lock: ControlLock,
    idle: RefCell<Vec<Sender>>,
    waiting: Cell<usize>,
}

impl App {
    /// The app that listens at `socket`; it may come up later.
    pub(crate) fn new(
        socket: PathBuf,
        queues: Arc<ControlQueues>,
        stats: Arc<Stats>,
        control_lock: ControlLock,
    ) -> Self {
        App { socket, queues, stats, control_lock, idle: RefCell::default(), waiting: Cell::new(0) }
    }

    /// Sends a request to the app and waits for the whole response.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the app does not start, disconnects or takes too long,
    /// [`Error::Overloaded`] if too many wait for it already, and [`Error::NoHandles`].
    pub(crate) async fn ask(&self, request: Request<Full<Bytes>>, from: From) -> Result<Response> {
        let answer = timeout(CONTROL_ANSWER, async {
            match from {
                From::Known => {
                    let _waiting = Waiting::begin(&self.waiting)?;
                    self.pass(request).await
                }
                From::Session(peer) => self.in_turn(&self.queues.sessions, peer, request).await,
                From::Unknown(peer) => self.in_turn(&self.queues.unknown, peer, request).await,
            }
        })
        .await
        .unwrap_or(Err(Error::Unavailable));
        if answer.as_ref().is_err_and(|error| *error == Error::NoHandles) {
            self.stats.lacked_handle();
        }
        answer
    }

    async fn in_turn(
        &self,
        queue: &ControlQueue,
        peer: IpAddr,
        request: Request<Full<Bytes>>,
    ) -> Result<Response> {
        match queue.enter(peer).await {
            Ok(_turn) => self.pass(request).await,
            Err(error) => {
                self.stats.turned_away(peer);
                Err(error)
            }
        }
    }

    async fn pass(&self, request: Request<Full<Bytes>>) -> Result<Response> {
        let _under_way = self.control_lock.read().await;
        self.exchange(request).await
    }

    async fn exchange(&self, mut request: Request<Full<Bytes>>) -> Result<Response> {
        while let Some(mut idle) = self.next_idle().await {
            match idle.try_send_request(request).await {
                Ok(answer) => return self.whole(idle, answer).await,
                // The app closed the connection before the request was sent, so another one may
                // take it.
                Err(mut error) => request = error.take_message().ok_or(Error::Unavailable)?,
            }
        }
        let mut sender = self.open().await?;
        let answer = sender.send_request(request).await.map_err(|_| Error::Unavailable)?;
        self.whole(sender, answer).await
    }

    /// Reads the whole response, and keeps the connection for the next request.
    async fn whole(&self, sender: Sender, answer: http::Response<Incoming>) -> Result<Response> {
        let (mut parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(|_| Error::Unavailable)?.to_bytes();
        self.idle.borrow_mut().push(sender);
        for name in &HOP_BY_HOP {
            parts.headers.remove(name);
        }
        // The front sets its own date.
        parts.headers.remove(header::DATE);
        Ok(http::Response::from_parts(parts, body).into())
    }

    async fn next_idle(&self) -> Option<Sender> {
        loop {
            let mut idle = self.idle.borrow_mut().pop()?;
            if idle.ready().await.is_ok() {
                return Some(idle);
            }
        }
    }

    async fn open(&self) -> Result<Sender> {
        // The app needs a file handle for its end of the connection, too; without one it stops
        // accepting for a second.
        let other_end = File::open("/dev/null").map_err(|error| lacking(&error))?;
        let stream = self.connect().await?;
        drop(other_end);
        let connected = handshake(TokioIo::new(stream)).await;
        let (sender, connection) = connected.map_err(|_| Error::Unavailable)?;
        // It ends when its sender is dropped or the app disconnects; the sender reports both.
        tokio::task::spawn_local(connection);
        Ok(sender)
    }

    /// The data plane starts before the app, so early requests wait for it.
    async fn connect(&self) -> Result<UnixStream> {
        let deadline = Instant::now() + CONTROL_START;
        loop {
            match UnixStream::connect(&self.socket).await {
                Ok(stream) => return Ok(stream),
                Err(error) if lacking(&error) == Error::NoHandles => return Err(Error::NoHandles),
                Err(_) if Instant::now() < deadline => sleep(CONNECT_AGAIN).await,
                Err(_) => return Err(Error::Unavailable),
            }
        }
    }
}

/// The error for a file or socket that could not be opened.
fn lacking(error: &io::Error) -> Error {
    if lacks_handles(error) { Error::NoHandles } else { Error::Unavailable }
}

/// Whether the limit of open files is the reason.
pub(crate) fn lacks_handles(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| NO_HANDLES.contains(&code))
}

/// One request that waits for the app.
struct Waiting<'a>(&'a Cell<usize>);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a Cell<usize>) -> Result<Self> {
        if waiting.get() >= CONTROL_WAITING {
            return Err(Error::Overloaded(Overload::Control));
        }
        waiting.set(waiting.get() + 1);
        Ok(Waiting(waiting))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// The protocol of a request, so that the app need not detect it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// A message of gRPC, without its frame.
    Grpc,
    /// A request of plain HTTP.
    Http,
}

impl Speaks {
    fn name(self) -> &'static str {
        match self {
            Speaks::Grpc => "grpc",
            Speaks::Http => "http",
        }
    }
}

/// Prepares `headers` for the app: removes reserved names, and adds the caller, the protocol and
/// whether the connection is `secure`.
///
/// The holder of a disposable token is no caller of the app, which sees an unknown client, and of a
/// request that may have one, its [`claims`].
pub(crate) fn introduce(
    headers: &mut Headers,
    caller: Option<&Caller>,
    peer: IpAddr,
    secure: bool,
    speaks: Speaks,
) {
    headers.retain(|name| !name.starts_with(OURS) && !HOP_BY_HOP.iter().any(|hop| hop == name));
    // The app identifies the caller by the headers below; a token must not reach its logs.
    headers.remove(header::AUTHORIZATION);
    headers.insert(PEER, text(&peer.to_canonical().to_string()));
    headers.insert(SCHEME, HeaderValue::from_static(if secure { "https" } else { "http" }));
    headers.insert(PROTOCOL, HeaderValue::from_static(speaks.name()));
    if let Some(caller) = caller.filter(|caller| !caller.is_disposable()) {
        headers.insert(ACCOUNT, HeaderValue::from(caller.account.0));
        headers.insert(KEY, text(&caller.key_id));
        headers.extend(caller.session.map(|hash| (SESSION, text(&hexadecimal(&hash)))));
    }
}

/// What `token` says of itself, as a header for the app. It is disposable, and was verified; without
/// its signature it opens nothing.
pub(crate) fn claims(token: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    Some((TOKEN, HeaderValue::from_bytes(&claims_of(token)?).ok()?))
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""))
}

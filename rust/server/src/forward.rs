//! What is not data goes to the control plane's app, over a Unix socket.
//!
//! The app speaks HTTP/1.1 and trusts what we say of the caller, since nobody
//! else can reach the socket: so whatever a client says in such headers is
//! taken out first.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};

use crate::error::{Error, Overload, Result};
use crate::gate::Caller;
use crate::limits::{CONTROL_ANSWER, CONTROL_START, CONTROL_WAITING};

/// Headers of ours start so.
const OURS: &str = "attimo-";
const ACCOUNT: HeaderName = HeaderName::from_static("attimo-account");
const KEY: HeaderName = HeaderName::from_static("attimo-key");
const PEER: HeaderName = HeaderName::from_static("attimo-peer");
const SCHEME: HeaderName = HeaderName::from_static("attimo-scheme");
/// Headers about a connection say nothing beyond it (RFC 9110 §7.6.1).
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

/// One thread's connections to the app.
pub(crate) struct App {
    socket: PathBuf,
    idle: RefCell<Vec<Sender>>,
    waiting: Cell<usize>,
}

impl App {
    /// The app that listens at `socket`; it may come up later.
    pub(crate) fn new(socket: PathBuf) -> Self {
        App { socket, idle: RefCell::default(), waiting: Cell::new(0) }
    }

    /// Asks the app and waits for the whole answer.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the app does not come up, breaks off or takes too long, and
    /// [`Error::Overloaded`] if too many wait for it already.
    pub(crate) async fn ask(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>> {
        let _waiting = Waiting::begin(&self.waiting)?;
        let answer = timeout(CONTROL_ANSWER, self.exchange(request)).await;
        answer.unwrap_or(Err(Error::Unavailable))
    }

    async fn exchange(&self, mut request: Request<Full<Bytes>>) -> Result<Response<Bytes>> {
        while let Some(mut idle) = self.next_idle().await {
            match idle.try_send_request(request).await {
                Ok(answer) => return self.whole(idle, answer).await,
                // The app had hung up, and nothing of the request was sent: another may take it.
                Err(mut error) => request = error.take_message().ok_or(Error::Unavailable)?,
            }
        }
        let mut sender = self.open().await?;
        let answer = sender.send_request(request).await.map_err(|_| Error::Unavailable)?;
        self.whole(sender, answer).await
    }

    /// Takes the whole answer in, and keeps the connection for the next request.
    async fn whole(&self, sender: Sender, answer: Response<Incoming>) -> Result<Response<Bytes>> {
        let (mut parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(|_| Error::Unavailable)?.to_bytes();
        self.idle.borrow_mut().push(sender);
        for name in &HOP_BY_HOP {
            parts.headers.remove(name);
        }
        // The front says when it answers.
        parts.headers.remove(header::DATE);
        Ok(Response::from_parts(parts, body))
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
        let stream = self.connect().await?;
        let connected = handshake(TokioIo::new(stream)).await;
        let (sender, connection) = connected.map_err(|_| Error::Unavailable)?;
        // It ends when its sender is dropped or the app hangs up; the sender tells of both.
        tokio::task::spawn_local(connection);
        Ok(sender)
    }

    /// The data plane serves before the app has come up: such a request waits for it.
    async fn connect(&self) -> Result<UnixStream> {
        let deadline = Instant::now() + CONTROL_START;
        loop {
            match UnixStream::connect(&self.socket).await {
                Ok(stream) => return Ok(stream),
                Err(_) if Instant::now() < deadline => sleep(CONNECT_AGAIN).await,
                Err(_) => return Err(Error::Unavailable),
            }
        }
    }
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

/// Makes `headers` fit for the app: what is ours out, what we know of the caller in, and whether
/// it came by a `secure` connection.
pub(crate) fn introduce(
    headers: &mut HeaderMap,
    caller: Option<&Caller>,
    peer: IpAddr,
    secure: bool,
) {
    let foreign: Vec<_> =
        headers.keys().filter(|name| name.as_str().starts_with(OURS)).cloned().collect();
    for name in foreign.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    // The app knows who it is by what follows; a token must not reach its logs.
    headers.remove(header::AUTHORIZATION);
    headers.insert(PEER, text(&peer.to_canonical().to_string()));
    headers.insert(SCHEME, HeaderValue::from_static(if secure { "https" } else { "http" }));
    if let Some(caller) = caller {
        headers.insert(ACCOUNT, HeaderValue::from(caller.account.0));
        headers.insert(KEY, text(&caller.key_id));
    }
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""))
}

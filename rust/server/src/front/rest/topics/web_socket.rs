//! The handshake of a WebSocket, over HTTP/1.1 (RFC 6455 §4.2) and HTTP/2 (RFC 8441 §5). No extension is
//! offered: what is compressed takes memory for each connection (RFC 7692 §7.2.3.4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, StatusCode, Version};
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

use super::super::query::Query;
use super::super::{paths, status};
use super::session::Session;
use super::topic_path::TopicPath;
use crate::error::{Error, Result};
use crate::front::client::Client;
use crate::front::streamed::{Answered, heartbeat_every};
use crate::front::web_socket::{Talk, Upgrade};
use crate::front::{admission, basic};
use crate::gate::Presence;
use crate::message::{Headers, Parts, Response};
use crate::topics::Notifier;

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const UPGRADE: HeaderValue = HeaderValue::from_static("upgrade");
const VERSION: HeaderValue = HeaderValue::from_static("13");
/// RFC 6455 §1.3.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The memory of a header field, in bytes, without its text.
const FIELD_BYTES: usize = 80;
/// How many bytes a key stands for.
const KEY_BYTES: usize = 16;
const NO_KEY: Error = Error::Malformed("`sec-websocket-key` must be 16 bytes in base64");
const NOT_HERE: Error = Error::Malformed("WebSockets are at `/topics/{cache}`, without a topic");
const OTHER_VERSION: Error = Error::Malformed("`sec-websocket-version` must be 13");

/// The memory of a WebSocket that is a stream of an HTTP/2 connection, in bytes: what is counted for a
/// connection covers that of HTTP/1.1.
const STREAM_BYTES: u64 = 12 * 1024;

/// Whether the client asks for a WebSocket.
pub(super) fn is_wanted(parts: &Parts) -> bool {
    parts.is_for_stream()
        || parts.version == Version::HTTP_11
            && parts.method == Method::GET
            && has_token(&parts.headers, header::UPGRADE, b"websocket")
            && has_token(&parts.headers, header::CONNECTION, b"upgrade")
}

fn has_token(headers: &Headers, name: HeaderName, token: &[u8]) -> bool {
    let values = headers.get_all(name);
    let mut tokens = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    tokens.any(|one| one.trim_ascii().eq_ignore_ascii_case(token))
}

/// Begins a WebSocket about the topics of a cache, for a client who may use it.
///
/// # Errors
///
/// Those of [`crate::gate::AuthorizationCache::authorize`], [`Error::NoSuchCache`] and
/// [`Error::Malformed`].
pub(super) fn begin(
    client: &Client,
    parts: &Parts,
    path: TopicPath,
    notifier: Notifier,
) -> Result<Answered> {
    if path.topic.is_some() || !paths::is_of_topic(&parts.target) {
        return Err(NOT_HERE);
    }
    let presence = admit(client, parts, &path.cache, &notifier)?;
    if parts.headers.get(header::SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        let mut refusal = status::response(&OTHER_VERSION);
        refusal.headers.insert(header::SEC_WEBSOCKET_VERSION, VERSION);
        return Ok(Answered::Whole(refusal));
    }
    let response =
        if parts.is_for_stream() { on_stream(&parts.headers) } else { switching(&parts.headers)? };
    let ready = notifier.ready.clone();
    let endpoint = Box::new(Session::new(parts.clone(), path.cache, notifier, presence));
    let ping_every = heartbeat_every(client.local);
    let talk = Talk { endpoint, ready, ping_every };
    Ok(Answered::Upgraded(Upgrade { response, talk }.into()))
}

/// Switches a connection of HTTP/1.1.
fn switching(headers: &Headers) -> Result<Response> {
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(NO_KEY)?;
    let mut response = Response::without_content();
    response.headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept(key.as_bytes())?);
    response.status = StatusCode::SWITCHING_PROTOCOLS;
    response.headers.insert(header::UPGRADE, WEBSOCKET);
    response.headers.insert(header::CONNECTION, UPGRADE);
    Ok(response)
}

/// Answers on a stream of HTTP/2. A key has no use there; but Envoy hands that of HTTP/1.1 on, and its
/// client waits for the proof.
fn on_stream(headers: &Headers) -> Response {
    let mut response = Response::without_content();
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    if let Some(proof) = key.and_then(|key| accept(key.as_bytes()).ok()) {
        response.headers.insert(header::SEC_WEBSOCKET_ACCEPT, proof);
    }
    response
}

/// The proof that the handshake was understood.
fn accept(key: &[u8]) -> Result<HeaderValue> {
    if STANDARD.decode(key).ok().is_none_or(|bytes| bytes.len() != KEY_BYTES) {
        return Err(NO_KEY);
    }
    let mut digest = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    digest.update(key);
    digest.update(GUID);
    let accept = Bytes::from(STANDARD.encode(digest.finish()));
    HeaderValue::from_maybe_shared(accept).map_err(|_| NO_KEY)
}

/// Lets the client in, if there is the cache and it is theirs; `notifier` is told when that may be over.
fn admit(client: &Client, parts: &Parts, cache: &str, notifier: &Notifier) -> Result<Presence> {
    let query = Query::of(&parts.target)?;
    let basic = basic::password(&parts.headers);
    let credential =
        admission::credential(client, parts, query.token.as_deref(), basic.as_deref())?;
    let (worker, mut authorizations) = (&client.worker, client.authorizations.borrow_mut());
    let now = worker.core.clock.now();
    let gate = &worker.core.gate;
    let authorized =
        authorizations.authorize(gate, &worker.meter, credential, cache.as_bytes(), now);
    let authorization = &client.noting(authorized)?;
    let (permits, topics) = (&worker.permits, &worker.topics);
    let of_stream = if parts.is_for_stream() { STREAM_BYTES } else { 0 };
    let notifier = (notifier.clone(), head_bytes(parts) + of_stream);
    permits.presence(credential, (cache, authorization), topics, notifier)
}

/// The memory of the head of a request, in bytes; the target is there twice.
fn head_bytes(parts: &Parts) -> u64 {
    let fields = parts.headers.iter();
    let fields = fields.map(|(name, value)| FIELD_BYTES + name.as_str().len() + value.len());
    (2 * parts.target.path_and_query().len() + fields.sum::<usize>()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_answered_as_in_the_example_of_the_rfc() {
        assert_eq!(accept(b"dGhlIHNhbXBsZSBub25jZQ==").unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        for key in [&b""[..], b"x", b"c2hvcnQ=", b"dGhlIHNhbXBsZSBub25jZQ"] {
            assert!(accept(key).is_err());
        }
    }
}

//! Plain HTTP, the same on HTTP/1.1 and HTTP/2.
//!
//! `/cache/{cache}` and what an operator asks are answered here; everything else
//! is the control plane's.

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::uri::Authority;
use http::{Request, Response, Uri};
use http_body_util::Full;

use super::Visit;
use super::request_id::{self, REQUEST_ID};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::forward;
use crate::gate::Credential;
use crate::stats::{Class, Via, guarded};

mod cache;
mod operator;
mod query;
mod status;

pub(super) use self::query::Query;
pub(super) use self::status::problem;

const CACHE: &str = "/cache/";

/// Whether the request is for the data plane.
pub(super) fn is_data(uri: &Uri) -> bool {
    uri.path().starts_with(CACHE) || operator::is_answered(uri.path())
}

/// Answers a request for the data plane.
pub(super) fn answer(
    visit: &Visit,
    parts: &Parts,
    body: Result<Bytes>,
    now: Now,
) -> Response<Bytes> {
    let answered = match parts.uri.path().strip_prefix(CACHE) {
        Some(name) => guarded(|| cache::answer(visit, parts, name, body, now)),
        None => Ok(operator::answer(visit, parts)),
    };
    answered.unwrap_or_else(|error| {
        let mut response = refused(visit, &error);
        if error == Error::Internal {
            response.headers_mut().insert(REQUEST_ID, visit.mistaken(&parts.headers));
        }
        response
    })
}

/// The response that tells of `error`, which is counted.
pub(super) fn refused(visit: &Visit, error: &Error) -> Response<Bytes> {
    let response = status::response(error);
    visit.worker.stats.failed(Via::Http, response.status().as_u16());
    response
}

/// Has the control plane answer.
pub(super) async fn forward(
    visit: &Visit,
    mut parts: Parts,
    body: Result<Bytes>,
) -> Response<Bytes> {
    if operator::is_metrics(parts.uri.path()) {
        return operator::metrics(visit, &parts).await;
    }
    let began = visit.worker.core.clock.now();
    let id = request_id::of(&parts.headers);
    parts.headers.insert(REQUEST_ID, id.clone());
    let answered = ask(visit, parts, body).await;
    let mut response = answered.unwrap_or_else(|error| status::response(&error));
    response.headers_mut().insert(REQUEST_ID, id);
    visit.worker.stats.controlled(Via::Http, began, Class::of_status(response.status()));
    response
}

async fn ask(visit: &Visit, mut parts: Parts, body: Result<Bytes>) -> Result<Response<Bytes>> {
    let query = Query::of(&parts.uri)?;
    let credential = credential(visit, &parts, query.token.as_deref())?;
    // Some pages are for everybody; whether this one is, the control plane knows.
    let caller = if credential.token.is_empty() && !credential.local {
        None
    } else {
        let now = visit.worker.core.clock.now();
        Some(visit.worker.core.gate.admit_to_control(credential, now)?)
    };
    let host = HeaderValue::from_str(host(&parts)).unwrap_or(HeaderValue::from_static("localhost"));
    forward::introduce(&mut parts.headers, caller.as_ref(), visit.peer.ip(), visit.secure);
    parts.headers.insert(header::HOST, host);
    let mut request = Request::new(Full::new(body?));
    *request.method_mut() = parts.method;
    *request.headers_mut() = parts.headers;
    *request.uri_mut() = query.path_without_token;
    visit.worker.app.ask(request).await
}

/// The token of a request, from the header or the query; never from both.
pub(super) fn credential<'a>(
    visit: &Visit,
    parts: &'a Parts,
    query: Option<&'a str>,
) -> Result<Credential<'a>> {
    let header = parts.headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let header = header.map(|token| token.strip_prefix(b"Bearer ").unwrap_or(token));
    if header.is_some() && query.is_some() {
        let both = "send the token as `authorization` or as `token`, not as both";
        return Err(Error::Malformed(both));
    }
    let token = header.or(query.map(str::as_bytes)).unwrap_or_default();
    let credential = visit.credential(token);
    Ok(Credential { local: credential.local && !is_of_a_page(parts), ..credential })
}

/// Whether a web page may have sent this: its own origin gives it away, or a host name that it made
/// point here. The owner's rights on a `--local` server are not for pages.
fn is_of_a_page(parts: &Parts) -> bool {
    let host = host(parts);
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let ours = matches!(name, "" | "localhost" | "127.0.0.1" | "[::1]");
    parts.headers.contains_key(header::ORIGIN) || !(ours || name.ends_with(".localhost"))
}

/// The host that the client means, with its port; empty if it does not say.
fn host(parts: &Parts) -> &str {
    let header = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    header.or(parts.uri.authority().map(Authority::as_str)).unwrap_or_default()
}

//! Plain HTTP, the same on HTTP/1.1 and HTTP/2.
//!
//! `/cache/{cache}`, the paths below it and those for operators are answered here;
//! everything else is forwarded to the control plane.

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use percent_encoding::percent_decode_str;

use super::client::Client;
use super::known::Known;
use super::request_id::{self, REQUEST_ID};
use super::streamed::Answered;
use super::{admission, basic, caching, host, origins};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::forward::{self, From, Speaks};
use crate::gate::{Caller, Credential};
use crate::message::{Parts, Response};
use crate::methods::Verb;
use crate::stats::{Class, Via, guarded};
use crate::steps::Steps;
use crate::topics::Notifier;

mod allowance;
mod batch;
mod body;
mod cache;
mod collection;
mod conditions;
mod content_type;
mod dictionary;
mod events;
mod json;
mod known_call;
mod leaderboard;
pub(crate) mod limited;
mod list;
mod listing;
mod media;
mod offered;
mod operator;
pub(crate) mod paths;
mod problem;
pub(super) mod query;
mod ranges;
mod reply;
mod request;
mod routes;
mod scalar;
mod set;
mod sorted_set;
pub(crate) mod status;
mod topic_listing;
mod topics;
mod whole;

pub(crate) use self::known_call::KnownCall;
use self::problem::or_problem;
pub(crate) use self::problem::refused;
use self::query::Query;

const NO_TOKEN_OF_A_PAGE: Error =
    Error::NoToken("a page of another origin must send a token in `authorization`");

/// Answers a request with the same headers as one before.
pub(crate) fn answer_known(
    client: &Client,
    parts: &Parts,
    call: &KnownCall,
    body: Result<Bytes>,
    now: Now,
    steps: &Steps<'_>,
) -> Response {
    or_problem(client, parts, guarded(|| call.serve(client, parts, body, now, steps)))
}

/// Answers a request for the data plane, and keeps in `known` what its headers ask for.
pub(crate) fn answer(
    client: &Client,
    parts: &Parts,
    known: Option<&Known<KnownCall>>,
    body: Result<Bytes>,
    now: Now,
    steps: &Steps<'_>,
) -> Response {
    if let Some(refusal) = offered::refusal(client, parts) {
        return refusal;
    }
    let answered = match parts.target.path().strip_prefix(paths::CACHE) {
        Some(path) => guarded(|| cache::answer(client, parts, known, path, body, (now, steps))),
        None if paths::is_publish(parts) => {
            guarded(|| topics::publish(client, parts, body, now, steps))
        }
        None => Ok(operator::answer(client, parts)),
    };
    or_problem(client, parts, answered)
}

/// The same for a remote store.
pub(crate) async fn answer_async(client: &Client, parts: &Parts, body: Result<Bytes>) -> Response {
    if let Some(refusal) = offered::refusal(client, parts) {
        return refusal;
    }
    let path = parts.target.path().strip_prefix(paths::CACHE).unwrap_or_default();
    let now = client.worker.core.clock.now();
    let steps = Steps::one();
    let serve =
        || guarded(|| cache::answer(client, parts, None, path, body.clone(), (now, &steps)));
    let answered = client.worker.core.gate.backend().wait_for(serve).await;
    or_problem(client, parts, answered)
}

/// Waits for messages of a topic, or begins a stream of them.
pub(crate) async fn subscribe(client: &Client, parts: &Parts, notifier: Notifier) -> Answered {
    if let Some(refusal) = offered::refusal(client, parts) {
        return Answered::Whole(refusal);
    }
    topics::subscribe(client, parts, notifier)
        .await
        .unwrap_or_else(|error| Answered::Whole(refusal(client, parts, error)))
}

/// The response for an error of a request.
pub(crate) fn refusal(client: &Client, parts: &Parts, error: Error) -> Response {
    let response = or_problem(client, parts, Err(error));
    events::or_event(parts, response, client.worker.core.clock.now())
}

/// Forwards the request to the control plane.
pub(crate) async fn forward(client: &Client, mut parts: Parts, body: Result<Bytes>) -> Response {
    if let Some(refusal) = offered::refusal(client, &parts) {
        return refusal;
    }
    if paths::is_metrics(parts.target.path()) {
        return operator::metrics(client, &parts).await;
    }
    let began = client.worker.core.clock.now();
    let id = request_id::of(&parts.headers);
    parts.headers.insert(REQUEST_ID, id.clone());
    let answered = ask(client, parts, body).await;
    let mut response = answered.unwrap_or_else(|error| status::response(&error));
    response.headers.insert(REQUEST_ID, id);
    caching::keep_nothing(&mut response.headers);
    client.worker.stats.controlled(Via::Http, began, Class::of_status(response.status));
    response
}

async fn ask(client: &Client, mut parts: Parts, body: Result<Bytes>) -> Result<Response> {
    if percent_decode_str(parts.target.path()).any(|byte| byte.is_ascii_control()) {
        return Err(Error::Malformed("the path holds a control character"));
    }
    let query = Query::of(&parts.target)?;
    let basic = basic::password(&parts.headers);
    let credential =
        admission::credential(client, &parts, query.token.as_deref(), basic.as_deref())?;
    let target = query.without_token(&parts.target)?;
    let is_foreign = origins::is_foreign(&parts, client.secure);
    // Some pages are public; the control plane knows which.
    let (caller, refusal) = if credential.token.is_empty() && !credential.local {
        if is_foreign {
            return Err(NO_TOKEN_OF_A_PAGE);
        }
        (None, None)
    } else {
        let now = client.worker.core.clock.now();
        match client.noting(admitted(client, &parts, credential, now)) {
            Ok(caller) => (Some(caller), None),
            // A public page is served whatever the token is.
            Err(refusal) if Verb::of(&parts.method) == Some(Verb::Get) => (None, Some(refusal)),
            Err(refusal) => return Err(refusal),
        }
    };
    let disposable = caller.as_ref().filter(|caller| caller.is_disposable());
    let claims = disposable.and_then(|_| forward::claims(credential.token));
    // A cookie that a browser adds by itself does not prove that the user wants this request, nor
    // does it replace a token that was refused.
    if is_foreign || refusal.is_some() {
        parts.headers.remove(header::COOKIE);
    }
    let from = match &caller {
        // Tokens are handed to browsers: their requests wait, so that those of keys do not.
        Some(caller) if caller.is_disposable() => From::Session(client.peer.ip()),
        Some(_) => From::Known,
        None if parts.headers.contains_key(header::COOKIE) => From::Session(client.peer.ip()),
        None => From::Unknown(client.peer.ip()),
    };
    let host =
        HeaderValue::from_str(host::of(&parts)).unwrap_or(HeaderValue::from_static("localhost"));
    let (caller, peer) = (caller.as_ref(), client.peer.ip());
    forward::introduce(&mut parts.headers, caller, peer, client.secure, Speaks::Http);
    parts.headers.extend(claims);
    parts.headers.insert(header::HOST, host);
    let body = body?;
    if !body.is_empty() {
        let kind = content_type(&parts)?;
        parts.headers.insert(header::CONTENT_TYPE, kind);
    }
    let mut request = Request::new(Full::new(body));
    // HEAD is forwarded as GET, since only the whole answer has the length; the connection drops
    // the body.
    *request.method_mut() = if parts.method == Method::HEAD { Method::GET } else { parts.method };
    *request.headers_mut() = parts.headers.into();
    *request.uri_mut() = target;
    let answer = client.worker.app.ask(request, from).await?;
    match refusal {
        // The page needs authentication, so the reason why the token was refused is more useful.
        Some(refusal) if answer.status == StatusCode::UNAUTHORIZED => Err(refusal),
        _ => Ok(challenged(answer)),
    }
}

/// The content type of a body for the control plane: a form of a page, or JSON.
fn content_type(parts: &Parts) -> Result<HeaderValue> {
    if paths::is_page(parts.target.path()) {
        media::form(&parts.headers)?;
        Ok(media::FORM)
    } else {
        media::json(&parts.headers)?;
        Ok(status::JSON)
    }
}

/// Authenticates a request for the control plane. A disposable token may only ask about itself.
fn admitted(
    client: &Client,
    parts: &Parts,
    credential: Credential<'_>,
    now: Now,
) -> Result<Caller> {
    let gate = &client.worker.core.gate;
    if paths::is_whoami(parts.target.path()) {
        gate.admit(credential, now)
    } else {
        gate.admit_to_control(credential, now)
    }
}

/// Adds `www-authenticate` to a 401 (RFC 9110 §15.5.2).
fn challenged(mut answer: Response) -> Response {
    if answer.status == StatusCode::UNAUTHORIZED {
        status::challenge(&mut answer.headers);
    }
    answer
}

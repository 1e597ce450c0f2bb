//! `/cache/{cache}` and the paths below: authorization, routing and 405 answers.
//!
//! Below a cache are routes and keys. A route takes `key` or `key_base64` in the query, or is a
//! POST, or is `keys` with `prefix` or `prefix_base64` in the query; any other GET, PUT, HEAD or
//! DELETE names a key by the rest of its path, percent-decoded, whatever it is called.

use std::borrow::Cow;
use std::rc::Rc;

use bytes::Bytes;
use http::Method;
use memchr::memchr;

use super::known_call::KnownCall;
use super::paths::decoded;
use super::query::Query;
use super::request::CacheRequest;
use super::routes;
use super::{allowance, conditions, listing, status, topic_listing};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::front::client::Client;
use crate::front::known::Known;
use crate::front::{admission, basic};
use crate::gate::{INVALID, SignedUrl};
use crate::message::{Parts, Response};
use crate::methods::Verb;
use crate::steps::Steps;

const NOT_SIGNED_FOR: Error = Error::denied("a signed URL is for GET, PUT and POST only");

/// Answers a request for a cache; `path` follows `/cache/`. What the headers ask for is kept in `known`.
///
/// # Errors
///
/// [`crate::error::Error`], which the caller turns into a response.
pub(super) fn answer(
    client: &Client,
    parts: &Parts,
    known: Option<&Known<KnownCall>>,
    path: &str,
    body: Result<Bytes>,
    (now, steps): (Now, &Steps<'_>),
) -> Result<Response> {
    let (name, below) = match memchr(b'/', path.as_bytes()) {
        Some(at) => (&path[..at], Some(&path[at + 1..])),
        None => (path, None),
    };
    let query = Query::of(&parts.target)?;
    let basic = basic::password(&parts.headers);
    let credential =
        admission::credential(client, parts, query.token.as_deref(), basic.as_deref())?;
    let cache = decoded(name);
    let (gate, meter) = (&client.worker.core.gate, &client.worker.meter);
    let authorization =
        client.authorizations.borrow_mut().authorize(gate, meter, credential, &cache, now);
    let below = Below::of(below, &query);
    let (authorization, signed) = match authorization {
        Err(INVALID) if below.may_be_key => {
            let opened = gate.open_url(meter, credential, &cache, now);
            let (authorization, signed) = client.noting(opened)?;
            (Rc::new(authorization), Some(signed))
        }
        authorization => (client.noting(authorization)?, None),
    };
    let wanted = match Verb::of(&parts.method) {
        // Forms and encoders that support only POST can write to a signed URL as well.
        Some(Verb::Post) if signed.is_some() => Some(Verb::Put),
        wanted => wanted,
    };
    if let Some(signed) = &signed {
        check(signed, wanted, &query)?;
    }
    let path_key = below.key(wanted);
    let route = below.path.filter(|_| path_key.is_none());
    let Some(handler) = wanted.and_then(|verb| routes::at(verb, route)) else {
        return Ok(below.refusal(&parts.method));
    };
    if !(route.is_none() && matches!(wanted, Some(Verb::Get | Verb::Put))) {
        conditions::refuse(&parts.headers)?;
    }
    let in_path = below.path.filter(|_| path_key.is_some());
    if let Some(known) = known.filter(|_| signed.is_none())
        && let Some(call) = KnownCall::of(parts, &query, in_path, handler, &authorization)
    {
        known.set(Rc::new(call));
    }
    let answered = handler(&CacheRequest {
        gate,
        stats: &client.worker.stats,
        authorization: &authorization,
        now,
        steps,
        body,
        key: path_key,
        is_in_path: in_path.is_some(),
        headers: &parts.headers,
        query,
        is_head: parts.method == Method::HEAD,
    });
    allowance::told(client, parts, &authorization, answered)
}

/// What follows a cache in a path.
struct Below<'a> {
    path: Option<&'a str>,
    /// Whether it is a key to those methods that there are for keys.
    may_be_key: bool,
}

impl<'a> Below<'a> {
    fn of(path: Option<&'a str>, query: &Query<'_>) -> Self {
        let is_of_list = matches!(path, Some(listing::PATH | topic_listing::PATH));
        let is_listing = is_of_list && query.has(listing::PREFIX);
        let may_be_key =
            path.is_some_and(|path| !path.is_empty()) && !query.has("key") && !is_listing;
        Below { path, may_be_key }
    }

    /// Whether it is a key to this method.
    fn is_key_to(&self, verb: Verb) -> bool {
        self.may_be_key && routes::at(verb, None).is_some()
    }

    /// The key that it is for this method, if it is one.
    fn key(&self, wanted: Option<Verb>) -> Option<Cow<'a, [u8]>> {
        let is_key = wanted.is_some_and(|verb| self.is_key_to(verb));
        self.path.filter(|_| is_key).map(decoded)
    }

    /// Refuses a method that neither a key nor a route has.
    fn refusal(&self, method: &Method) -> Response {
        let is_allowed = |verb| self.is_key_to(verb) || routes::at(verb, self.path).is_some();
        let mut allowed = Verb::ALL.into_iter().filter(|verb| is_allowed(*verb)).peekable();
        if allowed.peek().is_none() {
            return status::no_such_path();
        }
        status::not_allowed(method, allowed)
    }
}

/// Checks that a signed URL permits this method; the call checks the item.
fn check(signed: &SignedUrl, wanted: Option<Verb>, query: &Query<'_>) -> Result<()> {
    match wanted {
        Some(Verb::Get) => signed.check_get(),
        Some(Verb::Put) => signed.check_set(query.ttl()?),
        _ => Err(NOT_SIGNED_FOR),
    }
}

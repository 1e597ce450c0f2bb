//! `/cache/{cache}` and what is below it: who asks, for which cache, and what answers there.
//!
//! Below a cache are routes and keys. A route takes `key` or `key_base64` in the query, or is a POST;
//! any other GET, PUT, HEAD or DELETE names a key by the rest of its path, percent-decoded, whatever
//! it is called.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use percent_encoding::percent_decode_str;

use super::content_type::ContentType;
use super::query::Query;
use super::routes::{self, Answers, Verb};
use super::{conditions, media, status};
use crate::api::Api;
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::front::{Visit, basic};
use crate::gate::{Call, Gate, INVALID, Pass, SignedUrl};
use crate::stats::{Class, ThreadStats, Via};

const NOT_SIGNED_FOR: Error = Error::Denied("a signed URL is for GET, PUT and POST only");

/// What answers a request: it picks the method to count and to permit, and runs it.
pub(super) type Handler = fn(&Asked<'_>) -> Result<Response<Bytes>>;

/// A request whose sender and cache are known.
pub(super) struct Asked<'a> {
    gate: &'a Gate,
    stats: &'a ThreadStats,
    pass: &'a Pass,
    now: Now,
    body: Result<Bytes>,
    /// The key that the path names, if it names one.
    path_key: Option<Cow<'a, [u8]>>,
    pub(super) headers: &'a HeaderMap,
    pub(super) query: Query<'a>,
    /// Whether the answer goes without its body.
    pub(super) is_head: bool,
}

impl Asked<'_> {
    /// Runs `run` as a call of `api`, from permission to count.
    ///
    /// # Errors
    ///
    /// Those of [`Call::begin`] and of `run`.
    pub(super) fn run(
        &self,
        api: Api,
        run: impl FnOnce(&mut Call<'_>) -> Result<Response<Bytes>>,
    ) -> Result<Response<Bytes>> {
        let mut call = self.gate.call(self.pass, api, self.now);
        let response = call.begin().and_then(|()| {
            let response = run(&mut call)?;
            // A request about no item at all has not been told yet that there is no cache.
            call.namespace().map(|_| response)
        });
        call.finish(response.is_err());
        self.stats.answered(Via::Http, api, self.now, Class::of(&response));
        response
    }

    /// The key that the request is about.
    ///
    /// # Errors
    ///
    /// Those of [`Query::element`].
    pub(super) fn key(&self) -> Result<Cow<'_, [u8]>> {
        self.path_key.as_deref().map_or_else(|| self.query.element("key"), |key| Ok(key.into()))
    }

    /// The keys that the request is about.
    ///
    /// # Errors
    ///
    /// Those of [`Query::some_elements`].
    pub(super) fn keys(&self) -> Result<Vec<Cow<'_, [u8]>>> {
        self.path_key
            .as_deref()
            .map_or_else(|| self.query.some_elements("key"), |key| Ok(vec![key.into()]))
    }

    /// What the value is said to be: a key in the path is a file's name.
    pub(super) fn media(&self) -> ContentType {
        self.path_key.as_deref().map_or_else(ContentType::unknown, ContentType::of_key)
    }

    /// The body, as it is.
    ///
    /// # Errors
    ///
    /// What has been wrong with it since it arrived, and those of [`media::whole`].
    pub(super) fn value(&self) -> Result<&Bytes> {
        media::whole(self.headers)?;
        self.body.as_ref().map_err(Clone::clone)
    }

    /// The body, which may be read as JSON.
    ///
    /// # Errors
    ///
    /// The same, and those of [`media::json`].
    pub(super) fn json(&self) -> Result<&Bytes> {
        media::json(self.headers)?;
        self.body.as_ref().map_err(Clone::clone)
    }
}

/// Answers a request for a cache; `path` follows `/cache/`.
///
/// # Errors
///
/// [`crate::error::Error`], which the caller turns into a response.
pub(super) fn answer(
    visit: &Visit,
    parts: &Parts,
    path: &str,
    body: Result<Bytes>,
    now: Now,
) -> Result<Response<Bytes>> {
    let (name, below) = path.split_once('/').map_or((path, None), |(name, at)| (name, Some(at)));
    let query = Query::of(&parts.uri)?;
    let basic = basic::password(&parts.headers);
    let credential = super::credential(visit, parts, query.token.as_deref(), basic.as_deref())?;
    let cache: Cow<'_, [u8]> = percent_decode_str(name).into();
    let (gate, meter) = (&visit.worker.core.gate, &visit.worker.meter);
    let pass = visit.passes.borrow_mut().pass(gate, meter, credential, &cache, now);
    let below = Below::of(below, &query);
    let (pass, signed) = match pass {
        Err(INVALID) if below.may_be_key => {
            let (pass, signed) = gate.open_url(meter, credential, &cache, now)?;
            (Arc::new(pass), Some(signed))
        }
        pass => (pass?, None),
    };
    let wanted = match Verb::of(&parts.method) {
        // A form or an encoder that only knows POST sends a value to a signed URL as well.
        Some(Verb::Post) if signed.is_some() => Some(Verb::Put),
        wanted => wanted,
    };
    if let Some(signed) = &signed {
        check(signed, wanted, &query)?;
    }
    let path_key = below.key(wanted);
    let route = below.path.filter(|_| path_key.is_none());
    let answers = routes::at(route).unwrap_or_default();
    let Some((_, handler)) = answers.iter().find(|(verb, _)| Some(*verb) == wanted) else {
        return Ok(below.refusal(&parts.method, answers));
    };
    if !(route.is_none() && matches!(wanted, Some(Verb::Get | Verb::Put))) {
        conditions::refuse(&parts.headers)?;
    }
    let is_head = parts.method == Method::HEAD;
    let headers = &parts.headers;
    let stats = &visit.worker.stats;
    handler(&Asked { gate, stats, pass: &pass, now, body, path_key, headers, query, is_head })
}

/// What follows a cache in a path.
struct Below<'a> {
    path: Option<&'a str>,
    /// Whether it is a key to those methods that there are for keys.
    may_be_key: bool,
}

impl<'a> Below<'a> {
    fn of(path: Option<&'a str>, query: &Query<'_>) -> Self {
        let may_be_key = path.is_some_and(|path| !path.is_empty()) && !query.has("key");
        Below { path, may_be_key }
    }

    /// The methods that there are if it is a key.
    fn of_keys(&self) -> &'static [Verb] {
        if self.may_be_key { routes::OF_KEYS } else { &[] }
    }

    /// The key that it is for this method, if it is one.
    fn key(&self, wanted: Option<Verb>) -> Option<Cow<'a, [u8]>> {
        let is_key = wanted.is_some_and(|verb| self.of_keys().contains(&verb));
        self.path.filter(|_| is_key).map(|path| percent_decode_str(path).into())
    }

    /// Refuses a method that there is neither for a key nor among these answers of a route.
    fn refusal(&self, method: &Method, answers: Answers) -> Response<Bytes> {
        let of_keys = self.of_keys();
        if answers.is_empty() && of_keys.is_empty() {
            return status::no_such_path();
        }
        let others = answers.iter().map(|(verb, _)| *verb).filter(|verb| !of_keys.contains(verb));
        status::not_allowed(method, of_keys.iter().copied().chain(others))
    }
}

/// Checks that a signed URL is for what is asked of it; for which item, the call asks.
fn check(signed: &SignedUrl, wanted: Option<Verb>, query: &Query<'_>) -> Result<()> {
    match wanted {
        Some(Verb::Get) => signed.check_get(),
        Some(Verb::Put) => signed.check_set(query.ttl()?),
        _ => Err(NOT_SIGNED_FOR),
    }
}

//! `/cache/{cache}` and what is below it: who asks, for which cache, and what answers there.

use std::borrow::Cow;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use percent_encoding::percent_decode_str;

use super::query::Query;
use super::routes::{self, Verb};
use super::{conditions, status};
use crate::api::Api;
use crate::clock::Now;
use crate::error::Result;
use crate::front::Visit;
use crate::gate::{Call, Gate, Pass};
use crate::stats::{Class, ThreadStats, Via};

/// What answers a request: it picks the method to count and to permit, and runs it.
pub(super) type Handler = fn(&Asked<'_>) -> Result<Response<Bytes>>;

/// A request whose sender and cache are known.
pub(super) struct Asked<'a> {
    gate: &'a Gate,
    stats: &'a ThreadStats,
    pass: &'a Pass,
    now: Now,
    body: Result<Bytes>,
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

    /// The body.
    ///
    /// # Errors
    ///
    /// What has been wrong with it since it arrived.
    pub(super) fn body(&self) -> Result<&Bytes> {
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
    let credential = super::credential(visit, parts, query.token.as_deref())?;
    let cache: Cow<'_, [u8]> = percent_decode_str(name).into();
    let (gate, meter) = (&visit.worker.core.gate, &visit.worker.meter);
    let pass = visit.passes.borrow_mut().pass(gate, meter, credential, &cache, now)?;
    let Some(answers) = routes::at(below) else { return Ok(status::no_such_path()) };
    let wanted = Verb::of(&parts.method);
    let Some((_, handler)) = answers.iter().find(|(verb, _)| Some(*verb) == wanted) else {
        return Ok(status::not_allowed(&parts.method, answers.iter().map(|(verb, _)| *verb)));
    };
    if !(below.is_none() && matches!(wanted, Some(Verb::Get | Verb::Put))) {
        conditions::refuse(&parts.headers)?;
    }
    let is_head = parts.method == Method::HEAD;
    let headers = &parts.headers;
    let stats = &visit.worker.stats;
    handler(&Asked { gate, stats, pass: &pass, now, body, headers, query, is_head })
}

//! An authenticated request about a cache, as handlers read it.

use std::borrow::Cow;

use bytes::Bytes;

use super::content_type::ContentType;
use super::media;
use super::query::Query;
use crate::clock::Now;
use crate::error::Result;
use crate::gate::{Authorization, Call, DataRequest, Gate};
use crate::message::{Headers, Response};
use crate::methods::Api;
use crate::stats::{ThreadStats, Via};
use crate::steps::Steps;

/// Handles a request: chooses the method to permit and count, and runs it.
pub(super) type Handler = fn(&CacheRequest<'_>) -> Result<Response>;

/// An authenticated request about a cache.
pub(super) struct CacheRequest<'a> {
    pub(super) gate: &'a Gate,
    pub(super) stats: &'a ThreadStats,
    pub(super) authorization: &'a Authorization,
    pub(super) now: Now,
    pub(super) steps: &'a Steps<'a>,
    pub(super) body: Result<Bytes>,
    /// The key, if it was read already: it is in the path, or known to be all that is new.
    pub(super) key: Option<Cow<'a, [u8]>>,
    /// Whether it is in the path.
    pub(super) is_in_path: bool,
    pub(super) headers: &'a Headers,
    pub(super) query: Query<'a>,
    /// Whether the answer goes without its body.
    pub(super) is_head: bool,
}

impl CacheRequest<'_> {
    /// Runs `run` as a call of `api`, from permission to count.
    ///
    /// # Errors
    ///
    /// Those of [`Call::begin`] and of `run`.
    pub(super) fn run(
        &self,
        api: Api,
        run: impl FnOnce(&mut Call<'_>) -> Result<Response>,
    ) -> Result<Response> {
        let (authorization, via) = (self.authorization, Via::Http);
        let (now, steps) = (self.now, self.steps);
        let request = DataRequest { authorization, api, via, now, steps };
        self.gate.serve(request, self.stats, Ok(()), |call, ()| {
            let response = run(call)?;
            if self.is_head {
                call.bears(0);
            }
            Ok(response)
        })
    }

    /// The key that the request is about.
    ///
    /// # Errors
    ///
    /// Those of [`Query::element`].
    pub(super) fn key(&self) -> Result<Cow<'_, [u8]>> {
        self.key.as_deref().map_or_else(|| self.query.element("key"), |key| Ok(key.into()))
    }

    /// The keys that the request is about.
    ///
    /// # Errors
    ///
    /// Those of [`Query::some_elements`].
    pub(super) fn keys(&self) -> Result<Vec<Cow<'_, [u8]>>> {
        self.key
            .as_deref()
            .map_or_else(|| self.query.some_elements("key"), |key| Ok(vec![key.into()]))
    }

    /// The content type of the value: a key in the path is read as a file name.
    pub(super) fn media(&self) -> ContentType {
        let name = self.key.as_deref().filter(|_| self.is_in_path);
        name.map_or_else(ContentType::unknown, ContentType::of_key)
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

//! Requests whose headers and URL are those of an earlier one, but for the key at the end of the
//! URL. All else was read then; only the key is read now.

use std::borrow::Cow;
use std::rc::Rc;

use bytes::Bytes;
use http::Method;

use super::allowance;
use super::query::Query;
use super::request::{CacheRequest, Handler};
use crate::clock::Now;
use crate::error::Result;
use crate::front::client::Client;
use crate::front::known::Checked;
use crate::gate::Authorization;
use crate::message::{Parts, Response};
use crate::steps::Steps;

/// A request about an item of a cache whose headers were checked.
pub(crate) struct KnownCall {
    authorization: Rc<Authorization>,
    handler: Handler,
    /// Where in the URL the key begins, which ends it.
    stem: usize,
    /// Whether the key is a part of the path.
    is_in_path: bool,
    is_head: bool,
}

impl Checked for KnownCall {
    fn authorization(&self) -> &Authorization {
        &self.authorization
    }
}

impl KnownCall {
    /// The call of a request that is not signed; `in_path` is the key in its path. `None` if more than
    /// the key may be new next time.
    pub(super) fn of(
        parts: &Parts,
        query: &Query<'_>,
        in_path: Option<&str>,
        handler: Handler,
        authorization: &Rc<Authorization>,
    ) -> Option<Self> {
        if allowance::is_wanted(parts) {
            return None;
        }
        let stem = stem(parts, query, in_path)?;
        let (is_in_path, is_head) = (in_path.is_some(), parts.method == Method::HEAD);
        let authorization = authorization.clone();
        Some(KnownCall { authorization, handler, stem, is_in_path, is_head })
    }

    /// Where in the URL the key begins: with another one there it is the same call.
    pub(crate) fn stem(&self) -> usize {
        self.stem
    }

    /// Serves the call with the key that the URL has now.
    pub(super) fn serve(
        &self,
        client: &Client,
        parts: &Parts,
        body: Result<Bytes>,
        now: Now,
        steps: &Steps<'_>,
    ) -> Result<Response> {
        (self.handler)(&CacheRequest {
            gate: &client.worker.core.gate,
            stats: &client.worker.stats,
            authorization: &self.authorization,
            now,
            steps,
            body,
            key: Some(Cow::Borrowed(parts.target.tail(self.stem))),
            is_in_path: self.is_in_path,
            headers: &parts.headers,
            query: Query::without_token_of(&parts.target),
            is_head: self.is_head,
        })
    }
}

/// Where in the URL the key begins, if it ends it and stands there as it is; `in_path` is the one in the
/// path.
fn stem(parts: &Parts, query: &Query<'_>, in_path: Option<&str>) -> Option<usize> {
    let key = match (in_path, parts.target.query()) {
        (Some(key), None) => key.as_bytes(),
        (Some(_), Some(_)) => return None,
        (None, _) => query.last("key")?,
    };
    parts.target.stem(key)
}

//! Calls with the same headers as an earlier one. A client that is over a limit may send any number
//! of calls, so these cost as little as they can.

use std::cell::Cell;
use std::rc::Rc;

use bytes::Bytes;

use super::reply::Reply;
use super::status::Status;
use super::{frame, quirks, routes};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::front::known::{Checked, Known};
use crate::gate::{Authorization, DataRequest};
use crate::message::Headers;
use crate::methods::Api;
use crate::plan::Exceeded;
use crate::state::Worker;
use crate::stats::Via;
use crate::steps::Steps;

/// A call to a data method whose headers were checked: what is left is its message.
pub(crate) struct KnownCall {
    pub(super) authorization: Rc<Authorization>,
    pub(super) via: Via,
    pub(super) api: Api,
    /// Whether a limit has refused the last one.
    was_refused: Cell<bool>,
}

impl Checked for KnownCall {
    fn authorization(&self) -> &Authorization {
        &self.authorization
    }
}

impl Known<KnownCall> {
    /// Whether a limit has refused the last call with these headers.
    pub(crate) fn was_refused(&self) -> bool {
        self.and_then(|call| call.was_refused.get().then_some(())).is_some()
    }

    /// Refuses and counts a call of which only the headers need to have arrived, if a limit is met.
    /// `None`, and nothing is counted, if it has to be served as any other.
    pub(crate) fn refuse(&self, worker: &Worker, now: Now) -> Option<Exceeded> {
        self.and_then(|KnownCall { authorization, via, api, .. }| {
            let met = worker.core.gate.refuse(authorization, (*via, *api), now, &worker.stats)?;
            worker.stats.failed(*via, Status::Limited(met).code());
            Some(met)
        })
    }
}

impl KnownCall {
    pub(super) fn new(authorization: Rc<Authorization>, via: Via, api: Api) -> Self {
        KnownCall { authorization, via, api, was_refused: Cell::new(false) }
    }

    /// Serves the call with this message.
    pub(super) fn serve(
        &self,
        worker: &Worker,
        headers: &Headers,
        message: Result<Bytes>,
        now: Now,
        steps: &Steps<'_>,
    ) -> Result<Reply> {
        let KnownCall { authorization, via, api, was_refused } = self;
        let request = DataRequest { authorization, api: *api, via: *via, now, steps };
        let served = worker.core.gate.serve(request, &worker.stats, message, |call, message| {
            let reply = routes::run(call, *api, &frame::message(message)?)?;
            Ok(quirks::fitted(*api, headers, reply))
        });
        was_refused.set(matches!(served, Err(Error::Limited(_))));
        served
    }
}

//! Calls with the same headers as one before. What the headers say is checked once, until the directory
//! changes or the token expires. Who is over a limit may send any number of calls, so these cost as
//! little as they can.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bytes::Bytes;

use super::reply::Reply;
use super::status::Status;
use super::{frame, quirks, routes};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::gate::{Authorization, DataRequest};
use crate::message::Headers;
use crate::methods::Api;
use crate::plan::Exceeded;
use crate::state::Worker;
use crate::stats::Via;
use crate::steps::Steps;

/// A call to a data method whose headers were checked: what is left is its message.
pub(super) struct KnownCall {
    pub(super) authorization: Rc<Authorization>,
    pub(super) via: Via,
    pub(super) api: Api,
    /// Whether a limit has refused the last one.
    was_refused: Cell<bool>,
}

/// The call that the same headers made before, if any.
#[derive(Clone, Default)]
pub(crate) struct CallCache(RefCell<Option<Rc<KnownCall>>>);

impl CallCache {
    /// That call, if it may still be made.
    pub(super) fn get(&self, worker: &Worker, now: Now) -> Option<Rc<KnownCall>> {
        let known = self.0.borrow();
        let call = known.as_ref()?;
        worker.core.gate.holds(&call.authorization, now).then(|| call.clone())
    }

    /// Keeps a call.
    pub(super) fn set(&self, call: Rc<KnownCall>) {
        self.0.replace(Some(call));
    }

    /// Forgets the call, since the headers have changed.
    pub(crate) fn clear(&mut self) {
        self.0.take();
    }

    /// Whether a limit has refused the last call with these headers.
    pub(crate) fn was_refused(&self) -> bool {
        self.0.borrow().as_ref().is_some_and(|call| call.was_refused.get())
    }

    /// Refuses and counts a call of which only the headers need to have arrived, if a limit is met.
    /// `None`, and nothing is counted, if it has to be served as any other.
    pub(crate) fn refuse(&self, worker: &Worker, now: Now) -> Option<Exceeded> {
        let known = self.0.borrow();
        let KnownCall { authorization, via, api, .. } = &**known.as_ref()?;
        let met = worker.core.gate.refuse(authorization, (*via, *api), now, &worker.stats)?;
        worker.stats.failed(*via, Status::Limited(met).code());
        Some(met)
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

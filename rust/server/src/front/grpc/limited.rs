//! Calls that a limit of the account's plan refuses. Who is over a limit may send any number of them,
//! so they cost as little as they can.

use std::sync::Arc;

use super::status::Status;
use crate::clock::Now;
use crate::gate::Authorization;
use crate::methods::Api;
use crate::plan::Exceeded;
use crate::state::Worker;
use crate::stats::Via;

/// What is known of calls with the same headers as one that a limit has refused.
pub(crate) struct KnownCall {
    authorization: Arc<Authorization>,
    via: Via,
    api: Api,
}

impl KnownCall {
    pub(super) fn new(authorization: Arc<Authorization>, via: Via, api: Api) -> Self {
        KnownCall { authorization, via, api }
    }

    /// Refuses and counts a call of which only the headers need to have arrived, if a limit is met.
    /// `None`, and nothing is counted, if it has to be served as any other.
    pub(crate) fn refuse(&self, worker: &Worker, now: Now) -> Option<Exceeded> {
        let KnownCall { authorization, via, api } = self;
        let met = worker.core.gate.refuse(authorization, (*via, *api), now, &worker.stats)?;
        worker.stats.failed(*via, Status::Limited(met).code());
        Some(met)
    }
}

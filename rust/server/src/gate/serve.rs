//! Serves a data request of any protocol, from permission check to metering.

use super::{Authorization, Call, Gate};
use crate::clock::Now;
use crate::error::{Error, ErrorKind, Result};
use crate::methods::Api;
use crate::plan::Exceeded;
use crate::stats::{ThreadStats, Via};
use crate::steps::Steps;

/// A data request with its authorization and method.
#[derive(Clone, Copy)]
pub(crate) struct DataRequest<'a> {
    pub(crate) authorization: &'a Authorization,
    pub(crate) api: Api,
    pub(crate) via: Via,
    /// When it arrived.
    pub(crate) now: Now,
    /// How it pauses.
    pub(crate) steps: &'a Steps<'a>,
}

impl Gate {
    /// Serves a request: `run` turns `input` into commands, and their results into a reply.
    ///
    /// # Errors
    ///
    /// [`Error::Limited`], that of `input`, those of [`Call::begin`], and those of `run`. After
    /// [`Error::Waiting`] nothing is counted: the request will be served again.
    pub(crate) fn serve<I, T>(
        &self,
        request: DataRequest<'_>,
        stats: &ThreadStats,
        input: Result<I>,
        run: impl FnOnce(&mut Call<'_>, I) -> Result<T>,
    ) -> Result<T> {
        let DataRequest { authorization, api, via, now, steps } = request;
        let mut call = Call::new(self, authorization, api, now, steps);
        let input = call.take_operation().and(input);
        let reply = input.and_then(|input| {
            call.begin()?;
            let reply = run(&mut call, input)?;
            // A request about no item has not checked yet that the cache exists.
            call.namespace().map(|_| reply)
        });
        if matches!(reply, Err(Error::Waiting)) {
            return reply;
        }
        match &reply {
            Err(Error::Limited(met)) => {
                stats.limited(met.limit);
                call.refuse();
            }
            _ => call.finish(reply.is_err()),
        }
        let error = reply.as_ref().err().map(Error::kind);
        stats.answered(&authorization.counters, (via, api), now, error);
        reply
    }

    /// Whether an authorization still holds: nothing has changed in the directory or expired.
    pub(crate) fn holds(&self, authorization: &Authorization, now: Now) -> bool {
        authorization.is_current(self.revision(), now)
    }

    /// Refuses and counts a request as [`Gate::serve`] would, if a limit is met. `None`, and nothing
    /// is counted, if the request has to be served: no limit is met, or the authorization is
    /// outdated.
    pub(crate) fn refuse(
        &self,
        authorization: &Authorization,
        (via, api): (Via, Api),
        now: Now,
        stats: &ThreadStats,
    ) -> Option<Exceeded> {
        if !self.holds(authorization, now) {
            return None;
        }
        let met = authorization.over_limit(now)?;
        stats.limited(met.limit);
        authorization.counters.count_refused(api);
        let error = Some(ErrorKind::RateLimited);
        stats.answered(&authorization.counters, (via, api), now, error);
        Some(met)
    }
}

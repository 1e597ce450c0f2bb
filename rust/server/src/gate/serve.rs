//! The life of a data request, whatever protocol it came by.

use super::{Authorization, Call, Gate};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::methods::Api;
use crate::stats::{Class, ThreadStats, Via};

/// A data request whose sender, cache and method are known.
#[derive(Clone, Copy)]
pub(crate) struct DataRequest<'a> {
    pub(crate) authorization: &'a Authorization,
    pub(crate) api: Api,
    pub(crate) via: Via,
    /// When it came.
    pub(crate) now: Now,
}

impl Gate {
    /// Serves a request, from permission to count: `run` makes commands of `input`, and a reply of what
    /// they return.
    ///
    /// # Errors
    ///
    /// That of `input`, those of [`Call::begin`], and those of `run`. After [`Error::Waiting`] nothing is
    /// counted: the request will be served again.
    pub(crate) fn serve<I, T>(
        &self,
        request: DataRequest<'_>,
        stats: &ThreadStats,
        input: Result<I>,
        run: impl FnOnce(&mut Call<'_>, I) -> Result<T>,
    ) -> Result<T> {
        let DataRequest { authorization, api, via, now } = request;
        let mut call = Call::new(self, authorization, api, now);
        let reply = input.and_then(|input| {
            call.begin()?;
            let reply = run(&mut call, input)?;
            // A request about no item at all has not been told yet that there is no cache.
            call.namespace().map(|_| reply)
        });
        if !matches!(reply, Err(Error::Waiting)) {
            call.finish(reply.is_err());
            stats.answered(via, api, now, Class::of(&reply));
        }
        reply
    }
}

//! One data request: its permissions, its commands and its usage.

use std::borrow::Cow;

use attimo_engine::{Command, ItemType, Limits, Looked, Namespace, Received, Ttl, chunks};

use super::{Authorization, Gate};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::limits::{BATCH_REPLY_BYTES, REPLY_BYTES};
use crate::meter::RequestUsage;
use crate::methods::{Access, Api};
use crate::permissions::{Items, shown};
use crate::plan::Taken;
use crate::steps::Steps;

/// A request in progress: it runs commands and adds up their usage.
pub(crate) struct Call<'a> {
    pub(super) gate: &'a Gate,
    authorization: &'a Authorization,
    api: Api,
    arrived: Now,
    pub(super) used: RequestUsage,
    steps: &'a Steps<'a>,
}

impl<'a> Call<'a> {
    /// Begins a request; it is counted when it is finished.
    pub(crate) fn new(
        gate: &'a Gate,
        authorization: &'a Authorization,
        api: Api,
        arrived: Now,
        steps: &'a Steps<'a>,
    ) -> Self {
        if let Some(cache) = authorization.cache {
            steps.are_for(cache.namespace);
        }
        Call { gate, authorization, api, arrived, used: RequestUsage::default(), steps }
    }

    /// A request that never pauses.
    #[cfg(test)]
    pub(super) fn at_once(
        gate: &'a Gate,
        authorization: &'a Authorization,
        api: Api,
        now: Now,
    ) -> Self {
        Call::new(gate, authorization, api, now, Steps::at_once())
    }

    /// Checks the limits of the account's plan, and takes one operation of those for each second. A
    /// request that is served again has its operation.
    ///
    /// # Errors
    ///
    /// [`Error::Limited`].
    pub(super) fn take_operation(&self) -> Result<()> {
        match &self.authorization.limits {
            Some(limits) if !(self.gate.backend.has_waited() || self.steps.is_retry()) => {
                limits.admit(self.now().micros).map_err(Error::Limited)
            }
            _ => Ok(()),
        }
    }

    /// Checks what can be checked before the request is read: whether the caller may use this
    /// method in this cache at all and, if it may use it with every item, whether the cache exists.
    ///
    /// # Errors
    ///
    /// [`Error::Denied`], [`Error::NoSuchCache`].
    pub(crate) fn begin(&self) -> Result<()> {
        match self.authorization.grants.to(self.api.access()) {
            Items::All => self.namespace().map(drop),
            Items::Some(_) => Ok(()),
            Items::None => Err(self.denied(self.api.access(), None)),
        }
    }

    /// Checks that the caller may do this with the item at `key`. A request about several items
    /// checks all of them before it runs the first command, so that none is left half done.
    ///
    /// # Errors
    ///
    /// [`Error::Denied`].
    pub(crate) fn allow(&self, key: &[u8]) -> Result<()> {
        self.allow_to(self.api.access(), key)
    }

    fn allow_to(&self, access: Access, key: &[u8]) -> Result<()> {
        match self.authorization.grants.to(access) {
            Items::All => Ok(()),
            items if items.hold(key) => Ok(()),
            Items::Some(_) => {
                let kind = if matches!(access, Access::Topic(_)) { "topic" } else { "key" };
                Err(self.denied(access, Some(format!("{kind} {}", shown(key, "")))))
            }
            Items::None => Err(self.denied(access, None)),
        }
    }

    /// Checks that the caller may do this with every item whose key starts with `prefix`, now or
    /// later.
    ///
    /// # Errors
    ///
    /// [`Error::Denied`].
    pub(super) fn allow_all(&self, prefix: &[u8]) -> Result<()> {
        let access = self.api.access();
        if self.authorization.grants.to(access).hold_all(prefix) {
            return Ok(());
        }
        let kind = if matches!(access, Access::Topic(_)) { "topics" } else { "keys" };
        let some = || format!("{kind} {}", shown(prefix, "*"));
        let place = if prefix.is_empty() { format!("all {kind}") } else { some() };
        Err(self.denied(access, Some(place)))
    }

    /// What the caller lacks, and what it has.
    #[cold]
    fn denied(&self, access: Access, place: Option<String>) -> Error {
        let Authorization { holder, grants, .. } = self.authorization;
        let (method, needed) = (self.api.name(), access.rights().names().join(" and "));
        let place = place.unwrap_or_else(|| "this cache".to_owned());
        let has = grants.description(access);
        let text =
            format!("{holder} may not {method} on {place}: it needs {needed} and has {has} here");
        Error::Denied(Cow::Owned(text))
    }

    /// Checks that values with these keys may be written, and may live that long, before any is
    /// written. If one may not, those until then count as commands that have failed.
    ///
    /// # Errors
    ///
    /// The engine's refusal of an item that is too large, and [`Error::Invalid`].
    pub(crate) fn admit<'v>(
        &mut self,
        values: impl Iterator<Item = (&'v [u8], &'v [u8], Ttl)>,
    ) -> Result<()> {
        let mut sent = RequestUsage::default();
        for (key, value, ttl) in values {
            sent.commands += 1;
            sent.received += Received::item(key.len() + value.len());
            let admitted = self.limits().admit_item(ItemType::Scalar, key, value.len() as u64);
            if let Err(error) = admitted.map_err(Error::from).and(self.check_ttl(Some(ttl))) {
                self.used = sent;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Checks that an item may live that long.
    fn check_ttl(&self, ttl: Option<Ttl>) -> Result<()> {
        let limits = self.authorization.limits.as_ref().zip(ttl);
        let Some(longest) = limits.and_then(|(limits, ttl)| limits.exceeded_ttl(ttl)) else {
            return Ok(());
        };
        Err(Error::Invalid(format!(
            "the TTL is over the limit of {longest} seconds: send less in ttl_milliseconds or \
             ttl_seconds"
        )))
    }

    /// The limits of items here.
    fn limits(&self) -> &'a Limits {
        let of_plan = self.authorization.limits.as_ref().map(|plan| plan.items());
        of_plan.unwrap_or(self.gate.backend.limits())
    }

    /// The limit of all replies of one batch together, in bytes: they are in memory at the same
    /// time.
    pub(crate) fn batch_reply_bytes(&self) -> usize {
        let half = self.gate.backend.allowance() / 2;
        usize::try_from(half).unwrap_or(usize::MAX).clamp(REPLY_BYTES, BATCH_REPLY_BYTES)
    }

    /// Whether the caller may do this with only some of the items.
    pub(super) fn is_limited(&self) -> bool {
        !matches!(self.authorization.grants.to(self.api.access()), Items::All)
    }

    /// Runs a command; counts it, what it received, and its hits and misses.
    ///
    /// # Errors
    ///
    /// [`Error::Denied`], [`Error::NoSuchCache`], or what the command documents.
    pub(crate) fn run<C: Command>(&mut self, command: C) -> Result<C::Reply> {
        self.used.commands += 1;
        let (reply, looked) = self.measure(command)?;
        if !C::WRITES {
            self.steps.give_up_if_over()?;
        }
        self.used.looked += looked;
        Ok(reply)
    }

    /// Runs a part of a command, whose reply is not sent: its hits and misses do not count.
    ///
    /// # Errors
    ///
    /// Those of [`Call::run`].
    pub(super) fn measure<C: Command>(&mut self, command: C) -> Result<(C::Reply, Looked)> {
        // A request that writes may also read other items: those need only be readable.
        let own = self.api.access();
        let access = if C::WRITES { own } else { own.to_read() };
        self.allow_to(access, command.key())?;
        let namespace = self.namespace()?;
        self.used.received += command.received(self.steps);
        self.check_ttl(command.ttl())?;
        let quota = self.authorization.limits.as_ref().and_then(|limits| limits.quota());
        self.gate.backend.run(namespace, command, (self.limits(), quota), self.now(), self.steps)
    }

    /// The time for commands: that of its arrival or, if it may pause, of the end of its last pause.
    pub(super) fn now(&self) -> Now {
        self.steps.now().unwrap_or(self.arrived)
    }

    /// Who asks, and for which cache.
    pub(super) fn authorization(&self) -> &'a Authorization {
        self.authorization
    }

    /// How the request pauses.
    pub(crate) fn steps(&self) -> &'a Steps<'a> {
        self.steps
    }

    /// Sets how many of the bytes found the answer contains.
    pub(crate) fn bears(&mut self, bytes: usize) {
        self.used.looked.bytes = bytes as u64;
        self.used.looked.chunks = chunks(bytes);
    }

    /// Checks that the cache exists, for a request that may run no command.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchCache`].
    pub(crate) fn namespace(&self) -> Result<Namespace> {
        self.authorization.cache.map(|cache| cache.namespace).ok_or(Error::NoSuchCache)
    }

    /// Ends a request that is over a limit: it counts as an error, and costs nothing.
    pub(super) fn refuse(self) {
        self.authorization.counters.count_refused(self.api);
    }

    /// Ends the request, counts it, and takes what it used from the limits for each second. A failed
    /// one counts no hits or misses: its client gets no data.
    pub(crate) fn finish(mut self, failed: bool) {
        if failed {
            self.used.looked = Looked::default();
        }
        if let Some(limits) = &self.authorization.limits {
            let (bytes_in, bytes_out) = (self.used.received.bytes, self.used.looked.bytes);
            let operations = self.used.operations(self.api);
            limits.charge(Taken { operations, bytes_in, bytes_out }, self.now().micros);
        }
        self.authorization.counters.count(self.api, self.used, failed);
    }
}

//! Authorizations that a connection keeps, so that each is worked out once.

use std::rc::Rc;
use std::sync::Arc;

use super::caller::Holder;
use super::{Credential, Gate};
use crate::clock::Now;
use crate::directory::{AccountId, CacheRef, Transfer};
use crate::error::Result;
use crate::meter::{OwnCounters, ThreadMeter};
use crate::permissions::Grants;
use crate::plan::{Applied, Exceeded};

/// What a caller may do in a cache, and the counters of its usage.
pub(crate) struct Authorization {
    /// Whom a refusal names.
    pub(super) holder: Holder,
    pub(super) grants: Grants,
    pub(super) account: AccountId,
    /// Who publishes with it, as subscribers are told; mostly empty.
    pub(super) publisher: Arc<str>,
    pub(super) cache: Option<CacheRef>,
    pub(super) counters: OwnCounters,
    /// `None` if the account has no limits.
    pub(super) limits: Option<Rc<Applied>>,
    /// What the account may transfer in a month, if that is limited.
    pub(super) transfer: Option<Transfer>,
    /// When the token or the cache expires, in seconds since 1970.
    pub(super) until: u64,
    /// The revision of the directory by which it holds.
    pub(super) revision: u64,
}

impl Authorization {
    /// Whether it still holds: nothing has changed in the directory or expired.
    pub(super) fn is_current(&self, revision: u64, now: Now) -> bool {
        self.revision == revision && now.epoch_seconds < self.until
    }

    /// The limit that would refuse a request at `now`, if one would; nothing is counted.
    pub(crate) fn over_limit(&self, now: Now) -> Option<Exceeded> {
        self.limits.as_ref()?.met(now.micros)
    }

    /// How many bytes the account may still transfer in this month, as far as usage is recorded;
    /// `None` if that is unlimited.
    pub(crate) fn transfer_left(&self) -> Option<u64> {
        self.transfer.as_ref().map(Transfer::left)
    }
}

struct Kept {
    token: Box<[u8]>,
    cache: Box<[u8]>,
    authorization: Rc<Authorization>,
}

/// How many authorizations a connection keeps: one client seldom uses more caches at once.
const PASSES_KEPT: usize = 8;

/// The authorizations of one connection.
#[derive(Default)]
pub(crate) struct AuthorizationCache(Vec<Kept>);

impl AuthorizationCache {
    /// Authorizes `credential` for the cache called `cache`.
    ///
    /// # Errors
    ///
    /// Those of [`Gate::admit`]. [`Call::begin`] and [`Call::run`] check what the caller may do and
    /// whether the cache exists, so that a refused request is counted too.
    pub(crate) fn authorize(
        &mut self,
        gate: &Gate,
        meter: &ThreadMeter,
        credential: Credential<'_>,
        cache: &[u8],
        now: Now,
    ) -> Result<Rc<Authorization>> {
        let revision = gate.directory.revision();
        let same = |kept: &Kept| {
            kept.authorization.revision == revision
                && *kept.cache == *cache
                && *kept.token == *credential.token
        };
        // On a `--local` listener a request without a token may or may not be the owner's.
        let is_kept = credential.local || !credential.token.is_empty();
        if let Some(at) = self.0.iter().position(|kept| is_kept && same(kept)) {
            if self.0[at].authorization.is_current(revision, now) {
                return Ok(self.0[at].authorization.clone());
            }
            self.0.swap_remove(at);
        }
        let authorization = Rc::new(gate.open(meter, credential, cache, now)?);
        let (token, cache) = (credential.token.into(), cache.into());
        self.keep(Kept { token, cache, authorization: authorization.clone() });
        Ok(authorization)
    }

    /// Whether it holds none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn keep(&mut self, kept: Kept) {
        let revision = kept.authorization.revision;
        self.0.retain(|old| old.authorization.revision == revision);
        self.0.truncate(PASSES_KEPT - 1);
        self.0.insert(0, kept);
    }
}

impl Gate {
    /// Authorizes `credential` for the cache called `cache`, without a look at what is kept.
    ///
    /// # Errors
    ///
    /// Those of [`Gate::admit`].
    pub(super) fn open(
        &self,
        meter: &ThreadMeter,
        credential: Credential<'_>,
        cache: &[u8],
        now: Now,
    ) -> Result<Authorization> {
        // Read first: what changes meanwhile makes this outdated.
        let revision = self.directory.revision();
        let caller = self.admit(credential, now)?;
        let grants = caller.grants(cache);
        let cache = self.cache_of(caller.account, cache, now);
        let counters = meter.counters(cache.map(|cache| cache.id), &caller.key_id);
        let limits = self.limits_of(caller.account, cache, &caller.key_id, now);
        let until = cache.map_or(u64::MAX, |cache| cache.expires_at).min(caller.expires_at);
        let transfer = self.directory.transfer(caller.account);
        let (account, holder, publisher) = (caller.account, caller.holder(), caller.token_id);
        Ok(Authorization {
            holder,
            grants,
            account,
            publisher,
            cache,
            counters,
            limits,
            transfer,
            until,
            revision,
        })
    }

    /// The limits of requests that count for this account, cache and key.
    pub(super) fn limits_of(
        &self,
        account: AccountId,
        cache: Option<CacheRef>,
        key_id: &Arc<str>,
        now: Now,
    ) -> Option<Rc<Applied>> {
        let (cache, server) = (cache.map(|cache| cache.id), self.backend.limits());
        self.directory.limits(account, cache, key_id, server, now.micros)
    }

    /// The cache that `account` calls `name`, unless it has expired.
    pub(super) fn cache_of(&self, account: AccountId, name: &[u8], now: Now) -> Option<CacheRef> {
        std::str::from_utf8(name)
            .ok()
            .and_then(|name| self.directory.cache(account, name))
            .filter(|cache| now.epoch_seconds < cache.expires_at)
    }
}

//! What a connection has been found to be allowed: kept, so that it is found out once.

use std::sync::Arc;

use super::{Credential, Gate};
use crate::clock::Now;
use crate::directory::{AccountId, CacheRef};
use crate::error::Result;
use crate::meter::{ThreadMeter, UsageCounters};
use crate::permissions::Grants;

/// What a caller may at a cache, and under whose name it is counted.
pub(crate) struct Authorization {
    pub(super) grants: Grants,
    pub(super) cache: Option<CacheRef>,
    pub(super) counters: Arc<UsageCounters>,
    /// Good until this second (since 1970), when the token or the cache ends.
    pub(super) until: u64,
}

struct Kept {
    revision: u64,
    token: Box<[u8]>,
    cache: Box<[u8]>,
    authorization: Arc<Authorization>,
}

/// How many passes a connection keeps: one client seldom uses more caches at once.
const PASSES_KEPT: usize = 8;

/// The passes that one connection has been given; it came to one listener and stays there.
#[derive(Default)]
pub(crate) struct AuthorizationCache(Vec<Kept>);

impl AuthorizationCache {
    /// Lets `credential` in to the cache called `cache`.
    ///
    /// # Errors
    ///
    /// Those of [`Gate::admit`]. What the caller may do there, and whether the cache exists, is
    /// asked by [`Call::begin`] and [`Call::run`], so that a refused request is counted too.
    pub(crate) fn authorize(
        &mut self,
        gate: &Gate,
        meter: &ThreadMeter,
        credential: Credential<'_>,
        cache: &[u8],
        now: Now,
    ) -> Result<Arc<Authorization>> {
        let revision = gate.directory.revision();
        let same = |kept: &Kept| {
            kept.revision == revision && *kept.cache == *cache && *kept.token == *credential.token
        };
        // On a `--local` listener some requests without a token are the owner's, and some nobody's.
        let is_kept = credential.local || !credential.token.is_empty();
        if let Some(at) = self.0.iter().position(|kept| is_kept && same(kept)) {
            if now.epoch_seconds < self.0[at].authorization.until {
                return Ok(self.0[at].authorization.clone());
            }
            self.0.swap_remove(at);
        }
        let authorization = Arc::new(gate.open(meter, credential, cache, now)?);
        let (token, cache) = (credential.token.into(), cache.into());
        self.keep(Kept { revision, token, cache, authorization: authorization.clone() });
        Ok(authorization)
    }

    /// Whether none was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn keep(&mut self, kept: Kept) {
        self.0.retain(|old| old.revision == kept.revision);
        self.0.truncate(PASSES_KEPT - 1);
        self.0.insert(0, kept);
    }
}

impl Gate {
    fn open(
        &self,
        meter: &ThreadMeter,
        credential: Credential<'_>,
        cache: &[u8],
        now: Now,
    ) -> Result<Authorization> {
        let caller = self.admit(credential, now)?;
        let grants = caller.grants(cache);
        let cache = self.cache_of(caller.account, cache, now);
        let counters = meter.counters(cache.map(|cache| cache.id), &caller.key_id);
        let until = cache.map_or(u64::MAX, |cache| cache.expires_at).min(caller.expires_at);
        Ok(Authorization { grants, cache, counters, until })
    }

    /// The cache that `account` calls `name`, unless it has ended.
    pub(super) fn cache_of(&self, account: AccountId, name: &[u8], now: Now) -> Option<CacheRef> {
        std::str::from_utf8(name)
            .ok()
            .and_then(|name| self.directory.cache(account, name))
            .filter(|cache| now.epoch_seconds < cache.expires_at)
    }
}

//! The accounts, credentials, permissions and caches that this node knows.
//!
//! The control plane owns this data; the node applies its changes, each of which is a revision. A
//! connection does not look it up for each request: it keeps the result until the revision changes.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use attimo_engine::{Limits, Namespace};
use jsonwebtoken::DecodingKey;
use parking_lot::RwLock;

use crate::permissions::Permissions;
use crate::plan::{Applied, Numbers, Plan, Plans};

mod changes;
#[cfg(test)]
mod tests;
mod transfers;

pub use self::changes::{
    AccountId, AccountLimits, ApiKey, Cache, CacheId, Changes, Role, Session, TokenHash, UrlKey,
    Webhook,
};
pub(crate) use self::transfers::Transfer;
use self::transfers::Transfers;

/// A [`UrlKey`], ready to verify.
#[derive(Clone)]
pub(crate) struct UrlVerifier {
    pub(crate) account: AccountId,
    pub(crate) key: Arc<DecodingKey>,
    pub(crate) expires_at: u64,
}

/// What requests need to know of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CacheRef {
    /// For the ledger.
    pub(crate) id: CacheId,
    /// For the engine.
    pub(crate) namespace: Namespace,
    /// From this second on the cache does not exist, whether its deletion has arrived or not.
    pub(crate) expires_at: u64,
}

/// Changes that cannot be applied.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LearnError {
    /// Changes in between are missing; the whole directory is needed.
    #[error("changes since revision {since} do not fit revision {known}: send the whole directory")]
    Gap {
        /// The revision before the changes.
        since: u64,
        /// The revision of this node.
        known: u64,
    },
    /// A public key is not 32 bytes.
    #[error("the verifying key {0} is not 32 bytes long")]
    BadKey(String),
}

#[derive(Default)]
struct State {
    suspended: HashSet<AccountId>,
    verifying_keys: HashMap<String, Arc<DecodingKey>>,
    api_keys: HashMap<Arc<str>, ApiKey>,
    url_keys: HashMap<String, UrlVerifier>,
    sessions: HashMap<TokenHash, Session>,
    roles: HashMap<String, Arc<Permissions>>,
    caches: HashMap<CacheId, Cache>,
    names: HashMap<AccountId, HashMap<String, CacheId>>,
    webhooks: HashMap<u64, Webhook>,
    /// The caches of retired namespaces, and whether counts were read since; after the second read
    /// an entry is dropped.
    former: HashMap<Namespace, (CacheId, bool)>,
    /// Of accounts that have limits.
    plans: Plans,
}

/// The directory of one node.
#[derive(Default)]
pub(crate) struct Directory {
    revision: AtomicU64,
    state: RwLock<State>,
    transfers: Transfers,
}

impl Directory {
    /// The revision by which requests are served; 0 before the first.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// Applies `changes` and returns the namespaces that are no longer reachable.
    ///
    /// # Errors
    ///
    /// [`LearnError`]; nothing is changed then.
    pub(crate) fn learn(&self, changes: Changes) -> Result<Vec<Namespace>, LearnError> {
        let keys = decoding_keys(&changes)?;
        let mut state = self.state.write();
        let known = self.revision();
        match changes.since {
            Some(_) if changes.revision <= known => return Ok(Vec::new()),
            Some(since) if since > known => return Err(LearnError::Gap { since, known }),
            None if changes.revision < known => return Ok(Vec::new()),
            _ => {}
        }
        let revision = changes.revision;
        self.transfers.limit(&changes.limits, changes.since.is_none());
        let left = if changes.since.is_none() {
            state.replace(keys, changes)
        } else {
            state.apply(keys, changes)
        };
        self.revision.store(revision, Ordering::Release);
        Ok(left)
    }

    /// Whether `account` is suspended.
    pub(crate) fn is_suspended(&self, account: AccountId) -> bool {
        self.state.read().suspended.contains(&account)
    }

    /// The key that verifies tokens signed under `kid`.
    pub(crate) fn verifying_key(&self, kid: &str) -> Option<Arc<DecodingKey>> {
        self.state.read().verifying_keys.get(kid).cloned()
    }

    /// The ids of all keys that verify tokens.
    pub(crate) fn verifying_keys(&self) -> Vec<String> {
        self.state.read().verifying_keys.keys().cloned().collect()
    }

    /// What verifies URLs that were signed under `kid`, even if it has expired.
    pub(crate) fn url_key(&self, kid: &str) -> Option<UrlVerifier> {
        self.state.read().url_keys.get(kid).cloned()
    }

    /// The API key `id` of `account`, unless it is unknown or revoked.
    pub(crate) fn api_key(&self, account: AccountId, id: &str) -> Option<ApiKey> {
        self.state.read().api_keys.get(id).filter(|key| key.account == account).cloned()
    }

    /// The session whose token has this hash, even if it has expired.
    pub(crate) fn session(&self, hash: &TokenHash) -> Option<Session> {
        self.state.read().sessions.get(hash).cloned()
    }

    /// The permissions of the role `id`: none if it is unknown.
    pub(crate) fn permissions(&self, id: &str) -> Arc<Permissions> {
        self.state.read().roles.get(id).cloned().unwrap_or_default()
    }

    /// All caches.
    pub(crate) fn caches(&self) -> Vec<Cache> {
        self.state.read().caches.values().cloned().collect()
    }

    /// The topics of all webhooks.
    pub(crate) fn webhook_topics(&self) -> Vec<(CacheId, Box<str>)> {
        let state = self.state.read();
        state.webhooks.values().map(|each| (each.cache, each.topic.as_str().into())).collect()
    }

    /// The namespace of every cache.
    pub(crate) fn namespaces(&self) -> Vec<(CacheId, Namespace)> {
        self.state.read().caches.values().map(|cache| (cache.id, cache.namespace)).collect()
    }

    /// The cache with this id.
    pub(crate) fn cache_with(&self, id: CacheId) -> Option<Cache> {
        self.state.read().caches.get(&id).cloned()
    }

    /// Whether a cache with this id exists.
    pub(crate) fn has_cache(&self, id: CacheId) -> bool {
        self.state.read().caches.contains_key(&id)
    }

    /// Sums counts of namespaces by cache, including namespaces that were retired lately.
    pub(crate) fn by_cache(&self, counts: HashMap<Namespace, u64>) -> HashMap<CacheId, u64> {
        let mut sums = HashMap::new();
        let mut state = self.state.write();
        let mut add = |namespace, id| {
            if let Some(count) = counts.get(&namespace) {
                *sums.entry(id).or_default() += count;
            }
        };
        if !counts.is_empty() {
            state.caches.values().for_each(|cache| add(cache.namespace, cache.id));
        }
        state.former.retain(|namespace, (id, looked_up)| {
            add(*namespace, *id);
            !std::mem::replace(looked_up, true)
        });
        sums
    }

    /// The cache `name` of `account`.
    pub(crate) fn cache(&self, account: AccountId, name: &str) -> Option<CacheRef> {
        let state = self.state.read();
        let id = state.names.get(&account)?.get(name)?;
        let cache = state.caches.get(id)?;
        let Cache { id, namespace, expires_at, .. } = *cache;
        Some(CacheRef { id, namespace, expires_at })
    }

    /// What `account` may transfer in a month, if that is limited.
    pub(crate) fn transfer(&self, account: AccountId) -> Option<Transfer> {
        self.transfers.of(account)
    }

    /// Sets what accounts have transferred in this month; if `is_whole`, others have nothing.
    pub(crate) fn note_transferred(&self, used: &HashMap<AccountId, u64>, is_whole: bool) {
        self.transfers.note(used, is_whole);
    }

    /// The limits of `account`'s requests to this cache with this key, or with another token if it
    /// is none; `None` if there are no limits. `now` is in microseconds since the start.
    pub(crate) fn limits(
        &self,
        account: AccountId,
        cache: Option<CacheId>,
        key: &Arc<str>,
        server: &Limits,
        now: u64,
    ) -> Option<Rc<Applied>> {
        let state = self.state.read();
        let plan = state.plans.of(account.0)?;
        let cache = cache.filter(|id| state.caches.contains_key(id)).map(|id| id.0);
        let key = Some(key).filter(|id| state.has_key(id));
        let all = || state.namespaces_of(account).collect();
        Some(plan.apply(cache, key, (server, all), now))
    }
}

impl State {
    fn replace(&mut self, keys: DecodingKeys, changes: Changes) -> Vec<Namespace> {
        let (former, mut plans) =
            (std::mem::take(&mut self.former), std::mem::take(&mut self.plans));
        let limited: HashSet<_> = changes.limits.iter().map(|limits| limits.account.0).collect();
        plans.retain(|account| limited.contains(&account));
        let mut fresh = State { former, plans, ..State::default() };
        fresh.apply(keys, changes);
        for plan in fresh.plans.iter() {
            plan.retain(|id| fresh.caches.contains_key(&CacheId(id)), |id| fresh.has_key(id));
        }
        let is_left = |old: &&Cache| {
            fresh.caches.get(&old.id).is_none_or(|new| new.namespace != old.namespace)
        };
        let left: Vec<_> =
            self.caches.values().filter(is_left).map(|old| (old.namespace, old.id)).collect();
        fresh.former.extend(left.iter().map(|(namespace, id)| (*namespace, (*id, false))));
        *self = fresh;
        left.into_iter().map(|(namespace, _)| namespace).collect()
    }

    fn apply(&mut self, keys: DecodingKeys, changes: Changes) -> Vec<Namespace> {
        self.suspended.extend(&changes.suspended_accounts);
        for account in &changes.resumed_accounts {
            self.suspended.remove(account);
        }
        self.verifying_keys.extend(keys.of_tokens);
        self.url_keys.extend(keys.of_urls);
        for kid in &changes.revoked_url_keys {
            let key = self.url_keys.remove(kid);
            self.free(key.map(|key| key.account), |plan| plan.forget_key(kid));
        }
        for kid in &changes.retired_keys {
            self.verifying_keys.remove(kid);
        }
        self.api_keys.extend(changes.api_keys.into_iter().map(|key| (key.id.clone(), key)));
        for id in &changes.revoked_keys {
            let key = self.api_keys.remove(id.as_str());
            self.free(key.map(|key| key.account), |plan| plan.forget_key(id));
        }
        self.sessions.extend(changes.sessions.into_iter().map(|session| (session.hash, session)));
        for hash in &changes.ended_sessions {
            self.sessions.remove(hash);
        }
        for role in changes.roles {
            let permissions = Permissions::read(&role.permissions).unwrap_or_default();
            self.roles.insert(role.id, Arc::new(permissions));
        }
        for id in &changes.deleted_roles {
            self.roles.remove(id);
        }
        // The same changes may delete a cache and create another of its name: remove first, then
        // add.
        for id in &changes.deleted_caches {
            let account = self.caches.get(id).map(|cache| cache.account);
            self.free(account, |plan| plan.forget_cache(id.0));
        }
        let mut left: Vec<_> =
            changes.deleted_caches.iter().filter_map(|id| Some((self.forget(*id)?, *id))).collect();
        for cache in changes.caches {
            let namespace = cache.namespace;
            let old = self.forget(cache.id).filter(|old| *old != namespace);
            left.extend(old.map(|old| (old, cache.id)));
            self.names.entry(cache.account).or_default().insert(cache.name.clone(), cache.id);
            self.caches.insert(cache.id, cache);
        }
        for id in &changes.deleted_webhooks {
            self.webhooks.remove(id);
        }
        self.webhooks.extend(changes.webhooks.into_iter().map(|webhook| (webhook.id, webhook)));
        for limits in changes.limits {
            self.limit(limits);
        }
        self.former.extend(left.iter().map(|(namespace, id)| (*namespace, (*id, false))));
        left.into_iter().map(|(namespace, _)| namespace).collect()
    }

    fn limit(&mut self, limits: AccountLimits) {
        let numbers = limits.numbers.iter().map(|(name, number)| (name.as_str(), *number));
        self.plans.set(limits.account.0, Numbers::new(numbers));
    }

    /// Frees buckets of an account's plan, if it has one.
    fn free(&self, account: Option<AccountId>, free: impl FnOnce(&Plan)) {
        if let Some(plan) = account.and_then(|account| self.plans.of(account.0)) {
            free(plan);
        }
    }

    fn namespaces_of(&self, account: AccountId) -> impl Iterator<Item = Namespace> {
        let ids = self.names.get(&account).into_iter().flat_map(HashMap::values);
        ids.filter_map(|id| self.caches.get(id)).map(|cache| cache.namespace)
    }

    /// Whether there is a key for data with this id: an API key, or one that signs URLs.
    fn has_key(&self, id: &str) -> bool {
        self.api_keys.contains_key(id) || self.url_keys.contains_key(id)
    }

    fn forget(&mut self, id: CacheId) -> Option<Namespace> {
        let cache = self.caches.remove(&id)?;
        if let Some(names) = self.names.get_mut(&cache.account) {
            names.remove(&cache.name);
        }
        Some(cache.namespace)
    }
}

/// The keys of changes by id, ready to verify.
struct DecodingKeys {
    of_tokens: Vec<(String, Arc<DecodingKey>)>,
    of_urls: Vec<(String, UrlVerifier)>,
}

fn decoding_keys(changes: &Changes) -> Result<DecodingKeys, LearnError> {
    let of_tokens = changes
        .verifying_keys
        .iter()
        .map(|(kid, public)| Ok((kid.clone(), decoding_key(kid, public)?)));
    let of_urls = changes.url_keys.iter().map(|url| {
        let key = decoding_key(&url.kid, &url.public_key)?;
        let verifier = UrlVerifier { account: url.account, key, expires_at: url.expires_at };
        Ok((url.kid.clone(), verifier))
    });
    Ok(DecodingKeys {
        of_tokens: of_tokens.collect::<Result<_, _>>()?,
        of_urls: of_urls.collect::<Result<_, _>>()?,
    })
}

fn decoding_key(kid: &str, public: &[u8]) -> Result<Arc<DecodingKey>, LearnError> {
    if public.len() != 32 {
        return Err(LearnError::BadKey(kid.to_owned()));
    }
    Ok(Arc::new(DecodingKey::from_ed_der(public)))
}

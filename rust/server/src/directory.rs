//! What this node knows of accounts: credentials, permissions and caches.
//!
//! The control plane owns these facts; the node takes over what changed and
//! counts revisions. Requests do not come here one by one: a connection keeps
//! what it found until the revision moves on.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use attimo_engine::Namespace;
use jsonwebtoken::DecodingKey;
use parking_lot::RwLock;

use crate::permissions::Permissions;

#[cfg(test)]
mod tests;

/// The number of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountId(pub u64);

/// The number of a cache: the same for its whole life, and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheId(pub u64);

/// What differs between two revisions of the directory.
#[derive(Debug, Default)]
pub struct Changes {
    /// The revision that is reached by these changes.
    pub revision: u64,
    /// The revision they start from; `None` if they are the whole directory.
    pub since: Option<u64>,
    /// Accounts that nobody may use for now; of the whole directory, all of them.
    pub suspended_accounts: Vec<AccountId>,
    /// Accounts that are no longer suspended.
    pub resumed_accounts: Vec<AccountId>,
    /// Public keys that verify tokens: key id and 32 bytes of Ed25519.
    pub verifying_keys: Vec<(String, Vec<u8>)>,
    /// Key ids that verify nothing any more.
    pub retired_keys: Vec<String>,
    /// API keys that may come in.
    pub api_keys: Vec<ApiKey>,
    /// Ids of API keys that may not come in any more.
    pub revoked_keys: Vec<String>,
    /// Keys that verify the URLs which accounts sign.
    pub url_keys: Vec<UrlKey>,
    /// Key ids that verify no URL any more.
    pub revoked_url_keys: Vec<String>,
    /// Sessions that are new, or are at another account or of another role than before.
    pub sessions: Vec<Session>,
    /// Sessions that are over.
    pub ended_sessions: Vec<TokenHash>,
    /// Roles that are new, or permit something else than before.
    pub roles: Vec<Role>,
    /// Ids of roles that are gone.
    pub deleted_roles: Vec<String>,
    /// Caches that are new or have a new namespace.
    pub caches: Vec<Cache>,
    /// Caches that are gone.
    pub deleted_caches: Vec<CacheId>,
}

/// An API key as the directory knows it: never the key itself.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// The id that tokens bear.
    pub id: Arc<str>,
    /// Whose it is.
    pub account: AccountId,
    /// When it ends, in seconds since 1970; `u64::MAX` is never.
    pub expires_at: u64,
    /// The role that says what it may; while the directory knows none of that id, it may nothing.
    pub role: Arc<str>,
}

/// The SHA-256 of a token: of a session, the token itself is kept nowhere.
pub type TokenHash = [u8; 32];

/// A signed-in member, as the directory knows it.
#[derive(Debug, Clone)]
pub struct Session {
    /// What is known of the token.
    pub hash: TokenHash,
    /// The account that the session is at.
    pub account: AccountId,
    /// When it ends, in seconds since 1970.
    pub expires_at: u64,
    /// The role of the member; while the directory knows none of that id, it may nothing.
    pub role: Arc<str>,
}

/// The public half of a key with which an account signs URLs.
#[derive(Debug, Clone)]
pub struct UrlKey {
    /// The id that the headers of its tokens bear.
    pub kid: String,
    /// Whose caches it opens.
    pub account: AccountId,
    /// 32 bytes of Ed25519.
    pub public_key: Vec<u8>,
    /// When it ends, in seconds since 1970.
    pub expires_at: u64,
}

/// The same, ready to verify.
#[derive(Clone)]
pub(crate) struct UrlVerifier {
    pub(crate) account: AccountId,
    pub(crate) key: Arc<DecodingKey>,
    pub(crate) expires_at: u64,
}

/// A role as the directory knows it.
#[derive(Debug, Clone)]
pub struct Role {
    /// What keys call it.
    pub id: String,
    /// What it permits, as JSON; nothing if that cannot be read.
    pub permissions: String,
}

/// A cache as the directory knows it.
#[derive(Debug, Clone)]
pub struct Cache {
    /// Its number, for the ledger.
    pub id: CacheId,
    /// Whose it is.
    pub account: AccountId,
    /// What its account calls it.
    pub name: String,
    /// Where its items live.
    pub namespace: Namespace,
    /// When it ends, in seconds since 1970; `u64::MAX` is never.
    pub expires_at: u64,
}

/// Where a cache's items live, and under which number its use is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CacheRef {
    /// For the ledger.
    pub(crate) id: CacheId,
    /// For the engine.
    pub(crate) namespace: Namespace,
    /// From this second on it is gone, told or not.
    pub(crate) expires_at: u64,
}

/// Changes that begin after the revision that this node has.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LearnError {
    /// Something in between is missing; the whole directory is needed.
    #[error("changes since revision {since} do not fit revision {known}: send the whole directory")]
    Gap {
        /// Where the changes begin.
        since: u64,
        /// What the node has.
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
    /// The caches of retired namespaces, and whether counts were read since; after the second read
    /// an entry is dropped.
    former: HashMap<Namespace, (CacheId, bool)>,
}

/// The directory of one node.
#[derive(Default)]
pub(crate) struct Directory {
    revision: AtomicU64,
    state: RwLock<State>,
}

impl Directory {
    /// The newest revision that requests are served by; 0 before the first.
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

    /// What verifies URLs that were signed under `kid`, whether it has ended or not.
    pub(crate) fn url_key(&self, kid: &str) -> Option<UrlVerifier> {
        self.state.read().url_keys.get(kid).cloned()
    }

    /// The API key called `id` of `account`, unless it is unknown or revoked.
    pub(crate) fn api_key(&self, account: AccountId, id: &str) -> Option<ApiKey> {
        self.state.read().api_keys.get(id).filter(|key| key.account == account).cloned()
    }

    /// The session whose token has this hash, whether it has expired or not.
    pub(crate) fn session(&self, hash: &TokenHash) -> Option<Session> {
        self.state.read().sessions.get(hash).cloned()
    }

    /// What the role called `id` permits: nothing, if there is none.
    pub(crate) fn permissions(&self, id: &str) -> Arc<Permissions> {
        self.state.read().roles.get(id).cloned().unwrap_or_default()
    }

    /// Every cache that there is.
    pub(crate) fn caches(&self) -> Vec<Cache> {
        self.state.read().caches.values().cloned().collect()
    }

    /// Whether there is a cache of this number.
    pub(crate) fn has_cache(&self, id: CacheId) -> bool {
        self.state.read().caches.contains_key(&id)
    }

    /// Sums counts of namespaces by the caches whose they are, or were until lately.
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

    /// The cache that `account` calls `name`.
    pub(crate) fn cache(&self, account: AccountId, name: &str) -> Option<CacheRef> {
        let state = self.state.read();
        let id = state.names.get(&account)?.get(name)?;
        let cache = state.caches.get(id)?;
        let Cache { id, namespace, expires_at, .. } = *cache;
        Some(CacheRef { id, namespace, expires_at })
    }
}

impl State {
    fn replace(&mut self, keys: DecodingKeys, changes: Changes) -> Vec<Namespace> {
        let mut fresh = State { former: std::mem::take(&mut self.former), ..State::default() };
        fresh.apply(keys, changes);
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
            self.url_keys.remove(kid);
        }
        for kid in &changes.retired_keys {
            self.verifying_keys.remove(kid);
        }
        self.api_keys.extend(changes.api_keys.into_iter().map(|key| (key.id.clone(), key)));
        for id in &changes.revoked_keys {
            self.api_keys.remove(id.as_str());
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
        // A name may pass from a deleted cache to a new one in the same changes: out first, then
        // in.
        let mut left: Vec<_> =
            changes.deleted_caches.iter().filter_map(|id| Some((self.forget(*id)?, *id))).collect();
        for cache in changes.caches {
            let namespace = cache.namespace;
            let old = self.forget(cache.id).filter(|old| *old != namespace);
            left.extend(old.map(|old| (old, cache.id)));
            self.names.entry(cache.account).or_default().insert(cache.name.clone(), cache.id);
            self.caches.insert(cache.id, cache);
        }
        self.former.extend(left.iter().map(|(namespace, id)| (*namespace, (*id, false))));
        left.into_iter().map(|(namespace, _)| namespace).collect()
    }

    fn forget(&mut self, id: CacheId) -> Option<Namespace> {
        let cache = self.caches.remove(&id)?;
        if let Some(names) = self.names.get_mut(&cache.account) {
            names.remove(&cache.name);
        }
        Some(cache.namespace)
    }
}

/// The keys of changes, ready to verify, by their ids.
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

//! Every data request passes here: it is authenticated, authorized, run and counted.
//!
//! Checks run in the order that the official clients expect: authentication,
//! then permission, then whether the cache exists. A connection keeps its results
//! (`AuthorizationCache`) for one directory revision, permissions in the cache
//! included, so that a request costs two comparisons instead of three look-ups.

use std::collections::HashMap;
use std::sync::Arc;

use attimo_engine::{Namespace, Stored};

use crate::backend::Backend;
use crate::clock::Now;
use crate::directory::{AccountId, Cache, CacheId, Changes, Directory, LearnError};
use crate::error::{Error, Result};
use crate::token::{Claims, Kind, Verifier, hash_of_session};
use crate::topics::Hub;

mod authorization;
mod call;
mod caller;
mod collection;
mod compound;
mod listing;
mod page_tokens;
mod permits;
mod serve;
mod standing;
mod subscription;
#[cfg(test)]
mod tests;
mod url;

use self::page_tokens::PageTokens;

pub(crate) use self::authorization::{Authorization, AuthorizationCache};
pub(crate) use self::call::Call;
pub(crate) use self::caller::{Caller, Credential};
pub(crate) use self::collection::{FOREVER, check_number};
pub(crate) use self::listing::ItemPage;
pub(crate) use self::permits::Permits;
pub(crate) use self::serve::DataRequest;
pub(crate) use self::standing::Presence;
pub(crate) use self::subscription::{Next, Subscribe, Subscription};
pub(crate) use self::url::SignedUrl;
use crate::backend::PREFETCHED;
pub(crate) use crate::token::{INVALID, claims_of};

/// The key id under which tokens are counted that no API key issued.
const NO_KEY: &str = "token";
/// The key id under which sessions are counted.
const SESSION: &str = "session";

const NO_TOKEN: Error = Error::NoToken("a token is needed: send it as `authorization`");
const NO_ADDRESS: Error = Error::denied("the token's role does not allow this address");
const DATA_ONLY: Error = Error::denied("a disposable token is for data only");

/// The gate of one node.
pub(crate) struct Gate {
    directory: Directory,
    verifier: Verifier,
    backend: Arc<Backend>,
    hub: Arc<Hub>,
    page_tokens: PageTokens,
}

impl Gate {
    /// A gate to `backend` and `hub` that refuses everyone until it has learned the first
    /// directory.
    pub(crate) fn new(backend: Arc<Backend>, hub: Arc<Hub>) -> Self {
        let page_tokens = PageTokens::new();
        Gate {
            directory: Directory::default(),
            verifier: Verifier::default(),
            backend,
            hub,
            page_tokens,
        }
    }

    /// The store, for its upkeep.
    pub(crate) fn backend(&self) -> &Arc<Backend> {
        &self.backend
    }

    /// All topics, for their upkeep.
    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Every cache that there is.
    pub(crate) fn caches(&self) -> Vec<Cache> {
        self.directory.caches()
    }

    /// The ids of all keys that verify this server's tokens.
    pub(crate) fn verifying_keys(&self) -> Vec<String> {
        self.directory.verifying_keys()
    }

    /// The cache of this number.
    pub(crate) fn cache_with(&self, id: CacheId) -> Option<Cache> {
        self.directory.cache_with(id)
    }

    /// Whether there is a cache of this number.
    pub(crate) fn has_cache(&self, id: CacheId) -> bool {
        self.directory.has_cache(id)
    }

    /// How many items were evicted since the last call, by the cache that lost them.
    pub(crate) fn take_evicted(&self) -> HashMap<CacheId, u64> {
        self.directory.by_cache(self.backend.take_evicted())
    }

    /// What every cache stores now.
    pub(crate) fn stored(&self) -> Vec<(CacheId, Stored)> {
        let (caches, namespaces): (Vec<_>, Vec<_>) =
            self.directory.namespaces().into_iter().unzip();
        caches.into_iter().zip(self.backend.stored_of(&namespaces)).collect()
    }

    /// Sets what accounts have transferred in this month; if `is_whole`, others have nothing.
    pub(crate) fn note_transferred(&self, used: &HashMap<AccountId, u64>, is_whole: bool) {
        self.directory.note_transferred(used, is_whole);
    }

    /// The revision of the directory that requests are served by.
    pub(crate) fn revision(&self) -> u64 {
        self.directory.revision()
    }

    /// Applies `changes`; requests that begin after this returns see them.
    ///
    /// # Errors
    ///
    /// [`LearnError`]; nothing has changed then.
    pub(crate) fn learn(&self, changes: Changes) -> std::result::Result<(), LearnError> {
        let has_webhooks = changes.since.is_none()
            || !changes.webhooks.is_empty()
            || !changes.deleted_webhooks.is_empty();
        let left: Vec<Namespace> = self.directory.learn(changes)?;
        if has_webhooks {
            self.hub.set_webhooks(self.directory.webhook_topics().into_iter());
        }
        if !left.is_empty() {
            self.hub.retain(|cache| self.directory.has_cache(cache));
        }
        for namespace in left {
            self.backend.retire(namespace);
        }
        Ok(())
    }

    /// Authenticates `credential`.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthenticated`] if the token is missing, invalid, revoked or expired;
    /// [`Error::Denied`] if its role does not allow the address; [`Error::Suspended`].
    pub(crate) fn admit(&self, credential: Credential<'_>, now: Now) -> Result<Caller> {
        if credential.token.is_empty() {
            return if credential.local { Ok(Caller::local_owner()) } else { Err(NO_TOKEN) };
        }
        let caller = match self.verifier.verify(&self.directory, credential.token) {
            Ok(claims) => self.caller_for(&claims, now)?,
            Err(refusal) => self.member(credential.token).ok_or(refusal)?,
        };
        caller.check_expiry(now)?;
        if !caller.admits(credential.peer) {
            return Err(NO_ADDRESS);
        }
        self.check_account(caller.account)?;
        Ok(caller)
    }

    /// Checks that the account is not suspended.
    fn check_account(&self, account: AccountId) -> Result<()> {
        if self.directory.is_suspended(account) { Err(Error::Suspended) } else { Ok(()) }
    }

    /// Authenticates `credential` for a request to the control plane.
    ///
    /// # Errors
    ///
    /// As [`Gate::admit`], and [`Error::Denied`] for a disposable token.
    pub(crate) fn admit_to_control(&self, credential: Credential<'_>, now: Now) -> Result<Caller> {
        let caller = self.admit(credential, now)?;
        if caller.disposable { Err(DATA_ONLY) } else { Ok(caller) }
    }

    /// The member who signed in, if `token` is that of a session.
    fn member(&self, token: &[u8]) -> Option<Caller> {
        let session = self.directory.session(&hash_of_session(token)?)?;
        let permissions = self.directory.permissions(&session.role);
        let caller = Caller::new(session.account, SESSION.into(), session.expires_at, permissions);
        Some(Caller { session: Some(session.hash), ..caller })
    }

    fn caller_for(&self, claims: &Claims, now: Now) -> Result<Caller> {
        if self.directory.verifying_key(&claims.kid).is_none() {
            return Err(INVALID);
        }
        let caller = match &claims.kind {
            Kind::ApiKey(id) => self.key_holder(claims, id)?,
            Kind::Disposable { issuer: None, permissions, token_id } => {
                let (permissions, token_id) = (permissions.clone(), token_id.clone());
                let caller =
                    Caller::new(claims.account, NO_KEY.into(), claims.expires_at, permissions);
                Caller { disposable: true, token_id, ..caller }
            }
            Kind::Disposable { issuer: Some(id), permissions, token_id } => {
                let holder = self.key_holder(claims, id)?;
                let (permissions, issuer) = (permissions.clone(), Some(holder.permissions));
                let token_id = token_id.clone();
                Caller { permissions, issuer, disposable: true, token_id, ..holder }
            }
            // Valid for its URL only, by `admit_url`.
            Kind::Url(_) => return Err(INVALID),
        };
        claims.check_begin(now.epoch_seconds)?;
        Ok(caller)
    }

    /// The holder of the API key called `id`; expires when the key or the token does.
    fn key_holder(&self, claims: &Claims, id: &str) -> Result<Caller> {
        let key = self.directory.api_key(claims.account, id).ok_or(INVALID)?;
        let expires_at = claims.expires_at.min(key.expires_at);
        let permissions = self.directory.permissions(&key.role);
        Ok(Caller::new(claims.account, key.id, expires_at, permissions))
    }
}

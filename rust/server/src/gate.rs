//! The one door to the data: who asks, may they, run it, count it.
//!
//! Checks run in the order that the official clients expect: authentication,
//! then permission, then whether the cache exists. What was found out for a
//! connection is kept with it (`Passes`) and good for one directory revision,
//! so that a request costs two comparisons and not three look-ups.

use std::sync::Arc;

use crate::api::Api;
use crate::backend::Backend;
use crate::clock::Now;
use crate::directory::{AccountId, CacheRef, Changes, Directory, LearnError};
use crate::error::{Error, Result};
use crate::meter::{Tally, ThreadMeter, Use};
use crate::token::Verifier;
use attimo_engine::commands::scalar::Get;
use attimo_engine::{Command, Found, Namespace};

/// The account that owns everything on a server that was started with `--local`.
const LOCAL_OWNER: AccountId = AccountId(1);
/// The key id under which its use is counted.
const LOCAL_KEY: &str = "local";

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Whose caches these are.
    pub(crate) account: AccountId,
    /// Under which key its use is counted.
    pub(crate) key_id: Arc<str>,
    /// When the token ends, in seconds since 1970.
    pub(crate) expires_at: u64,
}

/// The token of a request, and whether it may do without one.
#[derive(Clone, Copy)]
pub(crate) struct Credential<'a> {
    /// The token as it was sent; empty if there was none.
    pub(crate) token: &'a [u8],
    /// Whether the listener takes an empty token for the owner's.
    pub(crate) local: bool,
}

/// The door of one node.
pub(crate) struct Gate {
    directory: Directory,
    verifier: Verifier,
    backend: Backend,
}

impl Gate {
    /// A door to `backend` that lets nobody in until it has learned of somebody.
    pub(crate) fn new(backend: Backend) -> Self {
        Gate { directory: Directory::default(), verifier: Verifier::default(), backend }
    }

    /// The store behind the door, for its upkeep.
    pub(crate) fn backend(&self) -> &Backend {
        &self.backend
    }

    /// Takes over what changed; requests that begin after the return are served by it.
    ///
    /// # Errors
    ///
    /// [`LearnError`]; nothing has changed then.
    pub(crate) fn learn(&self, changes: Changes) -> std::result::Result<(), LearnError> {
        let left: Vec<Namespace> = self.directory.learn(changes)?;
        for namespace in left {
            self.backend.retire(namespace);
        }
        Ok(())
    }

    /// Tells who bears `credential`.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthenticated`] if the token is missing, not ours, revoked or has ended.
    pub(crate) fn admit(&self, credential: Credential<'_>, now: Now) -> Result<Caller> {
        if credential.token.is_empty() {
            if credential.local {
                let key_id = LOCAL_KEY.into();
                return Ok(Caller { account: LOCAL_OWNER, key_id, expires_at: u64::MAX });
            }
            return Err(Error::Unauthenticated("a token is needed: send it as `authorization`"));
        }
        let claims = self.verifier.verify(&self.directory, credential.token)?;
        let known = self.directory.verifying_key(&claims.kid).is_some();
        let key =
            self.directory.api_key(&claims.key_id).filter(|key| key.account == claims.account);
        let Some(key) = key.filter(|_| known) else {
            return Err(Error::Unauthenticated("the token is not valid here"));
        };
        let expires_at = claims.expires_at.min(key.expires_at);
        let caller = Caller { account: key.account, key_id: key.id, expires_at };
        caller.check_expiry(now)?;
        Ok(caller)
    }
}

impl Caller {
    fn check_expiry(&self, now: Now) -> Result<()> {
        if now.epoch_seconds >= self.expires_at {
            return Err(Error::Unauthenticated("the token has ended"));
        }
        Ok(())
    }
}

/// A caller at a cache.
pub(crate) struct Pass {
    caller: Caller,
    cache: Option<CacheRef>,
    tally: Arc<Tally>,
}

struct Kept {
    revision: u64,
    token: Box<[u8]>,
    cache: Box<[u8]>,
    pass: Arc<Pass>,
}

/// How many passes a connection keeps: one client seldom uses more caches at once.
const PASSES_KEPT: usize = 8;

/// The passes that one connection has been given; it came to one listener and stays there.
#[derive(Default)]
pub(crate) struct Passes(Vec<Kept>);

impl Passes {
    /// Lets `credential` in to the cache called `cache`.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthenticated`]. Whether the cache exists is asked by [`Call::run`], so that
    /// a request for a missing cache is counted too.
    pub(crate) fn pass(
        &mut self,
        gate: &Gate,
        meter: &ThreadMeter,
        credential: Credential<'_>,
        cache: &[u8],
        now: Now,
    ) -> Result<Arc<Pass>> {
        let revision = gate.directory.revision();
        let same = |kept: &Kept| {
            kept.revision == revision && *kept.cache == *cache && *kept.token == *credential.token
        };
        if let Some(kept) = self.0.iter().find(|kept| same(kept)) {
            kept.pass.caller.check_expiry(now)?;
            return Ok(kept.pass.clone());
        }
        let pass = Arc::new(gate.open(meter, credential, cache, now)?);
        let (token, cache) = (credential.token.into(), cache.into());
        self.keep(Kept { revision, token, cache, pass: pass.clone() });
        Ok(pass)
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
    ) -> Result<Pass> {
        let caller = self.admit(credential, now)?;
        let cache = std::str::from_utf8(cache)
            .ok()
            .and_then(|name| self.directory.cache(caller.account, name));
        let tally = meter.tally(cache.map(|cache| cache.id), &caller.key_id);
        Ok(Pass { caller, cache, tally })
    }

    /// Begins one metered request; it is counted when the call is finished.
    pub(crate) fn call<'a>(&'a self, pass: &'a Pass, api: Api, now: Now) -> Call<'a> {
        Call { gate: self, pass, api, now, used: Use::default() }
    }
}

/// One request under way: it runs commands and adds up what they use.
pub(crate) struct Call<'a> {
    gate: &'a Gate,
    pass: &'a Pass,
    api: Api,
    now: Now,
    used: Use,
}

impl Call<'_> {
    /// Runs a command that receives `bytes_in` bytes of keys and values.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchCache`], or what the command documents.
    pub(crate) fn run<C: Command>(&mut self, bytes_in: usize, command: C) -> Result<C::Reply> {
        let namespace = self.namespace()?;
        self.used.bytes_in += bytes_in as u64;
        self.gate.backend.run(namespace, command, self.now)
    }

    /// Reads the item at `key` and lets `read` copy what it needs, while it is there.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchCache`], or the engine's refusal of another type.
    pub(crate) fn get<R>(
        &mut self,
        key: &[u8],
        read: impl FnOnce(Found<'_>) -> R,
    ) -> Result<Option<R>> {
        let read = |found: Found<'_>| (found.as_slice().len(), read(found));
        let found = self.run(key.len(), Get { key, read })?;
        self.looked(found.as_ref().map(|(bytes, _)| *bytes));
        Ok(found.map(|(_, read)| read))
    }

    /// Checks that the cache is there, for a request that may run no command at all.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchCache`].
    pub(crate) fn namespace(&self) -> Result<Namespace> {
        self.pass.cache.map(|cache| cache.namespace).ok_or(Error::NoSuchCache)
    }

    /// Counts an item that was looked for: with how many bytes of it are sent, or `None` if it was
    /// not there.
    pub(crate) fn looked(&mut self, found: Option<usize>) {
        match found {
            Some(bytes) => {
                self.used.hits += 1;
                self.used.bytes_out += bytes as u64;
            }
            None => self.used.misses += 1,
        }
    }

    /// Ends the request and counts it.
    pub(crate) fn finish(self, failed: bool) {
        self.pass.tally.count(self.api, self.used, failed);
    }
}

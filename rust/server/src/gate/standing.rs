//! What the holder of a permit may do in its cache at present: with a subscription, or with a
//! WebSocket, which may have none.

use std::rc::Rc;

use super::permits::{Permit, Permits};
use super::{Authorization, Credential};
use crate::directory::CacheId;
use crate::error::{Error, Result};
use crate::topics::{LocalTopics, Notifier, Watcher};

/// The memory of a WebSocket in bytes, without the head of its request, its subscriptions and long
/// messages: most is for two buffers.
const WEB_SOCKET_BYTES: u64 = 24 * 1024;

/// A permit in one cache, as it was checked last.
pub(super) struct Standing {
    permit: Rc<Permit>,
    /// The version of the permit that it was checked by.
    version: u64,
    cache: CacheId,
    pub(super) authorization: Rc<Authorization>,
}

impl Standing {
    /// That of a permit which was authorized just now, for a cache of its account.
    pub(super) fn new(
        permit: Rc<Permit>,
        cache: CacheId,
        authorization: &Rc<Authorization>,
    ) -> Self {
        let (version, authorization) = (permit.version.get(), authorization.clone());
        Standing { permit, version, cache, authorization }
    }

    /// Why it is over, if it is: also if `allow` refuses what the permit gives now.
    pub(super) fn over(
        &mut self,
        allow: impl FnOnce(&Authorization) -> Result<()>,
    ) -> Option<Error> {
        if self.permit.version.get() == self.version {
            return None;
        }
        self.check(allow).err()
    }

    fn check(&mut self, allow: impl FnOnce(&Authorization) -> Result<()>) -> Result<()> {
        self.authorization = self.permit.authorization.borrow().clone()?;
        allow(&self.authorization)?;
        // Another cache of that name is another one.
        if self.authorization.cache.map(|cache| cache.id) != Some(self.cache) {
            return Err(Error::NoSuchCache);
        }
        self.version = self.permit.version.get();
        Ok(())
    }
}

/// The client of a WebSocket, who may use a cache.
pub(crate) struct Presence {
    standing: Standing,
    _watcher: Watcher,
}

impl Presence {
    /// Why it is over, if it is: the credential or the cache is gone.
    pub(crate) fn over(&mut self) -> Option<Error> {
        self.standing.over(|_| Ok(()))
    }
}

impl Permits {
    /// That of `credential` in the cache called `cache`, which was authorized just now, by a request
    /// whose head has so many bytes; `notifier` is told when it may be over.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchCache`].
    pub(crate) fn presence(
        &self,
        credential: Credential<'_>,
        (cache, authorization): (&str, &Rc<Authorization>),
        topics: &Rc<LocalTopics>,
        (notifier, head): (Notifier, u64),
    ) -> Result<Presence> {
        let id = authorization.cache.ok_or(Error::NoSuchCache)?.id;
        let permit = self.permit(credential, cache.as_bytes(), authorization, topics);
        let standing = Standing::new(permit, id, authorization);
        Ok(Presence { standing, _watcher: Watcher::new(topics, notifier, WEB_SOCKET_BYTES + head) })
    }
}

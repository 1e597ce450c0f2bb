//! What the credentials of subscriptions and of `WebSockets` give them for now: checked again whenever
//! the directory changes, and when a token expires.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::rc::{Rc, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::{Authorization, Credential, Gate};
use crate::clock::{Clock, Now};
use crate::error::Result;
use crate::meter::ThreadMeter;
use crate::topics::LocalTopics;

/// How often a thread looks whether subscriptions have to end.
const CHECK_EVERY: Duration = Duration::from_millis(500);
/// For how many microseconds credentials are checked before others run.
const PORTION: u64 = 200;
/// After how many microseconds subscriptions are told of what was checked so far: verifying ten
/// thousand tokens takes longer.
const TOLD_AFTER: u64 = 100_000;

/// The memory of a credential and its authorization in bytes, without the token and the name of the
/// cache.
const PERMIT_BYTES: u64 = 1024;

/// The credential of subscriptions, and what it gives them in a cache for now.
pub(super) struct Permit {
    pub(super) authorization: RefCell<Result<Rc<Authorization>>>,
    /// The revision of the directory that it was checked by.
    revision: Cell<u64>,
    /// Counts the checks that may have changed something.
    pub(super) version: Cell<u64>,
    /// Counts its memory, and how many bytes that is.
    topics: Rc<LocalTopics>,
    bytes: u64,
}

/// A [`Credential`] and the name of a cache.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    token: Box<[u8]>,
    local: bool,
    peer: IpAddr,
    cache: Box<[u8]>,
}

/// The credentials of all subscriptions of a data thread.
#[derive(Default)]
pub(crate) struct Permits {
    all: RefCell<HashMap<Rc<Key>, Weak<Permit>>>,
    /// The same in the order in which they are checked.
    order: RefCell<VecDeque<(Rc<Key>, Weak<Permit>)>>,
    begun: Notify,
}

impl Permits {
    /// That of `credential` in the cache called `cache`, which was authorized just now.
    pub(super) fn permit(
        &self,
        credential: Credential<'_>,
        cache: &[u8],
        authorization: &Rc<Authorization>,
        topics: &Rc<LocalTopics>,
    ) -> Rc<Permit> {
        let Credential { token, local, peer } = credential;
        let key = Rc::new(Key { token: token.into(), local, peer, cache: cache.into() });
        let mut all = self.all.borrow_mut();
        if let Some(permit) = all.get(&key).and_then(Weak::upgrade) {
            return permit;
        }
        let bytes = PERMIT_BYTES + (token.len() + cache.len()) as u64;
        topics.hold(bytes);
        let permit = Rc::new(Permit {
            authorization: RefCell::new(Ok(authorization.clone())),
            revision: Cell::new(authorization.revision),
            version: Cell::new(0),
            topics: topics.clone(),
            bytes,
        });
        let weak = Rc::downgrade(&permit);
        all.insert(key.clone(), weak.clone());
        self.order.borrow_mut().push_back((key, weak));
        self.begun.notify_one();
        permit
    }

    /// Ends subscriptions for ever.
    pub(crate) async fn run(
        &self,
        gate: &Gate,
        meter: &ThreadMeter,
        clock: Clock,
        topics: &LocalTopics,
    ) {
        loop {
            if self.order.borrow().is_empty() {
                self.begun.notified().await;
            }
            sleep(CHECK_EVERY).await;
            self.check(gate, meter, clock, topics).await;
            topics.sweep();
        }
    }

    /// Checks all credentials that may have changed, in portions between which others run, and tells
    /// the subscriptions.
    pub(super) async fn check(
        &self,
        gate: &Gate,
        meter: &ThreadMeter,
        clock: Clock,
        topics: &LocalTopics,
    ) {
        let (mut left, mut told_at) = (self.order.borrow().len(), clock.micros());
        let mut has_changed = false;
        while left > 0 {
            let now = clock.now();
            while left > 0 && clock.micros() - now.micros < PORTION {
                has_changed |= self.check_next(gate, meter, now);
                left -= 1;
            }
            if has_changed && (left == 0 || now.micros - told_at > TOLD_AFTER) {
                topics.notify_all().await;
                (has_changed, told_at) = (false, clock.micros());
            }
            yield_now().await;
        }
    }

    /// Checks the next credential if it may have changed; whether that was so.
    fn check_next(&self, gate: &Gate, meter: &ThreadMeter, now: Now) -> bool {
        let Some((key, weak)) = self.order.borrow_mut().pop_front() else { return false };
        let Some(permit) = weak.upgrade() else {
            let mut all = self.all.borrow_mut();
            // There may be another one by now.
            if all.get(&key).is_some_and(|permit| permit.strong_count() == 0) {
                all.remove(&key);
            }
            return false;
        };
        let has_changed = permit.may_have_changed(gate, now);
        if has_changed {
            permit.renew(&key, gate, meter, now);
        }
        self.order.borrow_mut().push_back((key, weak));
        has_changed
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.topics.let_go(self.bytes);
    }
}

impl Permit {
    fn may_have_changed(&self, gate: &Gate, now: Now) -> bool {
        let authorization = self.authorization.borrow();
        let has_expired = authorization.as_ref().is_ok_and(|it| it.until <= now.epoch_seconds);
        has_expired || self.revision.get() != gate.directory.revision()
    }

    fn renew(&self, key: &Key, gate: &Gate, meter: &ThreadMeter, now: Now) {
        // Read first: what changes meanwhile is checked the next time.
        self.revision.set(gate.directory.revision());
        let Key { token, local, peer, cache } = key;
        let credential = Credential { token, local: *local, peer: *peer };
        *self.authorization.borrow_mut() = gate.open(meter, credential, cache, now).map(Rc::new);
        self.version.set(self.version.get() + 1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use std::net::Ipv4Addr;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::super::tests;
    use super::*;
    use crate::directory::Changes;

    #[test]
    fn many_credentials_are_checked_in_portions_between_which_others_run() {
        let (gate, clock) = (tests::gate(), Clock::start());
        let (meter, permits) = (ThreadMeter::new(Arc::default()), Permits::default());
        let topics = LocalTopics::new(gate.hub().clone(), 0);
        let credential = Credential { token: b"", local: true, peer: Ipv4Addr::LOCALHOST.into() };
        let authorization = gate.open(&meter, credential, b"there", clock.now()).map(Rc::new);
        let authorization = authorization.unwrap();
        let permit = |n: u32| permits.permit(credential, &n.to_le_bytes(), &authorization, &topics);
        let all: Vec<_> = (0..20_000).map(permit).collect();
        let checked = || all.iter().filter(|permit| permit.version.get() > 0).count();
        gate.learn(Changes { revision: 2, ..Changes::default() }).unwrap();

        let mut check = pin!(permits.check(&gate, &meter, clock, &topics));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(check.as_mut().poll(&mut cx).is_pending());
        assert!((1..all.len() / 2).contains(&checked()), "{} at once", checked());
        while check.as_mut().poll(&mut cx).is_pending() {}
        assert_eq!(checked(), all.len());
    }
}

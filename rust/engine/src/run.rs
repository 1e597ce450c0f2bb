//! Runs commands: under the lock of a shard or, if that takes too long, on a copy of the item.

use parking_lot::MutexGuard;

use crate::draft::Draft;
use crate::engine::Engine;
use crate::held::Held;
use crate::namespace::GRACE_MILLISECONDS;
use crate::pace::AT_ONCE;
use crate::place::{Place, Version};
use crate::quota::{Quota, Spared};
use crate::reclaim::Written;
use crate::shard::Shard;
use crate::{Command, Error, Limits, Looked, Moment, Namespace, Pace, Unpaced};

/// How often a write works on a copy: others may write the item meanwhile. Then it takes place under
/// the lock, so that it does take place.
const TRIES: usize = 3;
/// How long a write may take, in milliseconds. It is for a cache that was there when it began: one
/// that was deleted meanwhile is forgotten later.
const LONGEST: u64 = GRACE_MILLISECONDS / 2;

impl Engine {
    /// Runs a command. If memory is short after a write, the write stays and other items are
    /// evicted.
    ///
    /// # Errors
    ///
    /// Those of the command; the item is then unchanged.
    pub fn run<C: Command>(
        &self,
        namespace: Namespace,
        command: C,
        now: Moment,
    ) -> Result<C::Reply, Error> {
        self.measure(namespace, command, (self.limits(), None), now, &Unpaced)
            .map(|(reply, _)| reply)
    }

    /// The same with other limits of items and a quota, and returns the lookups of the command, too.
    /// `pace` is told of what takes long.
    ///
    /// # Errors
    ///
    /// Those of [`Engine::run`].
    pub fn measure<C: Command>(
        &self,
        namespace: Namespace,
        mut command: C,
        (limits, quota): (&Limits, Option<Quota<'_>>),
        now: Moment,
        pace: &dyn Pace,
    ) -> Result<(C::Reply, Looked), Error> {
        let held = match command.memory() {
            0 => None,
            bytes => Some(self.hold(bytes, now, pace)?),
        };
        command.prepare(self.hashing(), pace);
        let now = pace.now().unwrap_or(now);
        let namespace = namespace.within(C::SPACE);
        let (home, hash) = self.locate(namespace, command.key());
        let run = Run { engine: self, home, namespace, hash, limits, quota, pace };
        let (reply, mut looked) = run.run(command, held, now)?;
        looked += C::looked(&reply, pace);
        Ok((reply, looked))
    }
}

/// The run of one command.
struct Run<'a> {
    engine: &'a Engine,
    /// The number of its shard.
    home: usize,
    namespace: Namespace,
    hash: u32,
    limits: &'a Limits,
    quota: Option<Quota<'a>>,
    pace: &'a dyn Pace,
}

/// What a shard uses and stores before a write.
type Before = (u64, u64);

impl Run<'_> {
    /// Runs it; `held` is the memory of what it has prepared.
    fn run<C: Command>(
        &self,
        command: C,
        mut held: Option<Held<'_>>,
        mut now: Moment,
    ) -> Result<(C::Reply, Looked), Error> {
        let (mut tries, began) = (TRIES, now);
        loop {
            let mut shard = self.engine.lock(self.home);
            let before = (shard.memory(), shard.totals().bytes);
            let mut place = self.place(&mut shard, command.key(), now);
            let work = command.work(&place);
            if tries == 0 || work <= AT_ONCE {
                let reply = command.apply(&mut place);
                let (at, looked) = (place.address(), place.looked());
                drop(held.take());
                if C::WRITES {
                    self.leave(shard, before, at, now);
                } else {
                    drop(shard);
                }
                return reply.map(|reply| (reply, looked));
            }
            let (at, garbage) = ((self.namespace, self.hash), &self.engine.budget.garbage);
            let mut draft = Draft::of(&mut place, at, command.key(), garbage);
            drop(shard);
            if !C::WRITES {
                return self.read(command, &mut draft);
            }
            let bytes = draft.memory(work, command.received(self.pace));
            let held = self.engine.hold(bytes, now, self.pace);
            let (copy, held) = match (command.again(), held) {
                (Some(copy), Ok(held)) => (copy, held),
                (Some(_), Err(error)) if self.pace.now().is_some() => return Err(error),
                // It cannot wait for memory.
                _ => {
                    tries = 0;
                    continue;
                }
            };
            let (done, next) = self.write(copy, &mut draft)?;
            now = self.pace.now().unwrap_or(now);
            if now.0.saturating_sub(began.0) > LONGEST {
                return Err(Error::Contended);
            }
            if self.replace(command.key(), (draft, held), next, now) {
                return Ok(done);
            }
            tries -= 1;
        }
    }

    fn place<'s>(&'s self, shard: &'s mut Shard, key: &[u8], now: Moment) -> Place<'s> {
        let rules = (self.engine.rules(), self.limits);
        Place::find(shard, rules, (self.namespace, self.hash), key, now)
    }

    /// Runs a read on a copy.
    fn read<C: Command>(
        &self,
        command: C,
        draft: &mut Draft<'_>,
    ) -> Result<(C::Reply, Looked), Error> {
        let key = command.key().to_vec();
        let mut place = draft.place((self.engine.rules(), self.limits), &key, self.pace);
        let reply = command.apply(&mut place)?;
        Ok((reply, place.looked()))
    }

    /// Runs a write on a copy; returns what becomes of it, too.
    fn write<C: Command>(
        &self,
        command: C,
        draft: &mut Draft<'_>,
    ) -> Result<((C::Reply, Looked), Version), Error> {
        let key = command.key().to_vec();
        let mut place = draft.place((self.engine.rules(), self.limits), &key, self.pace);
        let reply = command.apply(&mut place)?;
        Ok(((reply, place.looked()), place.version()))
    }

    /// Replaces an item by the next version of it; whether it was still that of the draft.
    fn replace(
        &self,
        key: &[u8],
        (draft, held): (Draft<'_>, Held<'_>),
        next: Version,
        now: Moment,
    ) -> bool {
        let mut shard = self.engine.lock(self.home);
        let before = (shard.memory(), shard.totals().bytes);
        let mut place = self.place(&mut shard, key, now);
        if !place.is(draft.original()) {
            return false;
        }
        place.become_version(key, next);
        let at = place.address();
        drop(held);
        // It is the original, which the draft has, too.
        drop(shard.take_discarded());
        draft.finish();
        self.leave(shard, before, at, now);
        true
    }

    /// What follows a write.
    fn leave(
        &self,
        mut shard: MutexGuard<'_, Shard>,
        (memory, stored): Before,
        mut at: Option<u32>,
        now: Moment,
    ) {
        let (home, namespace, hash) = (self.home, self.namespace, self.hash);
        shard.compact(&mut at);
        self.engine.count(memory, shard.memory());
        let stored = (stored, shard.totals().bytes);
        self.engine.leave(shard, Written { home, namespace, at }, now, self.pace);
        if let Some(quota) = self.quota {
            self.engine.keep_within(quota, stored, Spared { home, namespace, hash }, now);
        }
    }
}

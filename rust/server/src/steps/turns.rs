//! The large requests of a data thread, which take turns.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use attimo_engine::Namespace;
use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::{spawn_local, yield_now};

use super::{Pauses, Steps, Trial};
use crate::clock::{Clock, Now};
use crate::error::Result;

/// How much work a step is, in units of some ten nanoseconds; see [`Pace`].
const STEP: usize = 8 * 1024;
/// How much work a request may be that is only tried.
const TRIAL: usize = 1024;
/// How much all may be together that have arrived at the same time.
const TRIALS: usize = 32 * TRIAL;
/// The size of a stack, in bytes; the system provides only what is used of it.
const STACK: usize = 512 * 1024;
/// How many stacks a thread keeps for the next requests.
const KEPT_STACKS: usize = 8;
/// How many requests of a thread may have begun: each has a stack, and maybe much of its reply.
const SLOTS: u32 = 64;

type Work<T> = Coroutine<usize, Namespace, (T, usize), DefaultStack>;

/// The large requests of a data thread.
pub(crate) struct Turns {
    /// Requests that wait for their next step: those of a cache together.
    waiting: RefCell<VecDeque<(Namespace, VecDeque<oneshot::Sender<()>>)>>,
    /// How much work may be done at once before other connections are looked at.
    spare: Cell<usize>,
    /// When requests have arrived of which some were tried, and how much work more may be tried.
    trials: Cell<(u64, usize)>,
    /// Whether a task gives turns.
    gives: Cell<bool>,
    stacks: RefCell<Vec<DefaultStack>>,
    slots: Arc<Semaphore>,
    /// Whether what is dropped is left as it is.
    abandons: Cell<bool>,
    clock: Clock,
}

/// One of the requests of a thread that may have begun.
pub(crate) type RequestSlot = OwnedSemaphorePermit;

/// A request that has begun.
pub(crate) enum Begun<T> {
    /// It was done in one step.
    Done(T),
    Unfinished(Unfinished<T>),
}

/// What became of a request that was to be tried.
pub(crate) enum Tried<T> {
    Done(T),
    /// It has changed nothing, and must be begun in steps.
    GaveUp,
    /// Others that have arrived with it were too much work.
    Not,
}

/// A request between two steps. If it is dropped, it is finished first, unless the thread ends: what
/// has begun has locked nothing, but may have counted and written.
pub(crate) struct Unfinished<T> {
    turns: Rc<Turns>,
    /// `None` once it is done.
    work: Option<Work<T>>,
    cache: Namespace,
    #[expect(dead_code, reason = "dropping it lets another request begin")]
    slot: RequestSlot,
}

impl Turns {
    /// Without requests.
    pub(crate) fn new(clock: Clock) -> Self {
        Turns {
            waiting: RefCell::default(),
            spare: Cell::new(STEP),
            trials: Cell::new((0, TRIALS)),
            gives: Cell::default(),
            stacks: RefCell::default(),
            slots: Arc::new(Semaphore::new(SLOTS as usize)),
            abandons: Cell::default(),
            clock,
        }
    }

    /// A slot for a request, if one is free.
    pub(crate) fn slot(&self) -> Option<RequestSlot> {
        self.slots.clone().try_acquire_owned().ok()
    }

    /// Whether fewer than half of the slots are taken, so that a client may have several.
    pub(crate) fn has_many_slots(&self) -> bool {
        self.slots.available_permits() * 2 > SLOTS as usize
    }

    /// Waits for a slot; those who have waited for longest get theirs first.
    pub(crate) async fn slot_soon(&self) -> RequestSlot {
        self.slots.clone().acquire_owned().await.expect("slots are never closed")
    }

    /// Waits until all requests are done.
    pub(crate) async fn end(&self) {
        // It fails only if slots are closed, which they never are.
        let _ = self.slots.acquire_many(SLOTS).await;
    }

    /// Ends the requests that are not done without doing the rest: the thread ends.
    pub(crate) fn abandon(&self) {
        self.abandons.set(true);
    }

    /// Tries a request that has arrived at `now`; it may be long only by what it reads.
    pub(crate) fn try_now<T>(&self, now: Now, serve: impl FnOnce(&Steps<'_>) -> T) -> Tried<T> {
        let (arrived, left) = self.trials.get();
        let left = if arrived == now.micros { left } else { TRIALS };
        let most = left.min(TRIAL);
        if most == 0 {
            return Tried::Not;
        }
        let steps = Steps::without_pauses(most, Trial::Begun);
        let done = serve(&steps);
        self.trials.set((now.micros, left - (most - steps.left.get().min(most))));
        if steps.trial.get() == Trial::GivenUp { Tried::GaveUp } else { Tried::Done(done) }
    }

    /// Begins `work`, with what is left to do before other connections are looked at; `reserve`
    /// reserves memory for its reply.
    pub(crate) fn begin<T: 'static>(
        self: &Rc<Self>,
        slot: RequestSlot,
        reserve: impl FnMut(usize) -> Result<()> + 'static,
        work: impl FnOnce(&Steps<'_>) -> T + 'static,
    ) -> Begun<T> {
        let kept = self.stacks.borrow_mut().pop();
        let Ok(stack) = kept.map_or_else(|| DefaultStack::new(STACK), Ok) else {
            // The process may have no more memory mappings.
            return Begun::Done(work(&Steps::one()));
        };
        let clock = self.clock;
        let work = Coroutine::with_stack(stack, move |yielder: &Yielder<_, _>, left| {
            let reserve = RefCell::new(reserve);
            let now = Cell::new(clock.now());
            let pauses = Pauses { yielder, clock, rest: Cell::new(0), now, reserve: &reserve };
            let mut steps = Steps::without_pauses(0, Trial::None);
            steps.pauses = Some(&pauses);
            steps.begin_part(&pauses, left);
            let done = work(&steps);
            (done, steps.left())
        });
        let (turns, cache) = (self.clone(), Namespace(0));
        let mut begun = Unfinished { turns, work: Some(work), cache, slot };
        match begun.step(self.spare.take()) {
            Some((done, left)) => {
                self.spare.set(left);
                Begun::Done(done)
            }
            None => Begun::Unfinished(begun),
        }
    }

    /// Waits until it is the turn of a request for `cache`.
    async fn turn(self: &Rc<Self>, cache: Namespace) {
        let (give, given) = oneshot::channel();
        self.queue(cache, give);
        if !self.gives.replace(true) {
            spawn_local(self.clone().give());
        }
        // Turns are given until nobody waits.
        let _ = given.await;
    }

    fn queue(&self, cache: Namespace, give: oneshot::Sender<()>) {
        let mut waiting = self.waiting.borrow_mut();
        match waiting.iter_mut().find(|(of, _)| *of == cache) {
            Some((_, queue)) => queue.push_back(give),
            None => waiting.push_back((cache, VecDeque::from([give]))),
        }
    }

    /// Gives one turn each time that the other tasks of this thread have run.
    async fn give(self: Rc<Self>) {
        loop {
            yield_now().await;
            self.spare.set(STEP);
            let Some(next) = self.next() else { break };
            // A request that was dropped needs no turn.
            let _ = next.send(());
        }
        self.gives.set(false);
    }

    fn next(&self) -> Option<oneshot::Sender<()>> {
        let mut waiting = self.waiting.borrow_mut();
        let (cache, mut queue) = waiting.pop_front()?;
        let next = queue.pop_front();
        if !queue.is_empty() {
            waiting.push_back((cache, queue));
        }
        next
    }

    fn keep(&self, stack: DefaultStack) {
        let mut stacks = self.stacks.borrow_mut();
        if stacks.len() < KEPT_STACKS {
            stacks.push(stack);
        }
    }
}

impl<T> Unfinished<T> {
    /// Does the rest, a step at each of its turns.
    pub(crate) async fn finish(mut self) -> T {
        loop {
            self.turns.turn(self.cache).await;
            if let Some((done, _)) = self.step(STEP) {
                return done;
            }
        }
    }

    /// Works until the step is over; returns the result once there is one, and what is left of the
    /// step.
    fn step(&mut self, units: usize) -> Option<(T, usize)> {
        let mut work = self.work.take()?;
        match work.resume(units) {
            CoroutineResult::Yield(cache) => {
                (self.work, self.cache) = (Some(work), cache);
                None
            }
            CoroutineResult::Return(done) => {
                self.turns.keep(work.into_stack());
                Some(done)
            }
        }
    }
}

impl<T> Drop for Unfinished<T> {
    fn drop(&mut self) {
        if self.turns.abandons.get() {
            // Its stack is left as it is, with all that it holds.
            return std::mem::forget(self.work.take());
        }
        while self.work.is_some() {
            self.step(usize::MAX);
        }
    }
}

#[cfg(test)]
mod tests;

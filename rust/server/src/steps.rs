//! Large requests, in steps: each has a stack of its own, on which it works as any other, and pauses
//! after a bounded amount of work.
//!
//! Between two steps the data thread serves whatever else has arrived. The caches with requests that
//! are not done take turns, and so do the requests of one cache.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use attimo_engine::{Namespace, Pace};
use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use tokio::sync::oneshot;
use tokio::task::{spawn_local, yield_now};

/// How much work a step is, in units of some ten nanoseconds; see [`Pace`].
const STEP: usize = 8 * 1024;
/// How much work a command about a single value is.
pub(crate) const COMMAND: usize = 16;
/// The size of a stack, in bytes; the system provides only what is used of it.
const STACK: usize = 512 * 1024;
/// How many stacks a thread keeps for the next requests.
const KEPT_STACKS: usize = 8;

/// How a request pauses. It must not while it holds a lock, or borrows what others need.
pub(crate) struct Steps<'a> {
    pauses: Option<&'a Yielder<usize, Namespace>>,
    /// How much work is left of the step.
    left: Cell<usize>,
    /// The cache that the request is for, once it is known.
    cache: Cell<Namespace>,
}

impl Steps<'_> {
    /// For a request that never pauses.
    pub(crate) const fn one() -> Self {
        Steps { pauses: None, left: Cell::new(usize::MAX), cache: Cell::new(Namespace(0)) }
    }

    /// The same, for as long as a test wants.
    #[cfg(test)]
    pub(crate) fn at_once() -> &'static Steps<'static> {
        Box::leak(Box::new(Steps::one()))
    }

    /// Names the cache that the request is for.
    pub(crate) fn are_for(&self, cache: Namespace) {
        self.cache.set(cache);
    }

    /// Counts work, and pauses if the step is over.
    pub(crate) fn work(&self, units: usize) {
        let left = self.left.get();
        if units < left {
            self.left.set(left - units);
        } else {
            self.pause();
        }
    }

    #[cold]
    fn pause(&self) {
        let next = self.pauses.map_or(usize::MAX, |pauses| pauses.suspend(self.cache.get()));
        self.left.set(next);
    }
}

impl Pace for Steps<'_> {
    fn work(&self, units: usize) {
        Steps::work(self, units);
    }
}

type Work<T> = Coroutine<usize, Namespace, (T, usize), DefaultStack>;

/// The large requests of a data thread.
pub(crate) struct Turns {
    /// Requests that wait for their next step: those of a cache together.
    waiting: RefCell<VecDeque<(Namespace, VecDeque<oneshot::Sender<()>>)>>,
    /// How much work may be done at once before other connections are looked at.
    spare: Cell<usize>,
    /// Whether a task gives turns.
    gives: Cell<bool>,
    stacks: RefCell<Vec<DefaultStack>>,
}

impl Default for Turns {
    fn default() -> Self {
        Turns {
            waiting: RefCell::default(),
            spare: Cell::new(STEP),
            gives: Cell::default(),
            stacks: RefCell::default(),
        }
    }
}

/// A request that has begun.
pub(crate) enum Begun<T> {
    /// It was done in one step.
    Done(T),
    Unfinished(Unfinished<T>),
}

/// A request between two steps. If it is dropped, it is finished first: what has begun has locked
/// nothing, but may have counted and written.
pub(crate) struct Unfinished<T> {
    turns: Rc<Turns>,
    /// `None` once it is done.
    work: Option<Work<T>>,
    cache: Namespace,
}

impl Turns {
    /// Begins `work`, with what is left to do before other connections are looked at.
    pub(crate) fn begin<T: 'static>(
        self: &Rc<Self>,
        work: impl FnOnce(&Steps<'_>) -> T + 'static,
    ) -> Begun<T> {
        let kept = self.stacks.borrow_mut().pop();
        let Ok(stack) = kept.map_or_else(|| DefaultStack::new(STACK), Ok) else {
            // The process may have no more memory mappings.
            return Begun::Done(work(&Steps::one()));
        };
        let work = Coroutine::with_stack(stack, |pauses: &Yielder<_, _>, left| {
            let (left, cache) = (Cell::new(left), Cell::new(Namespace(0)));
            let steps = Steps { pauses: Some(pauses), left, cache };
            let done = work(&steps);
            (done, steps.left.get())
        });
        let mut begun = Unfinished { turns: self.clone(), work: Some(work), cache: Namespace(0) };
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
        while self.work.is_some() {
            self.step(usize::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::{Builder, LocalOptions, LocalRuntime};

    use super::*;

    /// What ran, in order.
    type Log = Rc<RefCell<Vec<&'static str>>>;

    fn on_one_thread<T>(test: impl AsyncFnOnce(Rc<Turns>) -> T) -> T {
        let runtime: LocalRuntime =
            Builder::new_current_thread().build_local(LocalOptions::default()).unwrap();
        runtime.block_on(async { test(Rc::default()).await })
    }

    /// A request for a cache, of some steps.
    fn request(
        turns: &Rc<Turns>,
        cache: u32,
        name: &'static str,
        steps: usize,
        log: &Log,
    ) -> Begun<usize> {
        let log = log.clone();
        turns.begin(move |step| {
            step.are_for(Namespace(cache));
            for _ in 0..steps {
                step.work(STEP);
                log.borrow_mut().push(name);
            }
            steps
        })
    }

    fn unfinished<T>(begun: Begun<T>) -> Unfinished<T> {
        match begun {
            Begun::Unfinished(rest) => rest,
            Begun::Done(_) => panic!("it has more than one step"),
        }
    }

    #[test]
    fn a_short_request_is_done_at_once_while_there_is_work_to_spare() {
        on_one_thread(async |turns| {
            let mut at_once = 0;
            while let Begun::Done(()) = turns.begin(|steps| steps.work(STEP / 10 + 1)) {
                at_once += 1;
            }

            assert_eq!((at_once, turns.spare.get()), (9, 0));
        });
    }

    #[test]
    fn a_step_is_over_after_a_bounded_amount_of_work() {
        on_one_thread(async |turns| {
            let done = Rc::new(Cell::new(0));
            let counted = done.clone();
            let mut rest = unfinished(turns.begin(move |steps| {
                for _ in 0..10 * STEP {
                    steps.work(1);
                    counted.set(counted.get() + 1);
                }
            }));
            let mut most = 0;
            while rest.work.is_some() {
                let before = done.get();
                rest.step(STEP);
                most = most.max(done.get() - before);
            }

            assert_eq!((done.get(), most), (10 * STEP, STEP));
        });
    }

    #[test]
    fn other_tasks_run_between_two_steps() {
        on_one_thread(async |turns| {
            let log = Log::default();
            let rest = unfinished(request(&turns, 1, "step", 4, &log));
            let others = log.clone();
            spawn_local(async move {
                for _ in 0..10 {
                    others.borrow_mut().push("other");
                    yield_now().await;
                }
            });

            assert_eq!(rest.finish().await, 4);
            let log = log.borrow();
            assert!(!log.windows(2).any(|two| two == ["step", "step"]), "{log:?}");
        });
    }

    #[test]
    fn caches_take_turns_however_many_requests_each_has() {
        on_one_thread(async |turns| {
            let log = Log::default();
            let many = ["a", "a", "a", "a"].map(|name| request(&turns, 1, name, 3, &log));
            let one = request(&turns, 2, "b", 3, &log);
            let tasks = many.map(|begun| spawn_local(unfinished(begun).finish()));
            unfinished(one).finish().await;
            let both = log.borrow().len();
            for task in tasks {
                task.await.unwrap();
            }

            let log = log.borrow();
            assert!(log[..both].iter().filter(|name| **name == "a").count() <= 4, "{log:?}");
            assert_eq!(log.len(), 4 * 3 + 3);
        });
    }

    #[test]
    fn a_request_that_is_dropped_is_finished_first() {
        on_one_thread(async |turns| {
            let log = Log::default();
            drop(request(&turns, 1, "step", 3, &log));

            assert_eq!(log.borrow().len(), 3);
            assert_eq!(turns.stacks.borrow().len(), 1);
        });
    }

    #[test]
    fn a_panic_passes_to_the_caller() {
        on_one_thread(async |turns| {
            let rest = unfinished(turns.begin(|steps| -> usize {
                steps.work(STEP);
                panic!("as a test")
            }));

            assert!(spawn_local(rest.finish()).await.unwrap_err().is_panic());
        });
    }

    #[test]
    fn a_request_without_steps_never_pauses() {
        let steps = Steps::one();
        steps.work(usize::MAX);
        steps.work(usize::MAX);

        assert_eq!(steps.left.get(), usize::MAX);
    }
}

use tokio::runtime::{Builder, LocalOptions, LocalRuntime};

use super::super::{LONGEST_STEP, PART};
use super::*;
use crate::limits::AT_ONCE_BYTES;

/// What ran, in order.
type Log = Rc<RefCell<Vec<&'static str>>>;

fn on_one_thread<T>(test: impl AsyncFnOnce(Rc<Turns>) -> T) -> T {
    let runtime: LocalRuntime =
        Builder::new_current_thread().build_local(LocalOptions::default()).unwrap();
    runtime.block_on(async { test(Rc::new(Turns::new(Clock::start()))).await })
}

/// Begins work in a free place, with memory for any reply.
fn begin<T: 'static>(turns: &Rc<Turns>, work: impl FnOnce(&Steps<'_>) -> T + 'static) -> Begun<T> {
    turns.begin(turns.slot().unwrap(), |_| Ok(()), work)
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
    begin(turns, move |step| {
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
        while let Begun::Done(()) = begin(&turns, |steps| steps.work(STEP / 10 + 1)) {
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
        let mut rest = unfinished(begin(&turns, move |steps| {
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

        assert_eq!(done.get(), 10 * STEP);
        assert!(most <= STEP, "{most}");
    });
}

#[test]
fn a_step_is_over_when_its_work_takes_longer_than_it_should() {
    on_one_thread(async |turns| {
        let (clock, done) = (turns.clock, Rc::new(Cell::new(0)));
        let counted = done.clone();
        let mut rest = unfinished(begin(&turns, move |steps| {
            for _ in 0..4 {
                let until = clock.micros() + LONGEST_STEP;
                while clock.micros() < until {}
                steps.work(PART);
                counted.set(counted.get() + 1);
            }
        }));

        for step in 0..4 {
            assert_eq!(done.get(), step);
            rest.step(STEP);
        }
        assert!(rest.work.is_none());
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
fn a_request_is_abandoned_when_the_thread_ends() {
    on_one_thread(async |turns| {
        let log = Log::default();
        let begun = request(&turns, 1, "step", 3, &log);
        turns.abandon();
        drop(begun);

        assert!(log.borrow().is_empty());
    });
}

#[test]
fn a_bounded_number_of_requests_has_begun() {
    on_one_thread(async |turns| {
        let log = Log::default();
        let mut begun = Vec::new();
        let mut several = 0;
        while turns.slot().is_some() {
            several += u32::from(turns.has_many_slots());
            begun.push(request(&turns, 1, "step", 3, &log));
        }
        assert_eq!((begun.len(), several), (SLOTS as usize, SLOTS / 2));

        let (waits, gives_up) = (turns.clone(), turns.clone());
        let waits = spawn_local(async move { drop(waits.slot_soon().await) });
        let gives_up = spawn_local(async move { drop(gives_up.slot_soon().await) });
        yield_now().await;
        assert!(!waits.is_finished());
        gives_up.abort();
        unfinished(begun.pop().unwrap()).finish().await;
        waits.await.unwrap();
    });
}

#[test]
fn the_end_is_when_all_requests_are_done() {
    on_one_thread(async |turns| {
        let log = Log::default();
        let rest = unfinished(request(&turns, 1, "step", 5, &log));
        let rest = spawn_local(rest.finish());
        turns.end().await;

        assert_eq!(log.borrow().len(), 5);
        assert!(rest.await.is_ok());
    });
}

#[test]
fn a_reply_waits_for_memory_and_is_refused_after_a_while() {
    on_one_thread(async |turns| {
        let full = || Err(crate::error::Error::Overloaded(crate::error::Overload::Bytes));
        let mut misses = 3;
        let soon = move |bytes| {
            assert_eq!(bytes, 2 * AT_ONCE_BYTES);
            if misses == 0 {
                return Ok(());
            }
            misses -= 1;
            full()
        };
        let asks = |steps: &Steps<'_>| steps.hold(AT_ONCE_BYTES + 1);
        let waits = turns.begin(turns.slot().unwrap(), soon, asks);
        let refused = turns.begin(turns.slot().unwrap(), move |_| full(), asks);

        assert_eq!(unfinished(waits).finish().await, Ok(()));
        assert_eq!(unfinished(refused).finish().await, full());
    });
}

#[test]
fn the_time_is_read_again_after_a_pause() {
    on_one_thread(async |turns| {
        let rest = unfinished(begin(&turns, |steps| {
            let before = steps.now().unwrap().micros;
            steps.work(STEP);
            (before, steps.now().unwrap().micros)
        }));
        let paused = turns.clock.micros();
        while turns.clock.micros() == paused {}
        let (before, after) = rest.finish().await;

        assert!(before <= paused && paused < after);
    });
}

#[test]
fn a_panic_passes_to_the_caller() {
    on_one_thread(async |turns| {
        let rest = unfinished(begin(&turns, |steps| -> usize {
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

/// Tries a request that is this much work.
fn tried(turns: &Turns, now: Now, work: usize) -> Tried<Result<()>> {
    turns.try_now(now, |steps| {
        steps.work(work);
        steps.give_up_if_over()
    })
}

#[test]
fn a_request_that_is_tried_gives_up_where_it_takes_long() {
    on_one_thread(async |turns| {
        let now = Clock::start().now();

        assert!(matches!(tried(&turns, now, TRIAL - 1), Tried::Done(Ok(()))));
        assert!(matches!(tried(&turns, now, TRIAL), Tried::GaveUp));
        assert!(matches!(tried(&turns, now, 1), Tried::Done(Ok(()))));
    });
}

#[test]
fn a_request_that_is_tried_gives_up_if_its_reply_is_long() {
    on_one_thread(async |turns| {
        let now = Clock::start().now();
        let replies = |bytes| turns.try_now(now, |steps| steps.hold(bytes));

        assert!(matches!(replies(AT_ONCE_BYTES), Tried::Done(Ok(()))));
        assert!(matches!(replies(AT_ONCE_BYTES + 1), Tried::GaveUp));
    });
}

#[test]
fn of_requests_that_arrive_together_a_bounded_amount_of_work_is_tried() {
    on_one_thread(async |turns| {
        let now = Clock::start().now();
        let works = (0..1_000).map(|_| tried(&turns, now, TRIAL / 2));

        let done = works.take_while(|tried| matches!(tried, Tried::Done(_))).count();

        assert!((2 * TRIALS / TRIAL - 2..=2 * TRIALS / TRIAL).contains(&done), "{done}");
        assert!(matches!(tried(&turns, now, 1), Tried::Not));
        let later = Now { micros: now.micros + 1, ..now };
        assert!(matches!(tried(&turns, later, 1), Tried::Done(_)));
    });
}

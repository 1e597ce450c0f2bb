//! Counts answered requests, with their outcomes and durations.
//!
//! A thread reads the clock once when it wakes up and once after it has written its responses. So a
//! response is noted when it is created (`answered`), and added to the histogram when the thread
//! knows the time (`settle`).

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use http::StatusCode;

use super::Stats;
use super::histogram::{BUCKETS, Histogram};
use crate::clock::{Clock, Now};
use crate::counter::Counter;
use crate::error::ErrorKind;
use crate::meter::OwnCounters;
use crate::methods::Api;
use crate::plan::Limit;

/// The protocol of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    Grpc,
    GrpcWeb,
    Http,
}

/// The outcome of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Ok,
    /// Refused: the caller can fix it.
    Refused,
    /// Failed: the operator can fix it.
    Failed,
}

/// Label values of the protocols.
pub(crate) const VIAS: [(Via, &str); 3] =
    [(Via::Grpc, "grpc"), (Via::GrpcWeb, "grpc_web"), (Via::Http, "http")];
/// Label values of the outcomes.
pub(crate) const CLASSES: [&str; 3] = ["ok", "refused", "failed"];

impl Class {
    /// The outcome of a request that ended with such an error, or with none.
    fn of(error: Option<ErrorKind>) -> Self {
        match error {
            None => Class::Ok,
            Some(ErrorKind::Failed) => Class::Failed,
            Some(_) => Class::Refused,
        }
    }

    /// The outcome of a request with this HTTP status.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        if status.is_server_error() {
            Class::Failed
        } else if status.is_client_error() {
            Class::Refused
        } else {
            Class::Ok
        }
    }

    /// The outcome of a request with this gRPC code.
    pub(crate) fn of_grpc(code: u16) -> Self {
        match code {
            0 => Class::Ok,
            // Unknown, internal, unavailable, data loss.
            2 | 13 | 14 | 15 => Class::Failed,
            _ => Class::Refused,
        }
    }
}

/// The index of the control plane, after those of the methods.
const CONTROL: usize = Api::COUNT;
const SERIES: usize = VIAS.len() * (CONTROL + 1);
/// The lowest HTTP status of an error: they are 400 to 599. The gRPC codes, 1 to 16, need less
/// space.
const FIRST_OF_HTTP: usize = 400;
const CODES: usize = 200;
/// With this many entries of responses noted, the clock is read at once.
const WAITING: usize = 1_024;

fn series(via: Via, api: Option<Api>) -> usize {
    via as usize * (CONTROL + 1) + api.map_or(CONTROL, |api| api as usize)
}

#[derive(Default)]
struct Series {
    took: Histogram,
    classes: [Counter; CLASSES.len()],
}

/// The requests of one thread.
pub(crate) struct Requests {
    series: [OnceLock<Box<Series>>; SERIES],
    errors: [[Counter; CODES]; VIAS.len()],
    limited: [Counter; Limit::COUNT],
}

/// Answers that are alike; requests that arrive together share a reading of the clock, so one entry
/// has most of those that a pipeline brings.
struct Answered {
    counters: OwnCounters,
    began_micros: u64,
    how: How,
    many: u32,
}

/// What was asked, and how it ended.
#[derive(Clone, Copy, PartialEq, Eq)]
struct How {
    via: Via,
    api: Api,
    error: Option<ErrorKind>,
}

/// Counts the requests of one data thread.
pub(crate) struct ThreadStats {
    own: Arc<Requests>,
    clock: Clock,
    waiting: RefCell<Vec<Answered>>,
}

impl ThreadStats {
    /// The counters of a new thread of `stats`.
    pub(crate) fn new(stats: &Stats, clock: Clock) -> Self {
        let own = Arc::new(Requests {
            series: [const { OnceLock::new() }; _],
            errors: std::array::from_fn(|_| std::array::from_fn(|_| Counter::default())),
            limited: std::array::from_fn(|_| Counter::default()),
        });
        stats.threads.lock().push(own.clone());
        ThreadStats { own, clock, waiting: RefCell::default() }
    }

    /// Notes a data request that was admitted, answered and counted by `counters`; it began at
    /// `began`.
    pub(crate) fn answered(
        &self,
        counters: &OwnCounters,
        (via, api): (Via, Api),
        began: Now,
        error: Option<ErrorKind>,
    ) {
        let (began_micros, how) = (began.micros, How { via, api, error });
        let mut waiting = self.waiting.borrow_mut();
        if let Some(last) = waiting.last_mut() {
            let is_same = last.began_micros == began_micros && last.how == how;
            if is_same && Rc::ptr_eq(&last.counters, counters) {
                last.many += 1;
                return;
            }
        }
        waiting.push(Answered { counters: counters.clone(), began_micros, how, many: 1 });
        if waiting.len() >= WAITING {
            drop(waiting);
            self.settle();
        }
    }

    /// Counts what was noted: the responses have been written to the socket by now. Reads the clock only
    /// if there is something.
    pub(crate) fn settle(&self) {
        if !self.waiting.borrow().is_empty() {
            self.settle_at(self.clock.micros());
        }
    }

    fn settle_at(&self, micros: u64) {
        let mut waiting = self.waiting.borrow_mut();
        // In any order, since they are only added.
        while let Some(answered) = waiting.pop() {
            let Answered { counters, began_micros, how: How { via, api, error }, many } = answered;
            let took = micros.saturating_sub(began_micros);
            self.own.add(series(via, Some(api)), took, Class::of(error), many);
            counters.settle(api, took, error, many);
        }
    }

    /// Counts a request that the control plane has answered.
    pub(crate) fn controlled(&self, via: Via, began: Now, class: Class) {
        let took = self.clock.micros().saturating_sub(began.micros);
        self.own.add(series(via, None), took, class, 1);
    }

    /// Counts an error by the status code of its protocol, whether the client is authenticated or
    /// not.
    pub(crate) fn failed(&self, via: Via, code: u16) {
        let first = if via == Via::Http { FIRST_OF_HTTP } else { 0 };
        let place = usize::from(code).saturating_sub(first).min(CODES - 1);
        self.own.errors[via as usize][place].add(1);
    }

    /// Counts a request that a limit of its account's plan has refused.
    pub(crate) fn limited(&self, limit: Limit) {
        self.own.limited[limit as usize].add(1);
    }
}

impl Requests {
    fn add(&self, series: usize, micros: u64, class: Class, many: u32) {
        let series = self.series[series].get_or_init(Box::default);
        series.took.add(micros, many.into());
        series.classes[class as usize].add(many.into());
    }
}

/// One series, summed over threads.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) classes: [u64; CLASSES.len()],
    pub(crate) counts: [u64; BUCKETS + 1],
    pub(crate) micros: u64,
}

/// The requests of all threads, summed.
pub(crate) struct Sums {
    series: Vec<Sum>,
    errors: [[u64; CODES]; VIAS.len()],
    limited: [u64; Limit::COUNT],
}

impl Default for Sums {
    fn default() -> Self {
        let (errors, limited) = ([[0; CODES]; VIAS.len()], [0; Limit::COUNT]);
        Sums { series: vec![Sum::default(); SERIES], errors, limited }
    }
}

impl Sums {
    pub(super) fn add(&mut self, thread: &Requests) {
        for (sum, series) in self.series.iter_mut().zip(&thread.series) {
            let Some(series) = series.get() else { continue };
            let classes = series.classes.each_ref().map(Counter::get);
            sum.classes.iter_mut().zip(classes).for_each(|(sum, more)| *sum += more);
            sum.counts.iter_mut().zip(series.took.counts()).for_each(|(sum, more)| *sum += more);
            sum.micros += series.took.micros();
        }
        let errors = thread.errors.iter().flatten();
        for (sum, errors) in self.errors.iter_mut().flatten().zip(errors) {
            *sum += errors.get();
        }
        for (sum, limited) in self.limited.iter_mut().zip(&thread.limited) {
            *sum += limited.get();
        }
    }

    /// The requests of a method, or of the control plane (`None`).
    pub(crate) fn of(&self, via: Via, api: Option<Api>) -> &Sum {
        &self.series[series(via, api)]
    }

    /// The errors by protocol and code.
    pub(crate) fn errors(&self) -> impl Iterator<Item = (Via, usize, u64)> {
        VIAS.iter().flat_map(|(via, _)| {
            let first = if *via == Via::Http { FIRST_OF_HTTP } else { 0 };
            let counts = self.errors[*via as usize].iter().enumerate();
            counts
                .filter(|(_, count)| **count > 0)
                .map(move |(place, count)| (*via, first + place, *count))
        })
    }

    /// The refused requests by the limit that refused them.
    pub(crate) fn limited(&self) -> impl Iterator<Item = (Limit, u64)> {
        Limit::ALL.iter().copied().zip(self.limited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::meter::{Meter, ThreadMeter};

    fn counters(meter: &Arc<Meter>) -> OwnCounters {
        ThreadMeter::new(meter.clone()).counters(None, &"key".into())
    }

    fn at(micros: u64) -> Now {
        Now { micros, ..Clock::start().now() }
    }

    #[test]
    fn a_response_counts_when_the_thread_knows_the_time() {
        let stats = Stats::default();
        let thread = ThreadStats::new(&stats, Clock::start());
        let meter = Arc::default();
        let (counters, get) = (counters(&meter), (Via::Grpc, Api::Get));
        thread.answered(&counters, get, at(1_000), None);
        thread.answered(&counters, get, at(1_000), Some(ErrorKind::Denied));
        assert_eq!(stats.requests().of(Via::Grpc, Some(Api::Get)).classes, [0, 0, 0]);

        thread.settle_at(1_003);

        let sums = stats.requests();
        let gets = sums.of(Via::Grpc, Some(Api::Get));
        assert_eq!((gets.classes, gets.micros, gets.counts[2]), ([1, 1, 0], 6, 2));
        let outcomes = meter.take().remove(0).outcomes;
        assert_eq!(outcomes.durations, [(3, 1)]);
        assert_eq!(outcomes.errors, [(ErrorKind::Denied as u8, 1)]);
        assert_eq!(*sums.of(Via::Http, Some(Api::Get)), Sum::default());
    }

    #[test]
    fn responses_that_are_not_settled_do_not_accumulate() {
        let stats = Stats::default();
        let thread = ThreadStats::new(&stats, Clock::start());
        let counters = counters(&Arc::default());
        let answered = |n| thread.answered(&counters, (Via::Http, Api::Set), at(n), None);
        (0..WAITING as u64).for_each(answered);

        let sums = stats.requests();
        assert_eq!(sums.of(Via::Http, Some(Api::Set)).classes[0], WAITING as u64);
        assert!(thread.waiting.borrow().is_empty());
    }

    #[test]
    fn threads_are_summed_and_errors_are_kept_apart_by_protocol_and_code_and_limits() {
        let stats = Stats::default();
        for _ in 0..2 {
            let thread = ThreadStats::new(&stats, Clock::start());
            thread.failed(Via::Grpc, 16);
            thread.failed(Via::Http, 404);
            thread.limited(Limit::KeyBytesIn);
            thread.controlled(Via::Http, at(0), Class::Failed);
        }

        let sums = stats.requests();
        let errors: Vec<_> = sums.errors().collect();
        assert_eq!(errors, [(Via::Grpc, 16, 2), (Via::Http, 404, 2)]);
        assert_eq!(sums.of(Via::Http, None).classes, [0, 0, 2]);
        let limited: Vec<_> = sums.limited().filter(|(_, count)| *count > 0).collect();
        assert_eq!(limited, [(Limit::KeyBytesIn, 2)]);
    }
}

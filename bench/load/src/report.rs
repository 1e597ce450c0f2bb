//! The result, as JSON.

use std::collections::BTreeMap;
use std::time::Instant;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::tally::Tally;
use crate::watch::{self, Spent};

/// The state of the world at one moment.
pub struct Moment {
    at: Instant,
    answered: u64,
    server: Option<Spent>,
    load: Spent,
    stolen: u64,
}

impl Moment {
    /// Now, when `answered` operations have been answered.
    pub fn now(watched: Option<u32>, answered: u64) -> Self {
        Self {
            at: Instant::now(),
            answered,
            server: watched.map(watch::spent),
            load: watch::spent(std::process::id()),
            stolen: watch::stolen_ticks(),
        }
    }
}

/// What a run found.
#[derive(Debug, Serialize)]
pub struct Report {
    seconds: f64,
    operations: u64,
    per_second: f64,
    right: u64,
    misses: u64,
    heartbeats: u64,
    failures: BTreeMap<String, u64>,
    /// At a pace: operations that were due and could not be begun.
    behind: u64,
    latency_microseconds: Latency,
    server: Option<Cost>,
    load: Cost,
    stolen_ticks: u64,
}

#[derive(Debug, Serialize)]
struct Latency {
    mean: f64,
    p50: f64,
    p99: f64,
    p999: f64,
    max: f64,
}

/// What a process spent in the measured time.
#[derive(Debug, Serialize)]
struct Cost {
    /// Processor microseconds (user and system, all threads) for each operation.
    cpu_microseconds_per_operation: f64,
    cpu_microseconds: f64,
    user_ticks: u64,
    system_ticks: u64,
    /// Microseconds of each thread that did anything, the busiest first.
    threads: Vec<f64>,
}

impl Report {
    /// What happened between two moments.
    pub fn new(tally: &Tally, before: &Moment, after: &Moment, behind: u64) -> Self {
        let seconds = (after.at - before.at).as_secs_f64();
        let operations = after.answered - before.answered;
        let cost = |before, after| Cost::new(before, after, operations);
        Self {
            seconds,
            operations,
            per_second: operations as f64 / seconds,
            right: tally.right,
            misses: tally.misses,
            heartbeats: tally.heartbeats,
            failures: tally.failures.clone(),
            behind,
            latency_microseconds: Latency::new(&tally.latency),
            server: before.server.as_ref().zip(after.server.as_ref()).map(|(b, a)| cost(b, a)),
            load: cost(&before.load, &after.load),
            stolen_ticks: after.stolen - before.stolen,
        }
    }

    /// Whether every answer was right.
    pub fn is_clean(&self, allow_misses: bool) -> bool {
        self.failures.is_empty() && (allow_misses || self.misses == 0)
    }
}

impl Latency {
    fn new(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
        Self {
            mean: histogram.mean() / 1000.0,
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            max: histogram.max() as f64 / 1000.0,
        }
    }
}

impl Cost {
    fn new(before: &Spent, after: &Spent, operations: u64) -> Self {
        let spent = |(id, &now): (&u32, &u64)| {
            now.saturating_sub(before.threads.get(id).copied().unwrap_or_default()) as f64 / 1000.0
        };
        let mut threads: Vec<f64> =
            after.threads.iter().map(spent).filter(|&us| us > 0.0).collect();
        threads.sort_by(|a, b| b.total_cmp(a));
        let cpu_microseconds: f64 = threads.iter().sum();
        Self {
            cpu_microseconds_per_operation: cpu_microseconds / operations.max(1) as f64,
            cpu_microseconds,
            user_ticks: after.user_ticks - before.user_ticks,
            system_ticks: after.system_ticks - before.system_ticks,
            threads,
        }
    }
}

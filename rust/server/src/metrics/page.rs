//! Renders a page of metrics.

use std::fmt::Display;

use attimo_engine::Totals;

use super::Metrics;
use super::families::{self as family, Family};
use super::text::{Format, Samples, Text};
use crate::gate::Gate;
use crate::memory::Memory;
use crate::memory_budget::MemoryBudget;
use crate::meter::{Count, Meter};
use crate::methods::Api;
use crate::process;
use crate::stats::{
    ALLOWANCE_KINDS, ALLOWANCE_SHARES, CLASSES, DELIVERY_RESULTS, LIMITS_WITH_USE, REASONS, SPEAKS,
    Stats, Sums, TRANSPORTS, VIAS, Via, WEBHOOK_STATES,
};

/// The labels of the other caches together; no account has the id "".
const OTHERS: [&str; 2] = ["", "_other"];

/// The sources of a page.
pub(crate) struct Sources<'a> {
    pub(crate) gate: &'a Gate,
    pub(crate) meter: &'a Meter,
    pub(crate) stats: &'a Stats,
    pub(crate) memory: &'a Memory,
    pub(crate) memory_budget: &'a MemoryBudget,
    pub(crate) metrics: &'a Metrics,
    pub(crate) threads: usize,
}

/// Renders a page; `ready` is whether `/ready` would answer 200.
pub(crate) fn page(from: &Sources<'_>, format: Format, ready: bool) -> String {
    let mut text = Text::new(format);
    let sums = from.stats.requests();
    text.begin(&family::BUILD).add(&[env!("CARGO_PKG_VERSION")], 1);
    text.one(&family::READY, u8::from(ready));
    requests(&mut text, &sums);
    control(&mut text, &sums);
    caches(&mut text, from);
    connections(&mut text, from);
    ledger(&mut text, from);
    upkeep(&mut text, from);
    limits(&mut text, from);
    payments(&mut text, from);
    webhooks(&mut text, from);
    of_process(&mut text);
    text.finish()
}

fn requests(text: &mut Text, sums: &Sums) {
    let used = || {
        let all = VIAS.iter().flat_map(|via| Api::ALL.iter().map(move |api| (via, *api)));
        all.map(|(via, api)| (via.1, api.name(), sums.of(via.0, Some(api))))
            .filter(|(_, _, sum)| sum.classes != [0; CLASSES.len()])
    };
    let mut samples = text.begin(&family::REQUESTS);
    for (via, api, sum) in used() {
        for (class, count) in CLASSES.iter().zip(sum.classes) {
            samples.add(&[via, api, class], count);
        }
    }
    let mut samples = text.begin(&family::DURATION);
    for (via, api, sum) in used() {
        samples.histogram(&[via, api], &sum.counts, sum.micros);
    }
    let mut samples = text.begin(&family::ERRORS);
    for (via, code, count) in sums.errors() {
        let code = if via == Via::Http { code.to_string() } else { grpc_code(code).to_owned() };
        samples.add(&[VIAS[via as usize].1, &code], count);
    }
    let mut samples = text.begin(&family::LIMITED);
    for (limit, count) in sums.limited() {
        samples.add(&[limit.name()], count);
    }
}

fn control(text: &mut Text, sums: &Sums) {
    let mut samples = text.begin(&family::CONTROL);
    for (via, name) in VIAS {
        for (class, count) in CLASSES.iter().zip(sums.of(via, None).classes) {
            samples.add(&[name, class], count);
        }
    }
    let mut samples = text.begin(&family::CONTROL_DURATION);
    for (via, name) in VIAS {
        let sum = sums.of(via, None);
        samples.histogram(&[name], &sum.counts, sum.micros);
    }
}

fn caches(text: &mut Text, from: &Sources<'_>) {
    const LINES: [(&Family, Count); 7] = [
        (&family::CACHE_REQUESTS, Count::Requests),
        (&family::CACHE_ERRORS, Count::Errors),
        (&family::CACHE_HITS, Count::Hits),
        (&family::CACHE_MISSES, Count::Misses),
        (&family::CACHE_IN, Count::BytesIn),
        (&family::CACHE_OUT, Count::BytesOut),
        (&family::CACHE_EVICTED, Count::Evicted),
    ];
    let (caches, totals) = (from.gate.caches(), from.meter.totals());
    let sum = |count: Count| totals.values().map(|counts| counts[count as usize]).sum::<u64>();
    text.one(&family::HITS, sum(Count::Hits));
    text.one(&family::MISSES, sum(Count::Misses));
    let split = from.metrics.hidden.lock().split(&caches, &totals, from.metrics.shown);
    let accounts: Vec<_> =
        split.shown.iter().map(|(cache, _)| cache.account.0.to_string()).collect();
    let labels: Vec<[&str; 2]> = split
        .shown
        .iter()
        .zip(&accounts)
        .map(|((cache, _), account)| [account.as_str(), cache.name.as_str()])
        .collect();
    for (family, count) in LINES {
        let mut samples = text.begin(family);
        for (labels, (_, counts)) in labels.iter().zip(&split.shown) {
            samples.add(labels, counts[count as usize]);
        }
        samples.add(&OTHERS, split.others[count as usize]);
    }
    let backend = from.gate.backend();
    let spaces: Vec<_> = split.shown.iter().map(|(cache, _)| cache.namespace).collect();
    let (stored, all) = (backend.stored_of(&spaces), backend.totals());
    let items = stored.iter().map(|stored| stored.items).collect();
    apart(text.begin(&family::CACHE_ITEMS), &labels, items, all.items);
    let bytes = stored.iter().map(|stored| stored.bytes).collect();
    apart(text.begin(&family::CACHE_BYTES), &labels, bytes, all.bytes);
    text.one(&family::CACHES, caches.len());
    memory(text, &all, from);
}

/// Adds a sample for each cache, and one for the others: the rest of `all`.
fn apart(mut samples: Samples<'_>, labels: &[[&str; 2]], of: Vec<u64>, all: u64) {
    for (labels, value) in labels.iter().zip(&of) {
        samples.add(labels, value);
    }
    // The two were not read at the same moment.
    samples.add(&OTHERS, all.saturating_sub(of.iter().sum()));
}

fn memory(text: &mut Text, all: &Totals, from: &Sources<'_>) {
    let (backend, topics) = (from.gate.backend(), from.gate.hub());
    text.one(&family::ITEMS, all.items);
    text.one(&family::STORED, all.bytes);
    text.one(&family::BUDGET, from.metrics.memory_bytes);
    text.one(&family::ALLOWANCE, backend.allowance());
    let mut samples = text.begin(&family::MEMORY);
    for (part, bytes) in from.memory.parts(backend, from.memory_budget, topics.memory()) {
        samples.add(&[part], bytes);
    }
    text.one(&family::EVICTED, all.evicted);
    text.one(&family::EXPIRED, all.expired);
    text.one(&family::SUBSCRIPTIONS, topics.subscriptions().open());
}

fn connections(text: &mut Text, from: &Sources<'_>) {
    let seen = from.stats.connections.read();
    let mut samples = text.begin(&family::ACCEPTED);
    for (transport, count) in TRANSPORTS.iter().zip(seen.accepted) {
        samples.add(&[transport], count);
    }
    let mut samples = text.begin(&family::OPEN);
    for (transport, open) in TRANSPORTS.iter().zip(seen.open) {
        for (speaks, count) in SPEAKS.iter().zip(open) {
            samples.add(&[transport, speaks], count);
        }
    }
    let mut samples = text.begin(&family::HANDSHAKES);
    for (result, count) in ["done", "failed"].iter().zip(seen.handshakes) {
        samples.add(&[result], count);
    }
    let mut samples = text.begin(&family::CLOSED);
    for ((_, reason), count) in REASONS.iter().zip(seen.closed) {
        samples.add(&[reason], count);
    }
}

fn ledger(text: &mut Text, from: &Sources<'_>) {
    let [recorded, failed, waiting] = from.stats.ledger.read();
    let (lag, [requests, bytes]) = (from.stats.ledger.lag(), from.meter.untaken());
    text.one(&family::RECORDED, recorded);
    text.one(&family::UNRECORDED, failed);
    text.one(&family::WAITING, waiting);
    text.one(&family::RECORDED_UNTIL, lag.recorded_until);
    text.one(&family::UNRECORDED_REQUESTS, lag.taken[0] + requests);
    text.one(&family::UNRECORDED_BYTES, lag.taken[1] + bytes);
}

fn limits(text: &mut Text, from: &Sources<'_>) {
    let mut samples = text.begin(&family::REACHED);
    for (kind, reached) in ALLOWANCE_KINDS.iter().zip(from.stats.allowances.read()) {
        for (share, count) in ALLOWANCE_SHARES.iter().zip(reached) {
            samples.add(&[kind, &share.to_string()], count);
        }
    }
    let used = from.stats.limit_uses.read();
    let mut samples = text.begin(&family::NEAR);
    for (limit, (near, reached, _)) in LIMITS_WITH_USE.iter().zip(used) {
        samples.add(&[limit, "80"], near);
        samples.add(&[limit, "100"], reached);
    }
    let mut samples = text.begin(&family::GREATEST);
    for (limit, (.., greatest)) in LIMITS_WITH_USE.iter().zip(used) {
        samples.add(&[limit], greatest);
    }
}

fn upkeep(text: &mut Text, from: &Sources<'_>) {
    text.one(&family::PANICS, from.stats.panics());
    text.one(&family::LINES_DROPPED, from.stats.lines_dropped());
    text.one(&family::HANDLES_LACKED, from.stats.handles_lacked());
    text.one(&family::UNAUTHENTICATED_REFUSED, from.stats.unauthenticated_refused());
    text.one(&family::REVISION, from.gate.revision());
    maybe(text, &family::CERTIFICATE, from.stats.certificate_end());
    let [interval, newest, failed] = from.stats.backups.read();
    text.one(&family::BACKUP_INTERVAL, interval);
    text.one(&family::BACKED_UP, newest);
    text.one(&family::BACKUP_FAILURES, failed);
    text.one(&family::THREADS, from.threads);
}

fn payments(text: &mut Text, from: &Sources<'_>) {
    let [waiting, oldest, failing, sent, refused] = from.stats.payments.read();
    text.one(&family::PAYMENTS_WAITING, waiting);
    text.one(&family::PAYMENTS_OLDEST, oldest);
    text.one(&family::PAYMENTS_SENT, sent);
    text.one(&family::PAYMENTS_REFUSED, refused);
    text.one(&family::PAYERS_FAILING, failing);
}

fn webhooks(text: &mut Text, from: &Sources<'_>) {
    let figures = from.stats.webhooks.read();
    let mut samples = text.begin(&family::WEBHOOKS);
    for (state, count) in WEBHOOK_STATES.iter().zip(figures.webhooks) {
        samples.add(&[state], count);
    }
    let mut samples = text.begin(&family::WEBHOOK_DELIVERIES);
    for (result, count) in DELIVERY_RESULTS.iter().zip(figures.deliveries) {
        samples.add(&[result], count);
    }
    text.one(&family::WEBHOOK_WAITING, figures.waiting);
    text.one(&family::WEBHOOK_WAITING_BYTES, figures.waiting_bytes);
    text.one(&family::WEBHOOK_OLDEST, figures.oldest);
    text.one(&family::WEBHOOK_DEAD, figures.dead);
    text.one(&family::WEBHOOK_DROPPED, figures.dropped);
}

fn of_process(text: &mut Text) {
    let handles = process::handles();
    maybe(text, &family::RESIDENT, process::resident_bytes());
    maybe(text, &family::CPU, process::cpu_seconds());
    maybe(text, &family::OPEN_FDS, handles.map(|(open, _)| open));
    maybe(text, &family::MOST_FDS, handles.map(|(_, most)| most));
    maybe(text, &family::STARTED, process::started());
}

/// A metric without a sample if its value is unknown.
fn maybe(text: &mut Text, family: &'static Family, value: Option<impl Display>) {
    let mut samples = text.begin(family);
    if let Some(value) = value {
        samples.add(&[], value);
    }
}

/// The standard name of a gRPC status code.
fn grpc_code(code: usize) -> &'static str {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    NAMES[code.min(NAMES.len() - 1)]
}

//! The numbers of an account's plan, as the control plane sends them.

use std::time::Duration;

use attimo_engine::Limits;

use super::limit::{Limit, Measure, Scope};
use crate::retention::Retention;

/// Limits for each second, by measure.
pub(super) type Rates = [Option<u64>; Measure::COUNT];

/// What limits an account; what is `None` is unlimited.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Numbers {
    rates: [Rates; Scope::COUNT],
    /// The bytes of free transfer a month, of an account that has used them up and is blocked.
    pub(super) blocked: Option<u64>,
    /// How much of its own budget is spent, in percent, by an account that is blocked for that.
    pub(super) over_budget: Option<u64>,
    pub(super) stored_bytes: Option<u64>,
    item_bytes: Option<u64>,
    element_bytes: Option<u64>,
    pub(super) ttl_seconds: Option<u64>,
    /// Messages published to topics, for each second.
    pub(super) publishes: Option<u64>,
    pub(super) subscriptions: Option<u64>,
    /// What each topic keeps.
    pub(super) history: Retention,
}

impl Numbers {
    /// Reads numbers by name; those that only the control plane needs are left out.
    pub(crate) fn new<'a>(numbers: impl IntoIterator<Item = (&'a str, u64)>) -> Self {
        let (mut read, mut is_blocked, mut transfer) = (Numbers::default(), false, 0);
        for (name, number) in numbers {
            match name {
                "stored_bytes" => read.stored_bytes = Some(number),
                "item_bytes" => read.item_bytes = Some(number),
                "element_bytes" => read.element_bytes = Some(number),
                "ttl_seconds" => read.ttl_seconds = Some(number),
                "publishes_per_second" => read.publishes = Some(number),
                "subscriptions" => read.subscriptions = Some(number),
                "topic_history_messages" => read.history.messages = size(number),
                "topic_history_seconds" => read.history.time = Duration::from_secs(number),
                "topic_history_bytes" => read.history.bytes = size(number),
                "transfer_bytes_per_month" => transfer = number,
                "blocked" => is_blocked = number > 0,
                "over_budget" => read.over_budget = Some(number),
                _ => read.set_rate(name, number),
            }
        }
        read.blocked = is_blocked.then_some(transfer);
        read
    }

    fn set_rate(&mut self, name: &str, number: u64) {
        let scopes = Scope::ALL.into_iter();
        for (scope, measure) in scopes.flat_map(|scope| Measure::ALL.map(|each| (scope, each))) {
            if Limit::of(scope, measure).is_some_and(|limit| limit.name() == name) {
                self.rates[scope as usize][measure as usize] = Some(number);
            }
        }
    }

    /// The limits of a scope.
    pub(super) fn rates(&self, scope: Scope) -> Rates {
        self.rates[scope as usize]
    }

    /// The limits of items, which are at most those of the server.
    pub(super) fn of_items(&self, server: &Limits) -> Limits {
        let least = |own: Option<u64>, server: u64| own.map_or(server, |own| own.min(server));
        Limits {
            item_bytes: least(self.item_bytes, server.item_bytes),
            element_bytes: least(self.element_bytes, server.element_bytes),
            ..*server
        }
    }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

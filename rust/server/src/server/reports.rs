//! What the control plane reports, for metrics and for clients that ask what is left of a month's
//! transfer.

use std::collections::{BTreeMap, HashMap};

use super::Server;
use crate::directory::AccountId;
use crate::stats::{LimitUse, PaymentState, WebhookFigures};

impl Server {
    /// Notes whether usage was recorded, or waits to be.
    pub fn note_usage(&self, recorded: bool) {
        self.core.stats.ledger.note(recorded);
    }

    /// Notes the state of scheduled backups: their interval, the time of the newest in seconds since
    /// 1970 (0 if there is none), and whether one has just failed.
    pub fn note_backup(&self, interval_seconds: u64, newest: u64, failed: bool) {
        self.core.stats.backups.note(interval_seconds, newest, failed);
    }

    /// Notes what a provider of payments has been told, and what it refuses.
    pub fn note_payments(&self, state: PaymentState) {
        self.core.stats.payments.note(state);
    }

    /// Notes what waits for webhooks, and what became of deliveries.
    pub fn note_webhooks(&self, figures: WebhookFigures) {
        self.core.stats.webhooks.note(figures);
    }

    /// Notes that an account has reached a share of an allowance; false if there is no such share.
    pub fn note_allowance(&self, kind: &str, percent: u64) -> bool {
        self.core.stats.allowances.note(kind, percent)
    }

    /// Sets how many bytes accounts have transferred in this month, as the ledger has it; if
    /// `is_whole`, others have transferred nothing.
    pub fn note_transferred(&self, used: &HashMap<AccountId, u64>, is_whole: bool) {
        self.core.gate.note_transferred(used, is_whole);
    }

    /// Sets how much accounts use of limits of their plans, by the limit's name; false, and nothing has
    /// changed, if one is not known.
    pub fn note_limits(&self, used: &BTreeMap<String, LimitUse>) -> bool {
        self.core.stats.limit_uses.note(used)
    }

    /// Counts lines of the log that were dropped.
    pub fn note_dropped_lines(&self, lines: u64) {
        self.core.stats.dropped_lines(lines);
    }
}

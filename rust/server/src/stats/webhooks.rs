//! What waits for webhooks, and what became of deliveries, as the control plane reports it.

use parking_lot::Mutex;

/// The results of deliveries, in the order of [`WebhookFigures::deliveries`].
pub(crate) const DELIVERY_RESULTS: [&str; 3] = ["delivered", "refused", "unanswered"];
/// The states of webhooks, in the order of [`WebhookFigures::webhooks`].
pub(crate) const WEBHOOK_STATES: [&str; 3] = ["active", "open", "disabled"];

/// The figures of all webhooks; all zero without any.
#[derive(Debug, Default, Clone, Copy)]
pub struct WebhookFigures {
    /// Attempts to deliver a message: confirmed, answered otherwise, and without an answer.
    pub deliveries: [u64; DELIVERY_RESULTS.len()],
    /// Webhooks that are active, whose circuit is open, and that are disabled.
    pub webhooks: [u64; WEBHOOK_STATES.len()],
    /// Messages that wait.
    pub waiting: u64,
    /// The bytes of these.
    pub waiting_bytes: u64,
    /// When the oldest of these was published, in seconds since 1970; 0 if there is none.
    pub oldest: u64,
    /// Messages that were given up, and can be delivered again.
    pub dead: u64,
    /// Messages that were not stored.
    pub dropped: u64,
}

/// The figures as they were noted last.
#[derive(Default)]
pub(crate) struct Webhooks(Mutex<WebhookFigures>);

impl Webhooks {
    /// Replaces the figures.
    pub(crate) fn note(&self, figures: WebhookFigures) {
        *self.0.lock() = figures;
    }

    /// The figures.
    pub(crate) fn read(&self) -> WebhookFigures {
        *self.0.lock()
    }
}

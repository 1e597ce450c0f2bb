//! The shutdown of the server, as one connection waits for it.

use std::pin::Pin;
use std::task::Context;

use tokio::sync::watch;

/// Waits for the shutdown of the server.
pub(super) struct Shutdown {
    stopped: watch::Receiver<bool>,
    waiting: Option<Pin<Box<dyn Future<Output = ()>>>>,
    is_registered: bool,
}

impl Shutdown {
    /// Waits for `stopped` to turn true.
    pub(super) fn new(stopped: &watch::Receiver<bool>) -> Self {
        let mut news = stopped.clone();
        let waiting = async move {
            // An error means that the server itself is gone, which is a shutdown as well.
            let _ = news.wait_for(|stop| *stop).await;
        };
        Shutdown {
            stopped: stopped.clone(),
            waiting: Some(Box::pin(waiting)),
            is_registered: false,
        }
    }

    /// Whether the last poll saw a shutdown.
    pub(super) fn requested(&self) -> bool {
        self.waiting.is_none()
    }

    /// Whether a shutdown has been requested, seen by a poll or not.
    pub(super) fn is_requested(&self) -> bool {
        self.requested() || self.stopped.has_changed().unwrap_or(true)
    }

    /// Whether the server shuts down; wakes the task, always the same, when it does.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        // Polled at every wake-up, and nearly always there is no shutdown, so this reads one
        // number.
        if self.is_registered && !self.stopped.has_changed().unwrap_or(true) {
            return false;
        }
        self.is_registered = true;
        if let Some(waiting) = &mut self.waiting
            && waiting.as_mut().poll(cx).is_ready()
        {
            self.waiting = None;
        }
        self.waiting.is_none()
    }
}

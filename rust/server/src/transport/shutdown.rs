//! The news that the server ends, as one connection waits for it.

use std::pin::Pin;
use std::task::Context;

use tokio::sync::watch;

/// Waits for the end of the server.
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
            // An error means that the server itself is gone, which is a stop as well.
            let _ = news.wait_for(|stop| *stop).await;
        };
        Shutdown {
            stopped: stopped.clone(),
            waiting: Some(Box::pin(waiting)),
            is_registered: false,
        }
    }

    /// Whether the server was known to end when this was asked last.
    pub(super) fn requested(&self) -> bool {
        self.waiting.is_none()
    }

    /// Whether the server ends, known already or not.
    pub(super) fn is_requested(&self) -> bool {
        self.requested() || self.stopped.has_changed().unwrap_or(true)
    }

    /// Whether the server ends; the task that asks, always the same, is woken when it does.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        // Asked at every wake-up, and nearly always in vain: that is one look at a number.
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

//! The news that the server ends, as one connection waits for it.

use std::pin::Pin;
use std::task::Context;

use tokio::sync::watch;

/// Waits for the end of the server.
pub(super) struct Stop {
    waiting: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Stop {
    /// Waits for `stopped` to turn true.
    pub(super) fn new(stopped: &watch::Receiver<bool>) -> Self {
        let mut stopped = stopped.clone();
        let waiting = async move {
            // An error means that the server itself is gone, which is a stop as well.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        Stop { waiting: Some(Box::pin(waiting)) }
    }

    /// Whether the server was known to end when this was asked last.
    pub(super) fn has_come(&self) -> bool {
        self.waiting.is_none()
    }

    /// Whether the server ends; the task is woken when it does.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        if let Some(waiting) = &mut self.waiting
            && waiting.as_mut().poll(cx).is_ready()
        {
            self.waiting = None;
        }
        self.waiting.is_none()
    }
}

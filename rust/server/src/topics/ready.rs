//! Which subscriptions of one connection have something to send.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Waker};

/// The subscriptions of a connection that have news, by the connection's own numbers for them.
#[derive(Default)]
pub(crate) struct Ready {
    tokens: RefCell<Vec<u32>>,
    waiting: RefCell<Option<Waker>>,
}

/// Where a subscription tells that it has news.
#[derive(Default, Clone)]
pub(crate) struct Notifier {
    pub(crate) ready: Rc<Ready>,
    /// The connection's number for the subscription.
    pub(crate) token: u32,
}

impl Notifier {
    pub(crate) fn notify(&self) {
        self.ready.push(self.token);
    }
}

impl Ready {
    /// Adds one, and wakes the connection.
    fn push(&self, token: u32) {
        self.tokens.borrow_mut().push(token);
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
    }

    /// Takes one.
    pub(crate) fn pop(&self) -> Option<u32> {
        self.tokens.borrow_mut().pop()
    }

    /// Wakes the task of `cx` when there is another one.
    pub(crate) fn wake(&self, cx: &mut Context<'_>) {
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *waiting = Some(cx.waker().clone());
        }
    }
}

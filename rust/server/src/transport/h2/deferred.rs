//! Passes responses from other tasks to the connection that waits for them, and limits how many
//! unauthenticated requests a connection has in progress.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

use super::answer::Answer;
use crate::limits::UNAUTHENTICATED_PER_CONNECTION;
use crate::topics::{Notifier, Ready};

/// Responses that have arrived, and the task to wake for them.
#[derive(Default)]
pub(super) struct DeferredAnswers {
    /// `None` if an internal error lost the response.
    answers: RefCell<Vec<(u32, Option<Answer>)>>,
    waiting: RefCell<Option<Waker>>,
    unauthenticated: Cell<usize>,
    /// The streams with something to send, once there was a request that may become one.
    ready: OnceCell<Rc<Ready>>,
}

/// Permits one unauthenticated request until it is dropped. A request that the client cancels while
/// another task answers it still counts: it costs the same.
pub(super) struct AnonymousPermit(Rc<DeferredAnswers>);

impl AnonymousPermit {
    /// Takes a permit; `None` at [`UNAUTHENTICATED_PER_CONNECTION`].
    pub(super) fn acquire(deferred: &Rc<DeferredAnswers>) -> Option<Self> {
        let open = deferred.unauthenticated.get();
        (open < UNAUTHENTICATED_PER_CONNECTION).then(|| {
            deferred.unauthenticated.set(open + 1);
            AnonymousPermit(deferred.clone())
        })
    }
}

impl Drop for AnonymousPermit {
    fn drop(&mut self) {
        self.0.unauthenticated.set(self.0.unauthenticated.get() - 1);
    }
}

impl DeferredAnswers {
    fn push(&self, stream: u32, answer: Option<Answer>) {
        self.answers.borrow_mut().push((stream, answer));
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
    }

    /// Where `stream` tells that it has something to send.
    pub(super) fn notifier(&self, stream: u32) -> Notifier {
        Notifier { ready: self.ready.get_or_init(Rc::default).clone(), token: stream }
    }

    /// Takes a stream that has something to send.
    pub(super) fn pop_ready(&self) -> Option<u32> {
        self.ready.get()?.pop()
    }

    /// Takes one response that has arrived.
    pub(super) fn pop(&self) -> Option<(u32, Option<Answer>)> {
        self.answers.borrow_mut().pop()
    }

    /// Wakes the task of the connection.
    pub(super) fn waker(&self) -> Waker {
        self.waiting.borrow().clone().unwrap_or_else(|| Waker::noop().clone())
    }

    /// Wakes the task of `cx` when a response arrives, or a stream has something to send.
    pub(super) fn wake(&self, cx: &mut Context<'_>) {
        if let Some(ready) = self.ready.get() {
            ready.wake(cx);
        }
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *waiting = Some(cx.waker().clone());
        }
    }
}

/// Sends the response to one stream. If it is dropped before, it reports that there is none.
pub(super) struct AnswerSender {
    deferred: Rc<DeferredAnswers>,
    stream: u32,
    answer: Option<Answer>,
}

impl AnswerSender {
    /// For the request on `stream`.
    pub(super) fn new(deferred: Rc<DeferredAnswers>, stream: u32) -> Self {
        AnswerSender { deferred, stream, answer: None }
    }

    /// Sends the response.
    pub(super) fn send(mut self, answer: Answer) {
        self.answer = Some(answer);
    }
}

impl Drop for AnswerSender {
    fn drop(&mut self) {
        self.deferred.push(self.stream, self.answer.take());
    }
}

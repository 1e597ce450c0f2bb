//! Answers that somebody else gives, handed to the connection that waits for them.

use std::cell::RefCell;
use std::task::{Context, Waker};

use super::answer::Answer;

/// What was answered, and who is to be woken for it.
#[derive(Default)]
pub(super) struct Late {
    answers: RefCell<Vec<(u32, Answer)>>,
    waiting: RefCell<Option<Waker>>,
}

impl Late {
    /// Hands over the answer to the request on a stream.
    pub(super) fn push(&self, stream: u32, answer: Answer) {
        self.answers.borrow_mut().push((stream, answer));
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
    }

    /// One that was handed over.
    pub(super) fn pop(&self) -> Option<(u32, Answer)> {
        self.answers.borrow_mut().pop()
    }

    /// Has the task that asks woken when there is one.
    pub(super) fn wake(&self, cx: &mut Context<'_>) {
        *self.waiting.borrow_mut() = Some(cx.waker().clone());
    }
}

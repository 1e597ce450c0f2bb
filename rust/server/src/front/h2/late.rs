//! Answers that somebody else gives, handed to the connection that waits for them; and how many are
//! under way for strangers.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

use super::answer::Answer;
use crate::limits::STRANGERS_PER_CONNECTION;

/// What was answered, and who is to be woken for it.
#[derive(Default)]
pub(super) struct Late {
    answers: RefCell<Vec<(u32, Answer)>>,
    waiting: RefCell<Option<Waker>>,
    strangers: Cell<usize>,
}

/// Somebody unknown whose request is under way, until this is dropped; one who has given up while
/// somebody else answers still counts, for the work is the same.
pub(super) struct Stranger(Rc<Late>);

impl Stranger {
    /// One more, unless too many are there.
    pub(super) fn come(late: &Rc<Late>) -> Option<Self> {
        let there = late.strangers.get();
        (there < STRANGERS_PER_CONNECTION).then(|| {
            late.strangers.set(there + 1);
            Stranger(late.clone())
        })
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.0.strangers.set(self.0.strangers.get() - 1);
    }
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
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *waiting = Some(cx.waker().clone());
        }
    }
}

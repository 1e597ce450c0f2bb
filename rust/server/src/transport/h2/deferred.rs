//! Answers that somebody else gives, handed to the connection that waits for them; and how many are
//! under way for strangers.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

use super::answer::Answer;
use crate::limits::UNAUTHENTICATED_PER_CONNECTION;

/// What was answered, and who is to be woken for it.
#[derive(Default)]
pub(super) struct DeferredAnswers {
    /// None where the answer was lost by a mistake of ours.
    answers: RefCell<Vec<(u32, Option<Answer>)>>,
    waiting: RefCell<Option<Waker>>,
    strangers: Cell<usize>,
}

/// Somebody unknown whose request is under way, until this is dropped; one who has given up while
/// somebody else answers still counts, for the work is the same.
pub(super) struct AnonymousPermit(Rc<DeferredAnswers>);

impl AnonymousPermit {
    /// One more, unless too many are there.
    pub(super) fn acquire(late: &Rc<DeferredAnswers>) -> Option<Self> {
        let there = late.strangers.get();
        (there < UNAUTHENTICATED_PER_CONNECTION).then(|| {
            late.strangers.set(there + 1);
            AnonymousPermit(late.clone())
        })
    }
}

impl Drop for AnonymousPermit {
    fn drop(&mut self) {
        self.0.strangers.set(self.0.strangers.get() - 1);
    }
}

impl DeferredAnswers {
    fn push(&self, stream: u32, answer: Option<Answer>) {
        self.answers.borrow_mut().push((stream, answer));
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
    }

    /// One that was handed over.
    pub(super) fn pop(&self) -> Option<(u32, Option<Answer>)> {
        self.answers.borrow_mut().pop()
    }

    /// What wakes the task of the connection.
    pub(super) fn waker(&self) -> Waker {
        self.waiting.borrow().clone().unwrap_or_else(|| Waker::noop().clone())
    }

    /// Has the task that asks woken when there is one.
    pub(super) fn wake(&self, cx: &mut Context<'_>) {
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *waiting = Some(cx.waker().clone());
        }
    }
}

/// An answer that somebody waits for. If this is dropped without it, he is told that there is none.
pub(super) struct AnswerSender {
    late: Rc<DeferredAnswers>,
    stream: u32,
    answer: Option<Answer>,
}

impl AnswerSender {
    /// The answer to the request on a stream.
    pub(super) fn new(late: Rc<DeferredAnswers>, stream: u32) -> Self {
        AnswerSender { late, stream, answer: None }
    }

    /// Hands it over.
    pub(super) fn send(mut self, answer: Answer) {
        self.answer = Some(answer);
    }
}

impl Drop for AnswerSender {
    fn drop(&mut self) {
        self.late.push(self.stream, self.answer.take());
    }
}

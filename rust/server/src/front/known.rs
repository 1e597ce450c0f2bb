//! What requests with the same headers asked for before, so that it need not be worked out again.
//! It holds until the directory changes or the token expires.

use std::cell::RefCell;
use std::rc::Rc;

use crate::clock::Now;
use crate::gate::Authorization;
use crate::state::Worker;

/// A request whose headers were checked.
pub(crate) trait Checked {
    /// What they authorize.
    fn authorization(&self) -> &Authorization;
}

/// The request that the same headers made before, if any.
pub(crate) struct Known<T>(RefCell<Option<Rc<T>>>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Known(RefCell::default())
    }
}

impl<T> Clone for Known<T> {
    fn clone(&self) -> Self {
        Known(self.0.clone())
    }
}

impl<T: Checked> Known<T> {
    /// That request, if it may still be made.
    pub(crate) fn get(&self, worker: &Worker, now: Now) -> Option<Rc<T>> {
        let known = self.0.borrow();
        let call = known.as_ref()?;
        worker.core.gate.holds(call.authorization(), now).then(|| call.clone())
    }
}

impl<T> Known<T> {
    /// Keeps a request.
    pub(crate) fn set(&self, call: Rc<T>) {
        self.0.replace(Some(call));
    }

    /// Forgets the request, since the headers have changed.
    pub(crate) fn clear(&mut self) {
        self.0.take();
    }

    /// What `read` tells of it, whether or not it may still be made.
    pub(crate) fn and_then<R>(&self, read: impl FnOnce(&T) -> Option<R>) -> Option<R> {
        read(self.0.borrow().as_deref()?)
    }
}

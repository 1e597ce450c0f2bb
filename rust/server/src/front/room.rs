//! Room for what is under way: bodies that are half here, and answers that are half gone.
//!
//! Both are memory that clients can ask for at will, so all connections of the
//! server share one budget for them; a request that finds no room is told to come
//! again. What is short comes and goes without being counted.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, Overload, Result};
use crate::limits::AT_ONCE_BYTES;

const FULL: Error = Error::Overloaded(Overload::Bytes);

/// The budget of a server.
#[derive(Debug)]
pub(crate) struct Room {
    left: AtomicUsize,
}

impl Room {
    /// Room for so many bytes.
    pub(crate) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Room { left: AtomicUsize::new(bytes) })
    }

    fn take(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

/// What something under way holds of the budget; it goes back when this is dropped.
pub(super) struct Held {
    room: Arc<Room>,
    bytes: usize,
    /// What the connection holds altogether, if that is of interest.
    of_connection: Option<Rc<Cell<usize>>>,
}

impl Held {
    /// Holds nothing yet.
    pub(super) fn nothing(room: &Arc<Room>) -> Self {
        Held { room: room.clone(), bytes: 0, of_connection: None }
    }

    /// Holds nothing yet, and counts in `total` what it will.
    pub(super) fn counted(room: &Arc<Room>, total: &Rc<Cell<usize>>) -> Self {
        Held { room: room.clone(), bytes: 0, of_connection: Some(total.clone()) }
    }

    /// Sees to it that `bytes` are held; what is short is not counted.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`]; as much is held as before.
    pub(super) fn hold(&mut self, bytes: usize) -> Result<()> {
        let wanted = if bytes <= AT_ONCE_BYTES { 0 } else { bytes };
        let Some(more) = wanted.checked_sub(self.bytes).filter(|more| *more > 0) else {
            return Ok(());
        };
        if !self.room.take(more) {
            return Err(FULL);
        }
        self.bytes += more;
        if let Some(total) = &self.of_connection {
            total.set(total.get() + more);
        }
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.left.fetch_add(self.bytes, Ordering::Relaxed);
        if let Some(total) = &self.of_connection {
            total.set(total.get() - self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_given_back_once() {
        let room = Room::new(3 * AT_ONCE_BYTES);
        let total = Rc::default();
        let mut first = Held::counted(&room, &total);
        let mut second = Held::nothing(&room);

        assert_eq!(first.hold(AT_ONCE_BYTES), Ok(()));
        assert_eq!((first.bytes, total.get()), (0, 0));
        assert_eq!(first.hold(2 * AT_ONCE_BYTES), Ok(()));
        assert_eq!(total.get(), 2 * AT_ONCE_BYTES);
        assert_eq!(second.hold(2 * AT_ONCE_BYTES), Err(FULL));
        drop(first);
        assert_eq!(total.get(), 0);
        assert_eq!(second.hold(3 * AT_ONCE_BYTES), Ok(()));
    }
}

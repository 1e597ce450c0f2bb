//! Room for what is under way: bodies that are half here, and answers that are half gone.
//!
//! Both are memory that clients can ask for at will, so all connections of the
//! server share one budget for them; a request that finds no room is told to come
//! again. What is short comes and goes without being counted (`AT_ONCE_BYTES`).

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, Overload, Result};

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
    /// What the answers of the connection hold altogether, if this is one of them.
    of_connection: Option<Rc<Cell<usize>>>,
}

impl Held {
    /// For a body, of which nothing is here yet.
    pub(super) fn for_body(room: &Arc<Room>) -> Self {
        Held { room: room.clone(), bytes: 0, of_connection: None }
    }

    /// For an answer of so many bytes, counted in what its connection holds.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`].
    pub(super) fn for_answer(
        room: &Arc<Room>,
        of_connection: &Rc<Cell<usize>>,
        bytes: usize,
    ) -> Result<Self> {
        let of_connection = Some(of_connection.clone());
        let mut held = Held { room: room.clone(), bytes: 0, of_connection };
        held.hold(bytes).map(|()| held)
    }

    /// Sees to it that at least `bytes` are held.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`]; as much is held as before.
    pub(super) fn hold(&mut self, bytes: usize) -> Result<()> {
        let more = bytes.saturating_sub(self.bytes);
        if more > 0 && !self.room.take(more) {
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
        let (room, total) = (Room::new(30), Rc::default());
        let first = Held::for_answer(&room, &total, 20).unwrap();
        let mut second = Held::for_body(&room);

        assert_eq!(total.get(), 20);
        assert_eq!(second.hold(10), Ok(()));
        assert_eq!(second.hold(20), Err(FULL));
        assert!(Held::for_answer(&room, &total, 1).is_err());
        drop(first);
        assert_eq!(total.get(), 0);
        assert_eq!(second.hold(30), Ok(()));
    }
}

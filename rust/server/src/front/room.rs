//! Room for what is under way: bodies that are half here, and answers that are half gone.
//!
//! Both are memory that clients can ask for at will, so all connections of the server share one
//! limit for them; a request that finds no room is told to come again. What is held is reserved in
//! the engine's budget, as are the connections themselves: items make room for it. What leaves at
//! once is not counted.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use attimo_engine::Engine;

use crate::clock::Clock;
use crate::error::{Error, Overload, Result};
use crate::limits::ROOM_BYTES;

const FULL: Error = Error::Overloaded(Overload::Bytes);

/// What is under way may take one part in so many of the budget.
const SHARE: u64 = 4;
/// Clients that are not known may take one part in so many of the room.
const STRANGERS_SHARE: usize = 4;
/// What an open connection takes, in bytes, the kernel's part included, and with TLS.
const CONNECTION_BYTES: u64 = 8 * 1024;
const TLS_CONNECTION_BYTES: u64 = 28 * 1024;

/// The room of a server.
pub(crate) struct Room {
    engine: Arc<Engine>,
    clock: Clock,
    bytes: usize,
    held: AtomicUsize,
}

impl Room {
    /// The room of a server that has so many bytes of memory for items and what is under way.
    pub(crate) fn new(engine: Arc<Engine>, clock: Clock, memory_bytes: u64) -> Arc<Self> {
        let bytes = usize::try_from(memory_bytes / SHARE).unwrap_or(usize::MAX).max(ROOM_BYTES);
        Arc::new(Room { engine, clock, bytes, held: AtomicUsize::new(0) })
    }

    /// What bodies and answers hold now, in bytes.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// What open connections take, in bytes.
    pub(crate) fn of_connections(&self) -> u64 {
        self.engine.reserved().saturating_sub(self.held() as u64)
    }

    /// Takes `more` for whom has `all` then, of the first `most` bytes of the room. As much as one
    /// has must be left for others: so few that are long do not keep out those that are short.
    fn take(&self, more: usize, all: usize, most: usize) -> bool {
        let grown = |held: usize| held.checked_add(more).filter(|held| held + all <= most);
        if self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).is_err() {
            return false;
        }
        self.engine.reserve(more as u64);
        self.engine.fit(self.clock.now().moment, more as u64);
        true
    }

    fn give_back(&self, bytes: usize) {
        if bytes > 0 {
            self.held.fetch_sub(bytes, Ordering::Relaxed);
            self.engine.release(bytes as u64);
        }
    }
}

/// What something under way holds of the room; it goes back when this is dropped.
pub(super) struct Held {
    room: Arc<Room>,
    bytes: usize,
    /// How much of the room may be taken for it.
    most: usize,
    /// What the answers of the connection hold altogether, if this is one of them.
    of_connection: Option<Rc<Cell<usize>>>,
}

impl Held {
    /// For something of a client that is known, of which nothing is here yet.
    pub(super) fn nothing(room: &Arc<Room>) -> Self {
        Self::for_body(room, true)
    }

    /// For a body, of which nothing is here yet.
    pub(super) fn for_body(room: &Arc<Room>, is_known: bool) -> Self {
        let most = if is_known { room.bytes } else { room.bytes / STRANGERS_SHARE };
        Held { room: room.clone(), bytes: 0, most, of_connection: None }
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
        let mut held = Self::nothing(room);
        held.of_connection = Some(of_connection.clone());
        held.hold(bytes).map(|()| held)
    }

    /// Sees to it that at least `bytes` are held.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`]; as much is held as before.
    pub(super) fn hold(&mut self, bytes: usize) -> Result<()> {
        let more = bytes.saturating_sub(self.bytes);
        if more > 0 && !self.room.take(more, bytes, self.most) {
            return Err(FULL);
        }
        self.bytes += more;
        if let Some(total) = &self.of_connection {
            total.set(total.get() + more);
        }
        Ok(())
    }

    /// Gives all of it back.
    pub(super) fn let_go(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        self.room.give_back(bytes);
        if let Some(total) = &self.of_connection {
            total.set(total.get() - bytes);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// What an open connection takes, until this is dropped. No connection is refused for it.
pub(super) struct Connected {
    room: Arc<Room>,
    bytes: u64,
}

impl Connected {
    /// For one that was accepted.
    pub(super) fn new(room: &Arc<Room>, secure: bool) -> Self {
        let bytes = if secure { TLS_CONNECTION_BYTES } else { CONNECTION_BYTES };
        room.engine.reserve(bytes);
        Connected { room: room.clone(), bytes }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.room.engine.release(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use attimo_engine::{Config, Limits};

    use super::*;

    const MEMORY: u64 = 64 << 20;

    fn room() -> Arc<Room> {
        let config = Config {
            memory_bytes: MEMORY,
            shards: 1,
            seed: [1, 2, 3, 4],
            limits: Limits::default(),
        };
        Room::new(Arc::new(Engine::new(config)), Clock::start(), MEMORY)
    }

    #[test]
    fn what_is_held_is_given_back_once() {
        let (room, total) = (room(), Rc::default());
        let longest = room.bytes / 2;
        let mut first = Held::for_answer(&room, &total, longest).unwrap();
        let mut second = Held::for_body(&room, true);

        assert_eq!((total.get(), room.held()), (longest, longest));
        assert_eq!(second.hold(longest / 2), Ok(()));
        assert_eq!(second.hold(longest), Err(FULL));
        first.let_go();
        drop(first);
        assert_eq!(total.get(), 0);
        assert_eq!(second.hold(longest), Ok(()));
        drop(second);
        assert_eq!((room.held(), room.engine.reserved()), (0, 0));
    }

    #[test]
    fn few_that_are_long_leave_room_for_those_that_are_short() {
        let (room, megabyte) = (room(), 1 << 20);
        let mut long: Vec<_> = (0..20).map(|_| Held::for_body(&room, true)).collect();
        let held = long.iter_mut().filter_map(|body| body.hold(5 * megabyte).ok()).count();

        assert!((2..=4).contains(&held));
        assert_eq!(Held::for_body(&room, true).hold(megabyte), Ok(()));
        assert!(long.iter_mut().all(|body| body.hold(9 * megabyte).is_err()));
    }

    #[test]
    fn clients_that_are_not_known_take_a_part_of_the_room_only() {
        let room = room();
        let mut strangers: Vec<_> = (0..1_000).map(|_| Held::for_body(&room, false)).collect();
        let held = strangers.iter_mut().filter_map(|body| body.hold(64 << 10).ok()).count();

        assert!(held > 10 && room.held() <= room.bytes / STRANGERS_SHARE);
        assert_eq!(Held::for_body(&room, true).hold(5 << 20), Ok(()));
    }

    #[test]
    fn items_get_what_connections_and_bodies_do_not_take() {
        let room = room();
        let connection = Connected::new(&room, true);
        let mut body = Held::for_body(&room, true);
        body.hold(1 << 20).unwrap();

        assert_eq!(room.engine.allowance(), MEMORY - TLS_CONNECTION_BYTES - (1 << 20));
        assert_eq!(room.of_connections(), TLS_CONNECTION_BYTES);
        drop((connection, body));
        assert_eq!(room.engine.allowance(), MEMORY);
    }
}

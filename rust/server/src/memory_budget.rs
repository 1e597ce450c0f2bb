//! Room for what is under way: heads and bodies that are half here, and answers that are half gone.
//!
//! Both are memory that clients can ask for at will, so all connections of the server share one
//! limit for them; a request that finds no room is told to come again. What is held is reserved in
//! the engine's budget, as are the connections themselves: items make room for it. What leaves at
//! once is not counted.
//!
//! A client that does nothing for a while keeps what it holds until somebody else needs it: first
//! those go that are not known, and of the others who has done nothing for longest.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::time::sleep;

use self::offers::{Offers, Place};
use crate::backend::Backend;
use crate::clock::Clock;
use crate::deadline::Deadline;
use crate::error::{Error, Overload, Result};
use crate::limits::ROOM_BYTES;

mod offers;

const FULL: Error = Error::Overloaded(Overload::Bytes);

/// What is under way may take one part in so many of the budget.
const SHARE: u64 = 4;
/// Clients that are not known may take one part in so many of the room.
const UNAUTHENTICATED_SHARE: usize = 4;
/// What an open connection takes, in bytes, the kernel's part included, and with TLS.
const CONNECTION_BYTES: u64 = 8 * 1024;
const TLS_CONNECTION_BYTES: u64 = 28 * 1024;
/// A client that has done nothing for so many milliseconds may have to make room for others.
pub(crate) const IDLE_AFTER: u64 = 500;
/// Less than this in that time is nothing, in bytes.
pub(crate) const PROGRESS: usize = 4 * 1024;
/// For how long a known client's body waits for room, and how often it looks, in milliseconds:
/// long enough for one that has just gone silent to be found so.
pub(crate) const MAX_WAIT: u64 = 1_200;
pub(crate) const RETRY_EVERY: u64 = 50;

/// The room of a server.
pub(crate) struct MemoryBudget {
    backend: Arc<Backend>,
    clock: Clock,
    bytes: usize,
    held: AtomicUsize,
    /// How much of that is held for clients that are not known.
    unauthenticated: AtomicUsize,
    /// What those hold who have done nothing for a while.
    offers: Offers,
}

impl MemoryBudget {
    /// The room of a server that has so many bytes of memory for items and what is under way.
    pub(crate) fn new(backend: Arc<Backend>, clock: Clock, memory_bytes: u64) -> Arc<Self> {
        let bytes = usize::try_from(memory_bytes / SHARE).unwrap_or(usize::MAX).max(ROOM_BYTES);
        Arc::new(MemoryBudget {
            backend,
            clock,
            bytes,
            held: AtomicUsize::new(0),
            unauthenticated: AtomicUsize::new(0),
            offers: Offers::default(),
        })
    }

    /// What bodies and answers hold now, in bytes.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// What open connections take, in bytes.
    pub(crate) fn of_connections(&self) -> u64 {
        self.backend.reserved().saturating_sub(self.held() as u64)
    }

    /// Takes `more` for whom has `all` then. As much as one has must be left for others: so few that
    /// are long do not keep out those that are short.
    fn take(&self, more: usize, all: usize, is_known: bool) -> bool {
        let taken = self.add(more, all, is_known) || self.outbid(more, all, is_known);
        if taken {
            self.backend.reserve(more as u64);
            self.backend.make_way(self.clock.now().moment, more as u64);
        }
        taken
    }

    fn add(&self, more: usize, all: usize, is_known: bool) -> bool {
        if !is_known && !grow(&self.unauthenticated, more, all, self.bytes / UNAUTHENTICATED_SHARE)
        {
            return false;
        }
        let added = grow(&self.held, more, all, self.bytes);
        if !added && !is_known {
            self.unauthenticated.fetch_sub(more, Ordering::Relaxed);
        }
        added
    }

    /// The same, at the expense of those who have done nothing for a while, if they hold enough.
    fn outbid(&self, more: usize, all: usize, is_known: bool) -> bool {
        let too_much = |held: &AtomicUsize, most| {
            (held.load(Ordering::Relaxed) + more + all).saturating_sub(most)
        };
        let mut missing = too_much(&self.held, self.bytes);
        if !is_known {
            let unauthenticated =
                too_much(&self.unauthenticated, self.bytes / UNAUTHENTICATED_SHARE);
            missing = missing.max(unauthenticated);
        }
        let Some(taken) = self.offers.take(missing, is_known) else { return false };
        for (bytes, is_known) in taken {
            self.give_back(bytes, is_known);
        }
        self.add(more, all, is_known)
    }

    fn give_back(&self, bytes: usize, is_known: bool) {
        if bytes > 0 {
            self.held.fetch_sub(bytes, Ordering::Relaxed);
            if !is_known {
                self.unauthenticated.fetch_sub(bytes, Ordering::Relaxed);
            }
            self.backend.release(bytes as u64);
        }
    }
}

fn grow(held: &AtomicUsize, more: usize, all: usize, most: usize) -> bool {
    let grown = |held: usize| held.checked_add(more).filter(|held| held + all <= most);
    held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).is_ok()
}

/// What something under way holds of the room; it goes back when this is dropped.
pub(crate) struct Reservation {
    budget: Arc<MemoryBudget>,
    bytes: u32,
    is_known: bool,
    /// Where it stands among what others may have, if its client has done nothing for a while.
    offered: Option<Box<Place>>,
    /// What the answers of the connection hold altogether, if this is one of them.
    of_connection: Option<Rc<Cell<usize>>>,
}

/// How long a client has done nothing.
#[derive(Default)]
pub(crate) struct Quiet {
    /// In milliseconds since the server was made; 0 if it was not waited for.
    since: u64,
    /// How many bytes have moved since.
    moved: usize,
}

impl Quiet {
    /// So many bytes have moved: who does a little now and then has done nothing.
    pub(crate) fn moved(&mut self, bytes: usize) {
        self.moved += bytes;
        if self.moved >= PROGRESS {
            *self = Quiet::default();
        }
    }
}

/// How it is with what is held for a client that does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It is its own until then, in milliseconds since the server was made.
    Until(u64),
    /// Others may have it now; who waits is woken when they do.
    Offered,
    /// Others have it.
    Lost,
}

impl Reservation {
    /// For something of a client that is known, of which nothing is here yet.
    pub(crate) fn nothing(budget: &Arc<MemoryBudget>) -> Self {
        Self::of(budget, true)
    }

    /// For something of a client that is known or not, of which nothing is here yet.
    pub(crate) fn of(budget: &Arc<MemoryBudget>, is_known: bool) -> Self {
        Reservation {
            budget: budget.clone(),
            bytes: 0,
            is_known,
            offered: None,
            of_connection: None,
        }
    }

    /// For an answer of so many bytes, counted in what its connection holds.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`].
    pub(crate) fn for_answer(
        budget: &Arc<MemoryBudget>,
        of_connection: &Rc<Cell<usize>>,
        bytes: usize,
    ) -> Result<Self> {
        let mut reservation = Self::nothing(budget);
        reservation.of_connection = Some(of_connection.clone());
        reservation.reserve(bytes).map(|()| reservation)
    }

    /// Sees to it that at least `bytes` are held.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`]; as much is held as before, or nothing if others have it.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<()> {
        if !self.keep() {
            return Err(FULL);
        }
        let all = u32::try_from(bytes).map_err(|_| FULL)?;
        let more = all.saturating_sub(self.bytes) as usize;
        if more > 0 && !self.budget.take(more, bytes, self.is_known) {
            return Err(FULL);
        }
        self.bytes = self.bytes.max(all);
        if let Some(total) = &self.of_connection {
            total.set(total.get() + more);
        }
        Ok(())
    }

    /// The same, and waits a moment for room if the client is known.
    ///
    /// # Errors
    ///
    /// As above.
    pub(crate) async fn reserve_soon(&mut self, bytes: usize) -> Result<()> {
        let tries = if self.is_known { MAX_WAIT / RETRY_EVERY } else { 0 };
        for _ in 0..tries {
            if self.reserve(bytes).is_ok() {
                return Ok(());
            }
            sleep(Duration::from_millis(RETRY_EVERY)).await;
        }
        self.reserve(bytes)
    }

    /// The same for what has arrived of the head of a request.
    ///
    /// # Errors
    ///
    /// As above.
    pub(crate) fn reserve_head(&mut self, bytes: usize, is_known: bool) -> Result<()> {
        if self.bytes == 0 {
            self.is_known = is_known;
        }
        self.reserve(bytes)
    }

    /// What becomes of it now that the client has done nothing since then; `waker` wakes who waits.
    pub(crate) fn rest(&mut self, since: u64, now: u64, waker: &Waker) -> Rest {
        if let Some(place) = &self.offered {
            return if self.budget.offers.has(place) { Rest::Offered } else { Rest::Lost };
        }
        let from = if self.bytes == 0 { now } else { since };
        let rests_at = from.saturating_add(IDLE_AFTER);
        if now < rests_at {
            return Rest::Until(rests_at);
        }
        let place = self.budget.offers.put(self.is_known, since, self.bytes as usize, waker);
        self.offered = Some(Box::new(place));
        Rest::Offered
    }

    /// Whether others have taken it, asked whenever nothing moves; the task is woken, by `deadline` too,
    /// when that is to be asked again.
    pub(crate) fn is_lost(
        &mut self,
        quiet: &mut Quiet,
        deadline: &mut Deadline,
        cx: &Context<'_>,
    ) -> bool {
        let now = self.budget.clock.now().moment.0;
        if quiet.since == 0 {
            quiet.since = now;
        }
        match self.rest(quiet.since, now, cx.waker()) {
            Rest::Until(moment) => deadline.wake_at(moment),
            Rest::Offered => {}
            Rest::Lost => return true,
        }
        false
    }

    /// The client has done something: what is held is its own again, unless others have it.
    pub(crate) fn keep(&mut self) -> bool {
        let Some(place) = self.offered.take() else { return true };
        let is_kept = self.budget.offers.withdraw(&place);
        if !is_kept {
            self.forget();
        }
        is_kept
    }

    /// Gives all of it back.
    pub(crate) fn release(&mut self) {
        self.keep();
        let bytes = self.forget();
        self.budget.give_back(bytes, self.is_known);
    }

    fn forget(&mut self) -> usize {
        let bytes = std::mem::take(&mut self.bytes) as usize;
        if let Some(total) = &self.of_connection {
            total.set(total.get() - bytes);
        }
        bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.release();
    }
}

/// What an open connection takes, until this is dropped. No connection is refused for it.
pub(crate) struct Connected {
    budget: Arc<MemoryBudget>,
    bytes: u64,
}

impl Connected {
    /// For one that was accepted.
    pub(crate) fn new(budget: &Arc<MemoryBudget>, secure: bool) -> Self {
        let bytes = if secure { TLS_CONNECTION_BYTES } else { CONNECTION_BYTES };
        budget.backend.reserve(bytes);
        Connected { budget: budget.clone(), bytes }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.budget.backend.release(self.bytes);
    }
}

#[cfg(test)]
mod tests;

//! The memory budget of partly received requests and partly sent responses.
//!
//! Clients could take such memory at will, so all connections of the server share one limit; a
//! request that exceeds it is refused and may be retried. Reservations, and the connections
//! themselves, are subtracted from the engine's budget: items are evicted to make room. A response
//! that is sent at once is not counted.
//!
//! An idle client keeps its reservation until another needs the memory: unauthenticated clients
//! lose theirs first, then the client that has been idle for longest.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::time::sleep;

use self::offers::{OfferKey, Offers};
use crate::backend::Backend;
use crate::clock::Clock;
use crate::deadline::Deadline;
use crate::error::{Error, Overload, Result};
use crate::limits::ROOM_BYTES;

mod offers;

const FULL: Error = Error::Overloaded(Overload::Bytes);

/// Requests and responses may take one part in this many of the memory for items.
const SHARE: u64 = 4;
/// Unauthenticated clients may take one part in this many of that.
const UNAUTHENTICATED_SHARE: usize = 4;
/// The memory of an open connection, in bytes, including the kernel's part; without and with TLS.
const CONNECTION_BYTES: u64 = 8 * 1024;
const TLS_CONNECTION_BYTES: u64 = 28 * 1024;
/// A client that has been idle for this many milliseconds may lose its reservation.
pub(crate) const IDLE_AFTER: u64 = 500;
/// A client that moves fewer bytes in that time counts as idle.
pub(crate) const PROGRESS: usize = 4 * 1024;
/// How long the body of an authenticated client waits for memory and how often it retries, in
/// milliseconds: long enough to find that another client has gone idle.
pub(crate) const MAX_WAIT: u64 = 1_200;
pub(crate) const RETRY_EVERY: u64 = 50;

/// The budget of one server.
pub(crate) struct MemoryBudget {
    backend: Arc<Backend>,
    clock: Clock,
    bytes: usize,
    held: AtomicUsize,
    /// The part of `held` that belongs to unauthenticated clients.
    unauthenticated: AtomicUsize,
    /// The reservations of idle clients.
    offers: Offers,
}

impl MemoryBudget {
    /// The budget of a server with `memory_bytes` for items and requests together.
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

    /// The bytes reserved for bodies and responses.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// The memory of open connections and topics, in bytes.
    pub(crate) fn of_connections(&self) -> u64 {
        self.backend.reserved().saturating_sub(self.held() as u64)
    }

    /// Takes `more` bytes for a reservation of `all`. As much as one reservation holds must stay
    /// free for others, so that a few long bodies do not keep out short ones.
    fn take(&self, more: usize, all: usize, is_authenticated: bool) -> bool {
        let taken =
            self.add(more, all, is_authenticated) || self.outbid(more, all, is_authenticated);
        if taken {
            self.backend.reserve(more as u64);
            self.backend.make_way(self.clock.now().moment, more as u64);
        }
        taken
    }

    fn add(&self, more: usize, all: usize, is_authenticated: bool) -> bool {
        if !is_authenticated
            && !grow(&self.unauthenticated, more, all, self.bytes / UNAUTHENTICATED_SHARE)
        {
            return false;
        }
        let added = grow(&self.held, more, all, self.bytes);
        if !added && !is_authenticated {
            self.unauthenticated.fetch_sub(more, Ordering::Relaxed);
        }
        added
    }

    /// The same, by taking the reservations of idle clients, if they hold enough.
    fn outbid(&self, more: usize, all: usize, is_authenticated: bool) -> bool {
        let too_much = |held: &AtomicUsize, most| {
            (held.load(Ordering::Relaxed) + more + all).saturating_sub(most)
        };
        let mut missing = too_much(&self.held, self.bytes);
        if !is_authenticated {
            let unauthenticated =
                too_much(&self.unauthenticated, self.bytes / UNAUTHENTICATED_SHARE);
            missing = missing.max(unauthenticated);
        }
        let Some(taken) = self.offers.take(missing, is_authenticated) else { return false };
        for (bytes, is_authenticated) in taken {
            self.give_back(bytes, is_authenticated);
        }
        self.add(more, all, is_authenticated)
    }

    fn give_back(&self, bytes: usize, is_authenticated: bool) {
        if bytes > 0 {
            self.held.fetch_sub(bytes, Ordering::Relaxed);
            if !is_authenticated {
                self.unauthenticated.fetch_sub(bytes, Ordering::Relaxed);
            }
            self.backend.release(bytes as u64);
        }
    }
}

fn grow(held: &AtomicUsize, more: usize, all: usize, most: usize) -> bool {
    let grown = |held: usize| held.checked_add(more).filter(|held| held + all <= most);
    held.try_update(Ordering::Relaxed, Ordering::Relaxed, grown).is_ok()
}

/// A share of the memory budget, returned when this is dropped.
pub(crate) struct Reservation {
    budget: Arc<MemoryBudget>,
    bytes: u32,
    is_authenticated: bool,
    /// Its place among the offers, if its client is idle.
    offered: Option<Box<OfferKey>>,
    /// The bytes reserved for all responses of the connection, if this is one of them.
    of_connection: Option<Rc<Cell<usize>>>,
}

/// How long a client has been idle.
#[derive(Default)]
pub(crate) struct Quiet {
    /// In milliseconds since the server started; 0 before the first wait.
    since: u64,
    /// How many bytes have moved since.
    moved: usize,
}

impl Quiet {
    /// Counts bytes that moved: a few now and then do not make a client active.
    pub(crate) fn moved(&mut self, bytes: usize) {
        self.moved += bytes;
        if self.moved >= PROGRESS {
            *self = Quiet::default();
        }
    }
}

/// The state of the reservation of an idle client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// The client keeps it until then, in milliseconds since the server started.
    Until(u64),
    /// Others may take it now; the waiting task is woken if they do.
    Offered,
    /// Another client has taken it.
    Lost,
}

impl Reservation {
    /// An empty reservation of an authenticated client.
    pub(crate) fn nothing(budget: &Arc<MemoryBudget>) -> Self {
        Self::of(budget, true)
    }

    /// An empty reservation; `is_authenticated` if the client is authenticated.
    pub(crate) fn of(budget: &Arc<MemoryBudget>, is_authenticated: bool) -> Self {
        Reservation {
            budget: budget.clone(),
            bytes: 0,
            is_authenticated,
            offered: None,
            of_connection: None,
        }
    }

    /// A reservation for a response of `bytes`, counted among those of its connection.
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

    /// Grows to at least `bytes`.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`]; the reservation is unchanged, or empty if another client took it.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<()> {
        if !self.keep() {
            return Err(FULL);
        }
        let all = u32::try_from(bytes).map_err(|_| FULL)?;
        let more = all.saturating_sub(self.bytes) as usize;
        if more > 0 && !self.budget.take(more, bytes, self.is_authenticated) {
            return Err(FULL);
        }
        self.bytes = self.bytes.max(all);
        if let Some(total) = &self.of_connection {
            total.set(total.get() + more);
        }
        Ok(())
    }

    /// The same, but waits up to [`MAX_WAIT`] for memory if the client is authenticated.
    ///
    /// # Errors
    ///
    /// As above.
    pub(crate) async fn reserve_soon(&mut self, bytes: usize) -> Result<()> {
        let tries = if self.is_authenticated { MAX_WAIT / RETRY_EVERY } else { 0 };
        for _ in 0..tries {
            if self.reserve(bytes).is_ok() {
                return Ok(());
            }
            sleep(Duration::from_millis(RETRY_EVERY)).await;
        }
        self.reserve(bytes)
    }

    /// The same for the received part of the head of a request.
    ///
    /// # Errors
    ///
    /// As above.
    pub(crate) fn reserve_head(&mut self, bytes: usize, is_authenticated: bool) -> Result<()> {
        if self.bytes == 0 {
            self.is_authenticated = is_authenticated;
        }
        self.reserve(bytes)
    }

    /// Offers it to others once the client has been idle since `since`; `waker` is woken if it is
    /// taken.
    pub(crate) fn rest(&mut self, since: u64, now: u64, waker: &Waker) -> Rest {
        if let Some(key) = &self.offered {
            return if self.budget.offers.has(key) { Rest::Offered } else { Rest::Lost };
        }
        let from = if self.bytes == 0 { now } else { since };
        let rests_at = from.saturating_add(IDLE_AFTER);
        if now < rests_at {
            return Rest::Until(rests_at);
        }
        let key = self.budget.offers.put(self.is_authenticated, since, self.bytes as usize, waker);
        self.offered = Some(Box::new(key));
        Rest::Offered
    }

    /// Whether another client has taken it. To be polled whenever no bytes move; wakes the task, by
    /// `deadline` too, when it should be polled again.
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

    /// The client is active again: withdraws the offer; false if another client has taken it.
    pub(crate) fn keep(&mut self) -> bool {
        let Some(key) = self.offered.take() else { return true };
        let is_kept = self.budget.offers.withdraw(&key);
        if !is_kept {
            self.lessen(0);
        }
        is_kept
    }

    /// Returns it to the budget.
    pub(crate) fn release(&mut self) {
        self.shrink(0);
    }

    /// Returns what is above `bytes`.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        self.keep();
        let less = self.lessen(bytes);
        self.budget.give_back(less, self.is_authenticated);
    }

    /// Is one of at most so many `bytes` from now on; returns how many that are less.
    fn lessen(&mut self, bytes: usize) -> usize {
        let left = self.bytes.min(u32::try_from(bytes).unwrap_or(u32::MAX));
        let less = (std::mem::replace(&mut self.bytes, left) - left) as usize;
        if let Some(total) = &self.of_connection {
            total.set(total.get() - less);
        }
        less
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.release();
    }
}

/// The memory of an open connection, until this is dropped. No connection is refused for it.
pub(crate) struct Connected {
    budget: Arc<MemoryBudget>,
    bytes: u64,
}

impl Connected {
    /// Counts a connection that was accepted.
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

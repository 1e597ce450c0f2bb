//! Limits unauthenticated control requests: a few run at once and the others wait in a queue, of
//! which one network may take only a part.
//!
//! Requests of authenticated callers do not wait here, so unauthenticated ones cannot delay them.

use std::collections::HashMap;
use std::net::IpAddr;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::{Error, Overload, Result};
use crate::limits::{CONTROL_UNKNOWN, CONTROL_UNKNOWN_OF_NETWORK, CONTROL_UNKNOWN_WAITING};

/// The queue, shared by all data threads.
pub(crate) struct ControlQueue {
    turns: Semaphore,
    under_way: Mutex<UnderWay>,
}

/// The requests that wait or run.
#[derive(Default)]
struct UnderWay {
    all: usize,
    of: HashMap<Network, usize>,
}

/// The network of a client: an IPv4 address, or the first 64 bits of an IPv6 address, since a
/// client usually has a whole /64 (RFC 4291 §2.5.4).
type Network = (bool, u64);

/// A running request, until this is dropped.
pub(crate) struct Turn<'a> {
    _permit: SemaphorePermit<'a>,
    _queued: Queued<'a>,
}

/// A request that is counted until this is dropped.
struct Queued<'a> {
    queue: &'a ControlQueue,
    network: Network,
}

impl Default for ControlQueue {
    fn default() -> Self {
        ControlQueue { turns: Semaphore::new(CONTROL_UNKNOWN), under_way: Mutex::default() }
    }
}

impl ControlQueue {
    /// Waits until the request may run.
    ///
    /// # Errors
    ///
    /// [`Error::Overloaded`] if too many requests are waiting, from all networks or from that of
    /// `peer`.
    pub(crate) async fn enter(&self, peer: IpAddr) -> Result<Turn<'_>> {
        let queued = self.join(network(peer))?;
        // The semaphore is never closed.
        let permit = self.turns.acquire().await.map_err(|_| Error::Unavailable)?;
        Ok(Turn { _permit: permit, _queued: queued })
    }

    fn join(&self, network: Network) -> Result<Queued<'_>> {
        let mut under_way = self.under_way.lock();
        let of = under_way.of.get(&network).copied().unwrap_or_default();
        if under_way.all >= CONTROL_UNKNOWN_WAITING || of >= CONTROL_UNKNOWN_OF_NETWORK {
            return Err(Error::Overloaded(Overload::Unknown));
        }
        under_way.all += 1;
        under_way.of.insert(network, of + 1);
        Ok(Queued { queue: self, network })
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        let mut under_way = self.queue.under_way.lock();
        under_way.all -= 1;
        let of = under_way.of.get_mut(&self.network).map_or(0, |of| {
            *of -= 1;
            *of
        });
        if of == 0 {
            under_way.of.remove(&self.network);
        }
    }
}

fn network(peer: IpAddr) -> Network {
    match peer.to_canonical() {
        IpAddr::V4(address) => (false, u32::from(address).into()),
        IpAddr::V6(address) => (true, (u128::from(address) >> 64) as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: usize) -> IpAddr {
        IpAddr::V4((0x0a00_0000 + u32::try_from(number).unwrap()).into())
    }

    #[test]
    fn one_network_leaves_room_for_others_and_finished_requests_are_not_counted() {
        let queue = ControlQueue::default();
        let of_one: Vec<_> = (0..CONTROL_UNKNOWN_OF_NETWORK)
            .map(|host| queue.join(network(format!("2001:db8::{host:x}").parse().unwrap())))
            .collect();
        assert!(of_one.iter().all(Result::is_ok));
        let refused = |peer: &str| queue.join(network(peer.parse().unwrap())).is_err();
        assert!(refused("2001:db8::ffff:1"));
        assert!(!refused("2001:db8:0:1::1"));
        assert!(!refused("192.0.2.1"));
        drop(of_one);
        assert!(!refused("2001:db8::ffff:1"));
        assert!(queue.under_way.lock().of.is_empty());
    }

    #[test]
    fn there_is_a_limit_for_all_networks_together() {
        let queue = ControlQueue::default();
        let all: Vec<_> =
            (0..CONTROL_UNKNOWN_WAITING).map(|each| queue.join(network(address(each)))).collect();
        assert!(all.iter().all(Result::is_ok));
        assert!(queue.join(network("192.0.2.1".parse().unwrap())).is_err());
    }

    #[test]
    fn an_ipv4_mapped_address_counts_as_ipv4() {
        let (plain, mapped) = ("192.0.2.7".parse().unwrap(), "::ffff:192.0.2.7".parse().unwrap());
        assert_eq!(network(plain), network(mapped));
        assert_ne!(network("::c000:207".parse().unwrap()), network(plain));
    }
}

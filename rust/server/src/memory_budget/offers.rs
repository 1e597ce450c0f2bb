//! The reservations of idle clients, which others may take.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use parking_lot::Mutex;

/// The order of offers: unauthenticated clients first, then the longest idle. The last number makes
/// each unique.
pub(super) type OfferKey = (bool, u64, u64);

/// All offers, in the order in which they are taken.
#[derive(Default)]
pub(super) struct Offers {
    offers: Mutex<BTreeMap<OfferKey, Offer>>,
    numbers: AtomicU64,
}

struct Offer {
    bytes: usize,
    waker: Waker,
}

impl Offers {
    /// Adds an offer of `bytes`; `waker` is woken when it is taken.
    pub(super) fn put(
        &self,
        is_authenticated: bool,
        since: u64,
        bytes: usize,
        waker: &Waker,
    ) -> OfferKey {
        let key = (is_authenticated, since, self.numbers.fetch_add(1, Ordering::Relaxed));
        self.offers.lock().insert(key, Offer { bytes, waker: waker.clone() });
        key
    }

    /// Whether the offer is still there.
    pub(super) fn has(&self, key: &OfferKey) -> bool {
        self.offers.lock().contains_key(key)
    }

    /// Withdraws an offer; false if it was taken.
    pub(super) fn withdraw(&self, key: &OfferKey) -> bool {
        self.offers.lock().remove(key).is_some()
    }

    /// Takes the first offers that sum up to `bytes` and wakes their owners; `None` if all together
    /// are fewer. Returns the bytes of each and whether its client is authenticated. An
    /// unauthenticated client takes nothing from authenticated ones.
    pub(super) fn take(&self, bytes: usize, is_authenticated: bool) -> Option<Vec<(usize, bool)>> {
        let taken = self.first(bytes, is_authenticated)?;
        let notify = |(key, offer): (OfferKey, Offer)| {
            offer.waker.wake();
            (offer.bytes, key.0)
        };
        Some(taken.into_iter().map(notify).collect())
    }

    fn first(&self, bytes: usize, is_authenticated: bool) -> Option<Vec<(OfferKey, Offer)>> {
        let mut offers = self.offers.lock();
        let (mut sum, mut keys) = (0, Vec::new());
        for (key, offer) in offers.iter().filter(|(key, _)| is_authenticated || !key.0) {
            if sum >= bytes {
                break;
            }
            sum += offer.bytes;
            keys.push(*key);
        }
        let taken = |key| offers.remove(&key).map(|offer| (key, offer));
        (sum >= bytes).then(|| keys.into_iter().filter_map(taken).collect())
    }
}

//! The reservations of idle clients, which others may take.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use parking_lot::Mutex;

/// The order of offers: unauthenticated clients first, then the longest idle. The last number makes
/// each unique.
pub(super) type Place = (bool, u64, u64);

/// All offers, in the order in which they are taken.
#[derive(Default)]
pub(super) struct Offers {
    offers: Mutex<BTreeMap<Place, Offer>>,
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
    ) -> Place {
        let place = (is_authenticated, since, self.numbers.fetch_add(1, Ordering::Relaxed));
        self.offers.lock().insert(place, Offer { bytes, waker: waker.clone() });
        place
    }

    /// Whether the offer is still there.
    pub(super) fn has(&self, place: &Place) -> bool {
        self.offers.lock().contains_key(place)
    }

    /// Withdraws an offer; false if it was taken.
    pub(super) fn withdraw(&self, place: &Place) -> bool {
        self.offers.lock().remove(place).is_some()
    }

    /// Takes the first offers that sum up to `bytes` and wakes their owners; `None` if all together
    /// are fewer. Returns the bytes of each and whether its client is authenticated. An
    /// unauthenticated client takes nothing from authenticated ones.
    pub(super) fn take(&self, bytes: usize, is_authenticated: bool) -> Option<Vec<(usize, bool)>> {
        let taken = self.first(bytes, is_authenticated)?;
        let notify = |(place, offer): (Place, Offer)| {
            offer.waker.wake();
            (offer.bytes, place.0)
        };
        Some(taken.into_iter().map(notify).collect())
    }

    fn first(&self, bytes: usize, is_authenticated: bool) -> Option<Vec<(Place, Offer)>> {
        let mut offers = self.offers.lock();
        let (mut sum, mut places) = (0, Vec::new());
        for (place, offer) in offers.iter().filter(|(place, _)| is_authenticated || !place.0) {
            if sum >= bytes {
                break;
            }
            sum += offer.bytes;
            places.push(*place);
        }
        let taken = |place| offers.remove(&place).map(|offer| (place, offer));
        (sum >= bytes).then(|| places.into_iter().filter_map(taken).collect())
    }
}

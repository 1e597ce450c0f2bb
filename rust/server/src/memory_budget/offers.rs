//! What others may have: it is held for clients that have done nothing for a while.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use parking_lot::Mutex;

/// Where an offer stands: of clients that are not known first, and then by how long they have done
/// nothing; the last number tells those apart that are alike.
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
    /// Adds one of so many bytes; who has made it is woken when it is taken.
    pub(super) fn put(&self, is_known: bool, since: u64, bytes: usize, waker: &Waker) -> Place {
        let place = (is_known, since, self.numbers.fetch_add(1, Ordering::Relaxed));
        self.offers.lock().insert(place, Offer { bytes, waker: waker.clone() });
        place
    }

    /// Whether it was not taken.
    pub(super) fn has(&self, place: &Place) -> bool {
        self.offers.lock().contains_key(place)
    }

    /// Takes it back; false if it was taken.
    pub(super) fn withdraw(&self, place: &Place) -> bool {
        self.offers.lock().remove(place).is_some()
    }

    /// Takes the first that come to so many bytes, and wakes who has made them; none if all together
    /// are fewer. Each with its bytes and whether its client is known. Who is not known himself takes
    /// nothing of those who are.
    pub(super) fn take(&self, bytes: usize, is_known: bool) -> Option<Vec<(usize, bool)>> {
        let taken = self.first(bytes, is_known)?;
        let notify = |(place, offer): (Place, Offer)| {
            offer.waker.wake();
            (offer.bytes, place.0)
        };
        Some(taken.into_iter().map(notify).collect())
    }

    fn first(&self, bytes: usize, is_known: bool) -> Option<Vec<(Place, Offer)>> {
        let mut offers = self.offers.lock();
        let (mut sum, mut places) = (0, Vec::new());
        for (place, offer) in offers.iter().filter(|(place, _)| is_known || !place.0) {
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

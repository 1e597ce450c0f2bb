//! The maximum sizes of items and elements.

use crate::pace::GLANCE;
use crate::{Error, ItemType, Pace};

/// The maximum sizes, in bytes. What exceeds one is refused before anything changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Key and content of an item together. A score counts as eight bytes.
    pub item_bytes: u64,
    /// One element of a collection; of a dictionary, a field or a value.
    pub element_bytes: u64,
    /// Name and content of a leaderboard; a member counts as twelve bytes.
    pub leaderboard_bytes: u64,
}

impl Default for Limits {
    /// Those of Momento: 4,883 KiB, 128 KiB and 50 MB.
    fn default() -> Self {
        Self { item_bytes: 4883 * 1024, element_bytes: 128 * 1024, leaderboard_bytes: 50_000_000 }
    }
}

impl Limits {
    /// The limit of items of this type.
    pub(crate) fn of(&self, item_type: ItemType) -> u64 {
        match item_type {
            ItemType::Leaderboard => self.leaderboard_bytes,
            _ => self.item_bytes,
        }
    }

    /// Refuses an item that holds `bytes` and would be too large with its key.
    ///
    /// # Errors
    ///
    /// [`Error::ItemTooLarge`].
    pub fn admit_item(&self, item_type: ItemType, key: &[u8], bytes: u64) -> Result<(), Error> {
        let limit = self.of(item_type);
        let fits = (key.len() as u64).saturating_add(bytes) <= limit;
        if fits { Ok(()) } else { Err(Error::ItemTooLarge { limit }) }
    }

    /// The total size of these elements, if none is too large.
    pub(crate) fn admit_elements<'a>(
        &self,
        elements: impl IntoIterator<Item = &'a [u8]>,
        pace: &dyn Pace,
    ) -> Result<u64, Error> {
        let (mut sum, limit) = (0, self.element_bytes);
        for element in elements {
            pace.work(GLANCE);
            if element.len() as u64 > limit {
                return Err(Error::ElementTooLarge { limit });
            }
            sum += element.len() as u64;
        }
        Ok(sum)
    }
}

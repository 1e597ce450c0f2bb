//! Listing a cache: a page of the items with a prefix, and the token of the next one.

use attimo_engine::{Listed, Namespace, PageLimits, Position, Received, Selection, chunks};

use super::Call;
use crate::error::{Error, Result};
use crate::limits::{PAGE_CELLS, PAGE_KEY_BYTES};

const FOREIGN_TOKEN: Error = Error::Malformed(
    "next_token is not of a listing of this cache with this prefix: start again without it",
);

/// A page of items.
pub(crate) struct ItemPage {
    /// In no meaningful order.
    pub(crate) items: Vec<Listed>,
    /// Whether it is one whose key is longer than all keys of a page may be together.
    pub(crate) is_long: bool,
    /// The token of the next page; `None` if this is the last one.
    pub(crate) next_token: Option<String>,
}

/// A listing that may be walked.
#[derive(Clone, Copy)]
struct Listing {
    namespace: Namespace,
    from: Position,
}

impl Call<'_> {
    /// Checks that items with `prefix` may be listed from `token` on, and lists none. Counts the
    /// prefix as received.
    ///
    /// # Errors
    ///
    /// Those of [`Call::list`].
    pub(crate) fn check_listing(&mut self, prefix: &[u8], token: Option<&str>) -> Result<()> {
        self.listing(prefix, token).map(drop)
    }

    /// The page of at most `most` selected items that `token` names, or the first one. Counts the
    /// prefix as received and the keys as sent.
    ///
    /// # Errors
    ///
    /// [`Error::Denied`] unless the caller may read every key with this prefix;
    /// [`Error::NoSuchCache`]; [`Error::Malformed`] if the token is of another listing, or of a
    /// cache that was flushed since; [`Error::NotInBackend`].
    pub(crate) fn list(
        &mut self,
        selection: Selection<'_>,
        most: usize,
        token: Option<&str>,
    ) -> Result<ItemPage> {
        let prefix = selection.prefix;
        let Listing { namespace, from } = self.listing(prefix, token)?;
        let limits = PageLimits { keys: most, bytes: PAGE_KEY_BYTES, cells: PAGE_CELLS };
        let page = self.gate.backend.list(namespace, selection, from, limits, self.now())?;
        let next_token = match page.next {
            Some(next) => {
                let tokens = &self.gate.page_tokens;
                Some(tokens.seal(next, namespace, prefix).ok_or(Error::Internal)?)
            }
            None => None,
        };
        self.used.looked.bytes += page.bytes as u64;
        self.used.looked.chunks +=
            page.items.iter().map(|item| chunks(item.key.len())).sum::<u64>();
        Ok(ItemPage { items: page.items, is_long: page.bytes > PAGE_KEY_BYTES, next_token })
    }

    fn listing(&mut self, prefix: &[u8], token: Option<&str>) -> Result<Listing> {
        self.allow_all(prefix)?;
        let namespace = self.namespace()?;
        self.used.commands += 1;
        self.used.received += Received::item(prefix.len());
        let tokens = &self.gate.page_tokens;
        let from = match token {
            Some(token) => tokens.open(token, namespace, prefix).ok_or(FOREIGN_TOKEN)?,
            None => Position::default(),
        };
        if self.gate.backend.is_remote() {
            return Err(Error::NotInBackend);
        }
        Ok(Listing { namespace, from })
    }
}

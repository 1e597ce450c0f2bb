//! Collection requests of more than one command: counted and limited here, for all protocols.

use attimo_engine::commands::dictionary::Get;
use attimo_engine::commands::sorted_set::{Aggregate, Source, Store};
use attimo_engine::{CollectionTtl, Members, Ttl};

use super::Call;
use crate::error::{Error, Result};
use crate::limits::{LEADERBOARD_ELEMENTS, REPLY_BYTES, UNION_MEMBERS};
use crate::steps::COMMAND;

/// Leaderboards never expire: no protocol has a TTL for them.
pub(crate) const FOREVER: CollectionTtl = CollectionTtl { ttl: Ttl::FOREVER, refresh: true };

/// Checks that a leaderboard request names at most as many elements as are allowed.
///
/// # Errors
///
/// [`Error::Malformed`].
pub(crate) fn check_number(elements: usize) -> Result<()> {
    if elements > LEADERBOARD_ELEMENTS {
        return Err(Error::Malformed("a call is about at most 8192 elements"));
    }
    Ok(())
}

impl Call<'_> {
    /// Reads fields of a dictionary and maps each with `make`; `None` if there is no
    /// dictionary.
    ///
    /// # Errors
    ///
    /// Those of [`Call::run`], and [`Error::ReplyTooLarge`].
    pub(crate) fn fields<'f, T>(
        &mut self,
        key: &'f [u8],
        fields: impl Iterator<Item = &'f [u8]> + Clone,
        mut make: impl FnMut(Option<Vec<u8>>) -> T,
    ) -> Result<Option<Vec<T>>> {
        let (mut items, mut bytes) = (Vec::new(), 0);
        let read = |value: Option<&[u8]>| {
            bytes += value.map_or(0, <[u8]>::len);
            // A request may repeat a field, so copying stops at the limit.
            let fits = bytes <= REPLY_BYTES;
            items.push(make(value.map(|value| if fits { value.to_vec() } else { Vec::new() })));
        };
        if !self.run(Get { key, fields, read })? {
            return Ok(None);
        }
        if bytes > REPLY_BYTES {
            return Err(Error::ReplyTooLarge(REPLY_BYTES));
        }
        Ok(Some(items))
    }

    /// Stores the union of sorted sets at `key`, replacing what is there, and returns how many
    /// members it has. A missing source counts as empty.
    ///
    /// # Errors
    ///
    /// Those of [`Call::run`], and [`Error::Malformed`] if there is no source, or the sources are
    /// too large.
    pub(crate) fn union<'s>(
        &mut self,
        key: &[u8],
        sources: impl ExactSizeIterator<Item = (&'s [u8], f32)>,
        aggregate: Aggregate,
        ttl: Ttl,
    ) -> Result<usize> {
        if sources.len() == 0 {
            return Err(Error::Malformed("sources names no sorted set"));
        }
        self.allow(key)?;
        let sources = self.sources(sources)?;
        self.run(Store::new(key, sources, aggregate, ttl))
    }

    /// Takes snapshots of the sources of a union, before any of them is read.
    fn sources<'s>(
        &mut self,
        sources: impl Iterator<Item = (&'s [u8], f32)>,
    ) -> Result<Vec<(Members, f32)>> {
        let (mut found, mut members_seen) = (Vec::new(), 0);
        for (key, weight) in sources {
            self.steps().work(COMMAND);
            if let Some(members) = self.measure(Source { key })?.0 {
                members_seen += members.len();
                if members_seen > UNION_MEMBERS {
                    let many = "sources have more than 500000 members together";
                    return Err(Error::Malformed(many));
                }
                found.push((members, weight));
            }
        }
        Ok(found)
    }
}

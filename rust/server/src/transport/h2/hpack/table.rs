//! Indexed headers: the static table, and the dynamic one with headers that the client sent before
//! (RFC 7541 §2.3 and §4).
//!
//! A header is parsed once, when it is added; using an index is only a lookup.

use std::collections::VecDeque;

use super::entry::Entry;
use super::static_table::STATIC;

/// The maximum size of the dynamic table, in bytes as §4.1 counts them: the default of HTTP/2,
/// which the server does not change.
pub(super) const LIMIT: usize = 4_096;

/// The dynamic table of one direction.
pub(super) struct Table {
    /// The newest first. There are many idle connections, so an empty table allocates nothing.
    entries: VecDeque<Entry>,
    size: usize,
    limit: usize,
}

impl Default for Table {
    fn default() -> Self {
        Table { entries: VecDeque::new(), size: 0, limit: LIMIT }
    }
}

impl Table {
    /// The entry at `index`, in the static table or this one; `None` if there is none (§2.3.3).
    pub(super) fn get(&self, index: u32) -> Option<&Entry> {
        let place = (index as usize).checked_sub(1)?;
        STATIC.get(place).or_else(|| self.entries.get(place - STATIC.len()))
    }

    /// Adds an entry and evicts the oldest ones to make room. One that is larger than the table
    /// empties it, which is no error (§4.4).
    pub(super) fn insert(&mut self, entry: Entry) {
        self.shrink(self.limit.saturating_sub(entry.size));
        if entry.size <= self.limit {
            self.size += entry.size;
            self.entries.push_front(entry);
        }
    }

    /// Changes the maximum size, to at most [`LIMIT`] (§4.3).
    pub(super) fn resize(&mut self, limit: usize) {
        self.limit = limit;
        self.shrink(limit);
    }

    fn shrink(&mut self, size: usize) {
        while self.size > size
            && let Some(last) = self.entries.pop_back()
        {
            self.size -= last.size;
        }
        if self.entries.is_empty() {
            self.entries = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::Name;
    use super::*;

    fn entry(value: &str) -> Entry {
        Entry::new(Name::of(b"x"), 1, value.as_bytes())
    }

    /// The values in the dynamic table, the newest first.
    fn values(table: &Table) -> Vec<&str> {
        (62..).map_while(|index| table.get(index)?.value.as_ref()?.to_str().ok()).collect()
    }

    #[test]
    fn indices_match_the_rfc() {
        let table = Table::default();
        for (index, name, value, size) in [
            (1, ":authority", "", 42),
            (2, ":method", "GET", 42),
            (5, ":path", "/index.html", 48),
            (7, ":scheme", "https", 44),
            (14, ":status", "500", 42),
            (15, "accept-charset", "", 46),
            (16, "accept-encoding", "gzip, deflate", 60),
            (32, "cookie", "", 38),
            (61, "www-authenticate", "", 48),
        ] {
            let entry = table.get(index).unwrap();
            assert_eq!(entry.name, Name::of(name.as_bytes()), "{index}");
            assert_eq!(entry.value.as_ref().unwrap(), value);
            assert_eq!((entry.name_length, entry.size), (name.len(), size));
        }
        for index in [0, 62, 63, u32::MAX] {
            assert!(table.get(index).is_none(), "{index}");
        }
    }

    #[test]
    fn the_newest_entry_is_first_and_the_oldest_is_evicted() {
        let mut table = Table::default();
        table.resize(3 * 34);
        for value in ["a", "b", "c", "d"] {
            table.insert(entry(value));
        }
        assert_eq!(values(&table), ["d", "c", "b"]);

        table.insert(entry("ef"));
        assert_eq!(values(&table), ["ef", "d"]);
        table.resize(34);
        assert_eq!(values(&table), [] as [&str; 0]);
    }

    #[test]
    fn an_entry_that_fits_exactly_stays_and_a_larger_one_empties_the_table() {
        let mut table = Table::default();
        table.insert(entry(&"a".repeat(LIMIT - 33)));
        assert_eq!((values(&table).len(), table.size), (1, LIMIT));
        table.insert(entry(&"a".repeat(LIMIT - 32)));
        assert_eq!((values(&table).len(), table.size), (0, 0));
    }

    #[test]
    fn an_empty_table_allocates_nothing() {
        let mut table = Table::default();
        assert_eq!(table.entries.capacity(), 0);
        table.insert(entry("a"));
        table.resize(0);
        assert_eq!(table.entries.capacity(), 0);
        table.insert(entry("a"));
        assert_eq!((table.entries.capacity(), table.size), (0, 0));
    }
}

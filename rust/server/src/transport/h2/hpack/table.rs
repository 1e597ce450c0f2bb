//! The headers that an index stands for, above all those that the client has sent before
//! (RFC 7541 §2.3 and §4).
//!
//! What a header says is read once, when it gets into a table; an index then costs
//! no more than to look there.

use std::collections::VecDeque;

use super::entry::Entry;
use super::static_table::STATIC;

/// The most that a dynamic table may hold, in bytes as §4.1 counts them: what HTTP/2 begins with,
/// and we announce no other size.
pub(super) const LIMIT: usize = 4_096;

/// What one side of a connection has sent of late.
pub(super) struct Table {
    /// The newest first. Idle connections are many, so an empty table has no memory.
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
    /// What `index` stands for, in the static table or this one; `None` if nothing (§2.3.3).
    pub(super) fn get(&self, index: u32) -> Option<&Entry> {
        let place = (index as usize).checked_sub(1)?;
        STATIC.get(place).or_else(|| self.entries.get(place - STATIC.len()))
    }

    /// Puts an entry in front and drops the last ones to make room. One that is larger than the
    /// table leaves it empty, which is no error (§4.4).
    pub(super) fn insert(&mut self, entry: Entry) {
        self.shrink(self.limit.saturating_sub(entry.size));
        if entry.size <= self.limit {
            self.size += entry.size;
            self.entries.push_front(entry);
        }
    }

    /// Changes how much the table may hold, at most [`LIMIT`] (§4.3).
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
    fn an_index_means_what_the_rfc_says() {
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
    fn the_newest_entry_is_the_first_and_the_oldest_goes() {
        let mut table = Table::default();
        table.resize(3 * 34);
        for value in ["a", "b", "c", "d"] {
            table.insert(entry(value));
        }
        assert_eq!(values(&table), ["d", "c", "b"]);

        table.insert(entry("ef"));
        assert_eq!(values(&table), ["ef", "d"]);
        table.resize(34);
        assert!(values(&table).is_empty());
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
    fn an_empty_table_has_no_memory() {
        let mut table = Table::default();
        assert_eq!(table.entries.capacity(), 0);
        table.insert(entry("a"));
        table.resize(0);
        assert_eq!(table.entries.capacity(), 0);
        table.insert(entry("a"));
        assert_eq!((table.entries.capacity(), table.size), (0, 0));
    }
}

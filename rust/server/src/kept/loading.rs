//! Reads items that were written, into caches that exist still.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use attimo_engine::{Imported, Moment, Namespace};
use parking_lot::Mutex;

use super::blocks::{Block, Blocks};
use super::format::{Fields, HEADER_BYTES, Header, LAST, NoHeader, ServerMark, VERSION};
use super::items::Items;
use crate::directory::Cache;

/// Blocks that are read before others are done.
const AHEAD: usize = 4;

/// What became of the items.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// How many are there again.
    pub kept: u64,
    /// How many had expired meanwhile.
    pub expired: u64,
    /// How many belong to caches that were deleted or flushed, or are larger than the limits.
    pub refused: u64,
    /// How many had to go again because memory is full.
    pub evicted: u64,
    /// How many could not be read, or how many at most if the end is missing.
    pub lost: u64,
    /// The size of all that was read.
    pub bytes: u64,
    /// Why the rest could not be read; `None` if the source was read to its end.
    pub error: Option<String>,
}

/// Nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The form is that of another version.
    #[error("they are written in form {0}, and this version reads form {VERSION}")]
    Version(u32),
    /// The start is missing or damaged.
    #[error("the start of the file is damaged")]
    Damaged,
    /// A server with other keys has written them.
    #[error("they are of another server")]
    OtherServer,
    /// The source cannot be read.
    #[error(transparent)]
    Unreadable(#[from] io::Error),
}

impl Items<'_> {
    /// Reads items into the caches that exist. `between` is called between two blocks.
    ///
    /// # Errors
    ///
    /// [`LoadError`]. What is damaged after the start, or cannot be read, counts as lost.
    pub(crate) fn load<R: Read>(
        &self,
        mut source: R,
        between: impl Fn() + Sync,
    ) -> Result<Loaded, LoadError> {
        let asked = Instant::now();
        let mut blocks = Blocks::new(&mut source);
        let header = Header::read(&blocks.take(2 * HEADER_BYTES));
        if let Some(error) = blocks.error.take() {
            return Err(error.into());
        }
        let header = header.map_err(LoadError::from)?;
        if !header.server.is_of(ServerMark::of(&self.verifying_keys)) {
            return Err(LoadError::OtherServer);
        }
        let caches = self.caches.iter().map(|cache| (cache.namespace, cache)).collect();
        // A server that is replaced finishes its requests before it writes.
        let waited = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
        let now = Moment(self.now.moment.0.saturating_add(waited));
        let arrived = self.epoch_milliseconds.saturating_add(waited);
        let elapsed = arrived.saturating_sub(header.written_at);
        let loader = Loader { items: self, caches, now, elapsed, between: &between };
        let before = self.backend.totals().evicted;
        let (sum, total) = loader.load_all(&mut blocks, &header);
        let evicted = self.backend.totals().evicted - before;
        let read = sum.kept + sum.expired + sum.refused;
        Ok(Loaded {
            kept: sum.kept.saturating_sub(evicted),
            evicted,
            lost: total.saturating_sub(read),
            bytes: blocks.read,
            error: blocks.error.map(|error| error.to_string()),
            ..sum
        })
    }
}

impl From<NoHeader> for LoadError {
    fn from(why: NoHeader) -> Self {
        match why {
            NoHeader::Version(version) => Self::Version(version),
            NoHeader::Damaged => Self::Damaged,
        }
    }
}

fn add(sum: &mut Loaded, more: &Loaded) {
    sum.kept += more.kept;
    sum.expired += more.expired;
    sum.refused += more.refused;
}

/// The namespace of a cache, unless it exists no more.
struct Row(Option<Namespace>);

struct Loader<'a> {
    items: &'a Items<'a>,
    caches: HashMap<Namespace, &'a Cache>,
    now: Moment,
    /// Since the items were written, in milliseconds.
    elapsed: u64,
    between: &'a (dyn Fn() + Sync),
}

impl Loader<'_> {
    /// Gives each block to a thread; returns the sums, and how many items were written.
    fn load_all<R: Read>(&self, blocks: &mut Blocks<'_, R>, header: &Header) -> (Loaded, u64) {
        let (sum, mut total) = (Mutex::new(Loaded::default()), header.items);
        let (sender, receiver) = mpsc::sync_channel(AHEAD);
        let receiver = Mutex::new(receiver);
        let next = || receiver.lock().recv().ok();
        let work = || {
            while let Some(block) = next() {
                let loaded = self.load(&block);
                add(&mut sum.lock(), &loaded);
                (self.between)();
            }
        };
        thread::scope(|scope| {
            (0..self.items.threads.max(1)).for_each(|_| drop(scope.spawn(work)));
            let mut seen = HashSet::new();
            while let Some(block) = blocks.next(&header.marker) {
                if block.sequence == LAST {
                    total = Fields(&block.body).u64().unwrap_or(total);
                } else if seen.insert(block.sequence) && sender.send(block).is_err() {
                    break;
                }
            }
            drop(sender);
        });
        (sum.into_inner(), total)
    }

    fn load(&self, block: &Block) -> Loaded {
        let mut sum = Loaded::default();
        let mut fields = Fields(&block.body);
        let Some(rows) = self.rows(&mut fields) else { return sum };
        for _ in 0..block.items {
            match self.load_item(&mut fields, &rows) {
                Some(Imported::Kept) => sum.kept += 1,
                Some(Imported::Expired) => sum.expired += 1,
                Some(Imported::Refused) => sum.refused += 1,
                None => break,
            }
        }
        sum
    }

    /// The caches of the block.
    fn rows(&self, fields: &mut Fields<'_>) -> Option<Vec<Row>> {
        (0..fields.u32()?).map(|_| self.row(fields)).collect()
    }

    fn row(&self, fields: &mut Fields<'_>) -> Option<Row> {
        let namespace = Namespace(fields.u32()?);
        let (id, account, name) = (fields.u64()?, fields.u64()?, fields.bytes()?);
        // A namespace is never given again. All else is compared in case a backup of the database
        // was put in its place.
        let is_same = |cache: &&&Cache| {
            (cache.id.0, cache.account.0, cache.name.as_bytes()) == (id, account, name)
        };
        Some(Row(self.caches.get(&namespace).filter(is_same).map(|_| namespace)))
    }

    fn load_item(&self, fields: &mut Fields<'_>, rows: &[Row]) -> Option<Imported> {
        let bytes = usize::try_from(fields.u32()?).ok()?;
        let row = rows.get(usize::try_from(fields.u32()?).ok()?)?;
        let (item, rest) = fields.0.split_at_checked(bytes)?;
        fields.0 = rest;
        let Row(Some(namespace)) = row else { return Some(Imported::Refused) };
        self.items.backend.import(*namespace, item, self.elapsed, self.now)
    }
}

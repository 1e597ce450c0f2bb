//! Writes all items of caches that exist.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use attimo_engine::{Namespace, Outgoing};
use parking_lot::Mutex;

use super::format::{BLOCK_BYTES, HEAD_BYTES, Head, Header, LAST, Marker, ServerMark};
use super::items::Items;
use crate::directory::Cache;

/// How long items that are left out are counted: a server that stops has no more time.
const COUNTED_FOR: Duration = Duration::from_millis(200);

/// What was written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// How many items.
    pub items: u64,
    /// The size of all that was written.
    pub bytes: u64,
    /// How many items were left out, because there was no more time. If they are too many to be
    /// counted, those that have expired are among them.
    pub left_out: u64,
}

impl Items<'_> {
    /// Writes all items to `target`, or as many as it can until it is `until`.
    ///
    /// # Errors
    ///
    /// Those of `target`; what was written before is whole then, and has no end.
    pub(crate) fn save<W: Write + Send>(&self, target: W, until: Instant) -> io::Result<Saved> {
        let items = self.backend.totals().items;
        let (written_at, server) = (self.epoch_milliseconds, ServerMark::of(&self.verifying_keys));
        let header = Header { items, written_at, server, marker: marker() };
        let target = Mutex::new(Target::begin(target, &header)?);
        let output =
            Output { target, until, left_out: AtomicU64::new(0), all: AtomicBool::new(true) };
        self.save_all(&output)?;
        let saved = output.target.into_inner().end()?;
        let is_counted = output.all.into_inner();
        let counted = output.left_out.into_inner();
        let left_out = if is_counted { counted } else { items.saturating_sub(saved.items) };
        Ok(Saved { left_out, ..saved })
    }

    fn save_all<W: Write + Send>(&self, output: &Output<W>) -> io::Result<()> {
        let is_there = |cache: &&Cache| cache.expires_at > self.now.epoch_seconds;
        let caches = self.caches.iter().filter(is_there);
        let caches: HashMap<_, _> = caches.map(|cache| (cache.namespace, cache)).collect();
        let save = |part| self.save_part(part, Saver::new(&caches), output);
        let save = &save;
        thread::scope(|scope| {
            let parts = 0..self.threads.max(1);
            let all: Vec<_> = parts.map(|part| scope.spawn(move || save(part))).collect();
            let joined = all.into_iter().map(|it| it.join().unwrap_or_else(|_| Err(panicked())));
            joined.collect()
        })
    }

    fn save_part<W: Write>(
        &self,
        part: usize,
        mut saver: Saver<'_>,
        output: &Output<W>,
    ) -> io::Result<()> {
        let mut walk = self.backend.export(part, self.threads.max(1));
        let now = self.now.moment;
        while saver.error.is_none() && walk.step(now, |item| saver.add(item, output)) {
            if Instant::now() >= output.until {
                output.count_rest(&saver, |each| walk.step(now, each));
                break;
            }
        }
        saver.flush(output);
        saver.error.map_or(Ok(()), Err)
    }
}

fn panicked() -> io::Error {
    io::Error::other("internal error: a thread that wrote items has failed")
}

/// A marker that nobody can know before.
fn marker() -> Marker {
    let half = || RandomState::new().hash_one(0).to_le_bytes();
    let (first, second) = (half(), half());
    std::array::from_fn(|at| if at < 8 { first[at] } else { second[at - 8] })
}

/// What all threads write to.
struct Output<W> {
    target: Mutex<Target<W>>,
    until: Instant,
    /// How many items are left out, of those that were counted.
    left_out: AtomicU64,
    /// Whether that is all of them.
    all: AtomicBool,
}

impl<W> Output<W> {
    /// Counts what is left, or as much of it as there is time for.
    fn count_rest(
        &self,
        saver: &Saver<'_>,
        mut step: impl FnMut(&mut dyn FnMut(&Outgoing<'_>)) -> bool,
    ) {
        let mut count = 0;
        while step(&mut |item| count += u64::from(saver.caches.contains_key(&item.namespace()))) {
            if Instant::now() >= self.until + COUNTED_FOR {
                self.all.store(false, Ordering::Relaxed);
                break;
            }
        }
        self.left_out.fetch_add(count, Ordering::Relaxed);
    }
}

struct Target<W> {
    stream: W,
    marker: Marker,
    blocks: u32,
    saved: Saved,
}

impl<W: Write> Target<W> {
    fn begin(mut stream: W, header: &Header) -> io::Result<Self> {
        let bytes = header.write();
        stream.write_all(&bytes)?;
        let saved = Saved { bytes: bytes.len() as u64, ..Saved::default() };
        Ok(Self { stream, marker: header.marker, blocks: 0, saved })
    }

    /// Writes a block, whose head is still empty.
    fn write(&mut self, sequence: u32, items: u32, block: &mut Vec<u8>) -> io::Result<()> {
        let bytes = u32::try_from(block.len() - HEAD_BYTES).map_err(io::Error::other)?;
        Head { sequence, items, bytes }.seal(&self.marker, block);
        self.stream.write_all(block)?;
        self.saved.bytes += block.len() as u64;
        self.saved.items += u64::from(items);
        Ok(())
    }

    fn add(&mut self, items: u32, block: &mut Vec<u8>) -> io::Result<()> {
        self.blocks += 1;
        self.write(self.blocks, items, block)
    }

    fn end(mut self) -> io::Result<Saved> {
        let mut block = vec![0; HEAD_BYTES];
        block.extend(self.saved.items.to_le_bytes());
        self.write(LAST, 0, &mut block)?;
        self.stream.flush()?;
        Ok(self.saved)
    }
}

/// What one thread writes.
struct Saver<'a> {
    caches: &'a HashMap<Namespace, &'a Cache>,
    block: BlockWriter,
    error: Option<io::Error>,
}

impl<'a> Saver<'a> {
    fn new(caches: &'a HashMap<Namespace, &'a Cache>) -> Self {
        Self { caches, block: BlockWriter::new(), error: None }
    }

    fn add<W: Write>(&mut self, item: &Outgoing<'_>, output: &Output<W>) {
        let Some(cache) = self.caches.get(&item.namespace()) else { return };
        self.block.add(cache, item);
        if self.block.len() >= BLOCK_BYTES {
            self.flush(output);
        }
    }

    fn flush<W: Write>(&mut self, output: &Output<W>) {
        let Some((items, mut block)) = self.block.take() else { return };
        if self.error.is_none() {
            self.error = output.target.lock().add(items, &mut block).err();
        }
    }
}

/// The block that is being filled: the rows of its caches, and its items.
struct BlockWriter {
    rows: HashMap<Namespace, u32>,
    caches: Vec<u8>,
    items: Vec<u8>,
    count: u32,
}

impl BlockWriter {
    fn new() -> Self {
        let items = Vec::with_capacity(BLOCK_BYTES);
        Self { rows: HashMap::new(), caches: Vec::new(), items, count: 0 }
    }

    fn len(&self) -> usize {
        self.caches.len() + self.items.len()
    }

    fn add(&mut self, cache: &Cache, item: &Outgoing<'_>) {
        let row = self.row(cache);
        let start = self.items.len();
        self.items.extend([0; 4]);
        self.items.extend(row.to_le_bytes());
        let content = self.items.len();
        item.write(&mut self.items);
        // No item is nearly as large: their limit is in megabytes.
        let bytes = u32::try_from(self.items.len() - content).unwrap_or(u32::MAX);
        self.items[start..start + 4].copy_from_slice(&bytes.to_le_bytes());
        self.count += 1;
    }

    /// The number of the cache in this block.
    fn row(&mut self, cache: &Cache) -> u32 {
        let next = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        *self.rows.entry(cache.namespace).or_insert_with(|| {
            self.caches.extend(cache.namespace.0.to_le_bytes());
            self.caches.extend(cache.id.0.to_le_bytes());
            self.caches.extend(cache.account.0.to_le_bytes());
            let len = u32::try_from(cache.name.len()).unwrap_or(u32::MAX);
            self.caches.extend(len.to_le_bytes());
            self.caches.extend(cache.name.as_bytes());
            next
        })
    }

    /// The items so far and how many they are, if there are any; the next block is empty.
    fn take(&mut self) -> Option<(u32, Vec<u8>)> {
        if self.count == 0 {
            return None;
        }
        let mut block = Vec::with_capacity(HEAD_BYTES + 4 + self.len() + 16);
        block.resize(HEAD_BYTES, 0);
        block.extend(u32::try_from(self.rows.len()).unwrap_or(u32::MAX).to_le_bytes());
        block.append(&mut self.caches);
        block.append(&mut self.items);
        self.rows.clear();
        Some((std::mem::take(&mut self.count), block))
    }
}

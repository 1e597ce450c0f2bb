//! What was written is read again; of what is damaged, the rest.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use attimo_engine::commands::scalar::{Get, ItemGetTtl, Set};
use attimo_engine::commands::set::Union;
use attimo_engine::{CollectionTtl, Config, Limits, Moment, Namespace, Ttl, Unpaced};

use super::format::{HEADER_BYTES, Header};
use super::*;
use crate::backend::Backend;
use crate::clock::{Clock, Now};
use crate::directory::{AccountId, Cache, CacheId};

const WRITTEN_AT: u64 = 1_700_000_000_000;
const LIFE: u64 = 60_000;

fn backend() -> Backend {
    let limits = Limits::default();
    Backend::new(Config { memory_bytes: 64 << 20, shards: 4, seed: [3; 4], limits })
}

fn cache(number: u32) -> Cache {
    Cache {
        id: CacheId(u64::from(number) + 100),
        account: AccountId(7),
        name: format!("cache-{number}"),
        namespace: Namespace(number),
        expires_at: u64::MAX,
    }
}

fn caches() -> Vec<Cache> {
    (1..4).map(cache).collect()
}

/// These items at a time so many milliseconds after the writing, on a clock that starts at zero.
fn items(backend: &Backend, caches: Vec<Cache>, elapsed: u64) -> Items<'_> {
    let now = Now { moment: Moment(5), ..Clock::start().now() };
    let verifying_keys = vec!["first".into(), "second".into()];
    let epoch_milliseconds = WRITTEN_AT + elapsed;
    Items { backend, caches, verifying_keys, now, epoch_milliseconds, threads: 2 }
}

fn later() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

fn key(i: u32) -> Vec<u8> {
    format!("key-{i}").into_bytes()
}

fn value(i: u32) -> Vec<u8> {
    vec![i.to_le_bytes()[0]; (i % 90) as usize]
}

/// Values in every cache, and a set with many elements.
fn full(count: u32) -> Backend {
    let backend = backend();
    let now = items(&backend, Vec::new(), 0).now;
    for i in 0..count {
        let (key, value) = (key(i), value(i));
        let set = Set { key: &key, value: value[..].into(), ttl: Ttl(LIFE + u64::from(i)) };
        backend.run(Namespace(i % 3 + 1), set, (backend.limits(), None), now, &Unpaced).unwrap();
    }
    let elements: Vec<_> = (0..500_u32).map(u32::to_le_bytes).collect();
    let elements = elements.iter().map(|it| &it[..]);
    let union =
        Union { key: b"set", elements, ttl: CollectionTtl { ttl: Ttl(LIFE), refresh: true } };
    backend.run(Namespace(1), union, (backend.limits(), None), now, &Unpaced).unwrap();
    backend
}

fn written(backend: &Backend) -> Vec<u8> {
    let mut bytes = Vec::new();
    let saved = items(backend, caches(), 0).save(&mut bytes, later()).unwrap();
    assert_eq!((saved.bytes, saved.left_out), (bytes.len() as u64, 0));
    bytes
}

fn load(bytes: &[u8], caches: Vec<Cache>, elapsed: u64) -> (Backend, Result<Loaded, LoadError>) {
    let backend = backend();
    let loaded = items(&backend, caches, elapsed).load(bytes, || {});
    (backend, loaded)
}

#[test]
fn all_items_are_there_again_with_the_time_that_is_left() {
    let (bytes, now) = (written(&full(1000)), items(&backend(), Vec::new(), 0).now);

    let (backend, loaded) = load(&bytes, caches(), 10_000);

    let bytes = bytes.len() as u64;
    assert_eq!(loaded.unwrap(), Loaded { kept: 1001, bytes, ..Loaded::default() });
    for i in 0..1000 {
        let (namespace, key) = (Namespace(i % 3 + 1), key(i));
        let got = backend.run(
            namespace,
            Get::new(&key, |it| it.as_slice().to_vec()),
            (backend.limits(), None),
            now,
            &Unpaced,
        );
        assert_eq!(got.unwrap().0, Some(value(i)));
        let ttl = backend
            .run(namespace, ItemGetTtl { key: &key }, (backend.limits(), None), now, &Unpaced)
            .unwrap()
            .0;
        assert_eq!(ttl, Some(Ttl(LIFE + u64::from(i) - 10_000 - 1)));
    }
}

/// Bytes that come some milliseconds after the question for them.
struct Late<'a>(&'a [u8], Duration);

impl Read for Late<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        std::thread::sleep(std::mem::take(&mut self.1));
        self.0.read(to)
    }
}

#[test]
fn items_that_are_written_after_the_question_for_them_keep_the_time_that_is_left() {
    let bytes = written(&full(10));
    let backend = backend();
    let asked = Items { epoch_milliseconds: WRITTEN_AT - 20, ..items(&backend, caches(), 0) };

    let late = Late(&bytes, Duration::from_millis(40));
    assert_eq!(asked.load(late, || {}).unwrap().kept, 11);

    let ttl = backend
        .run(
            Namespace(1),
            ItemGetTtl { key: &key(0) },
            (backend.limits(), None),
            asked.now,
            &Unpaced,
        )
        .unwrap()
        .0;
    assert_eq!(ttl, Some(Ttl(20 + LIFE - 1)));
}

#[test]
fn what_has_expired_meanwhile_is_not_there_and_a_clock_that_went_back_adds_no_time() {
    let bytes = written(&full(1000));

    let (_, loaded) = load(&bytes, caches(), LIFE + 499);
    let loaded = loaded.unwrap();
    assert_eq!((loaded.kept, loaded.expired, loaded.lost), (500, 501, 0));

    let backend = backend();
    let early = Items { epoch_milliseconds: 5, ..items(&backend, caches(), 0) };
    assert_eq!(early.load(&bytes[..], || {}).unwrap().kept, 1001);
    let ttl = backend
        .run(
            Namespace(1),
            ItemGetTtl { key: &key(0) },
            (backend.limits(), None),
            early.now,
            &Unpaced,
        )
        .unwrap()
        .0;
    assert_eq!(ttl, Some(Ttl(LIFE - 1)));
}

#[test]
fn items_of_a_cache_that_is_not_the_same_any_more_do_not_come_back() {
    let bytes = written(&full(999));
    let flushed = Cache { namespace: Namespace(9), ..cache(2) };
    for other in [
        flushed,
        Cache { id: CacheId(1), ..cache(2) },
        Cache { account: AccountId(8), ..cache(2) },
        Cache { name: "other".into(), ..cache(2) },
    ] {
        let (backend, loaded) = load(&bytes, vec![cache(1), other, cache(3)], 0);

        let loaded = loaded.unwrap();
        assert_eq!((loaded.kept, loaded.refused, loaded.lost), (667, 333, 0));
        assert_eq!(backend.stored_of(&[Namespace(2), Namespace(9)]), [<_>::default(); 2]);
    }
}

#[test]
fn a_server_is_recognised_by_any_of_its_keys_and_reads_nothing_of_another() {
    let bytes = written(&full(10));
    let load_with = |keys: &[&str]| {
        let backend = backend();
        let verifying_keys = keys.iter().map(ToString::to_string).collect();
        Items { verifying_keys, ..items(&backend, caches(), 0) }.load(&bytes[..], || {})
    };

    assert_eq!(load_with(&["second", "third"]).unwrap().kept, 11);
    assert!(matches!(load_with(&["third"]), Err(LoadError::OtherServer)));
    assert!(matches!(load_with(&[]), Err(LoadError::OtherServer)));
}

#[test]
fn items_of_caches_that_are_deleted_or_over_are_not_written() {
    let backend = full(999);
    let over = Cache { expires_at: 0, ..cache(3) };
    let mut bytes = Vec::new();

    let saved = items(&backend, vec![cache(1), over], 0).save(&mut bytes, later()).unwrap();

    assert_eq!((saved.items, saved.left_out), (334, 0));
}

#[test]
fn what_there_was_no_time_for_is_counted_and_what_was_written_is_whole() {
    let backend = full(999);
    let mut bytes = Vec::new();

    let saved = items(&backend, caches(), 0).save(&mut bytes, Instant::now()).unwrap();

    assert!(saved.left_out > 500);
    assert_eq!(saved.items + saved.left_out, 1000);
    let loaded = load(&bytes, caches(), 0).1.unwrap();
    assert_eq!((loaded.kept, loaded.lost), (saved.items, 0));
}

#[test]
fn what_has_expired_or_belongs_to_no_cache_is_not_left_out() {
    let backend = full(999);
    let late = Now { moment: Moment(6 + LIFE + 1000), ..Clock::start().now() };
    let all_expired = Items { now: late, ..items(&backend, caches(), 0) };
    for items in [all_expired, items(&backend, Vec::new(), 0)] {
        let saved = items.save(Vec::new(), Instant::now()).unwrap();

        assert_eq!((saved.items, saved.left_out), (0, 0));
    }
}

/// A disk that cannot be read after so many bytes.
struct Faulty<'a>(&'a [u8]);

impl Read for Faulty<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        const EIO: i32 = 5;
        if self.0.is_empty() { Err(io::Error::from_raw_os_error(EIO)) } else { self.0.read(to) }
    }
}

#[test]
fn an_error_of_the_disk_is_told_and_what_was_read_before_is_kept() {
    let bytes = written(&full(1000));

    let backend = backend();
    let half = Faulty(&bytes[..bytes.len() / 2]);
    let loaded = items(&backend, caches(), 0).load(half, || {}).unwrap();

    assert!(loaded.kept > 100 && loaded.lost > 100);
    assert_eq!(loaded.kept + loaded.lost, 1001);
    assert_eq!(loaded.error.as_deref(), Some("Input/output error (os error 5)"));
    assert_eq!(load(&bytes[..bytes.len() / 2], caches(), 0).1.unwrap().error, None);
}

/// A disk with room for so many bytes.
struct Disk(usize, Vec<u8>);

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.0 - self.1.len());
        self.1.extend(&bytes[..taken]);
        if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_an_error_and_leaves_whole_blocks() {
    let mut disk = Disk(20_000, Vec::new());

    let error = items(&full(1000), caches(), 0).save(&mut disk, later()).unwrap_err();

    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    let loaded = load(&disk.1, caches(), 0).1.unwrap();
    assert!(loaded.kept > 100);
    assert_eq!(loaded.kept + loaded.lost, 1001);
}

#[test]
fn a_file_of_another_form_is_not_read() {
    let mut newer = written(&full(10));
    for copy in 0..2 {
        newer[copy * HEADER_BYTES + 8] = 2;
    }
    assert!(matches!(load(&newer, caches(), 0).1, Err(LoadError::Version(2))));
    let half = &written(&full(10))[..HEADER_BYTES - 1];
    for bytes in [b"", &b"ATTIMO"[..], &[0; 5000], half] {
        assert!(matches!(load(bytes, caches(), 0).1, Err(LoadError::Damaged)));
    }
}

/// A piece of a file: a block that is whole, with its number, or damaged bytes.
#[derive(Clone)]
struct Piece {
    bytes: Vec<u8>,
    whole: Option<usize>,
}

/// The two headers and all blocks, the last one included; and how many items each has.
fn pieces(bytes: &[u8]) -> (Vec<Piece>, Vec<u64>) {
    let header = Header::read(bytes).unwrap();
    let starts = memchr::memmem::find_iter(&bytes[2 * HEADER_BYTES..], &header.marker);
    let starts = starts.map(|at| at + 2 * HEADER_BYTES);
    let all: Vec<_> = [0, HEADER_BYTES].into_iter().chain(starts).chain([bytes.len()]).collect();
    let piece = |(at, range): (usize, &[usize])| Piece {
        bytes: bytes[range[0]..range[1]].to_vec(),
        whole: Some(at),
    };
    let pieces: Vec<_> = all.windows(2).enumerate().map(piece).collect();
    let items = |piece: &Piece| {
        super::format::Head::read(&header.marker, &piece.bytes).map_or(0, |it| u64::from(it.items))
    };
    let items = pieces.iter().map(items).collect();
    (pieces, items)
}

/// Damages the pieces in one of several ways.
fn damage(pieces: &mut Vec<Piece>, random: &mut impl FnMut(usize) -> usize) {
    let blocks = pieces.len() - 2;
    if blocks == 0 {
        return;
    }
    let (at, other) = (2 + random(blocks), 2 + random(blocks));
    match random(7) {
        0 => flip(&mut pieces[at], random),
        1 => {
            let header = random(2);
            flip(&mut pieces[header], random);
        }
        2 => pieces.swap(at, other),
        3 => pieces.insert(other, pieces[at].clone()),
        4 => drop(pieces.remove(at)),
        5 if pieces[at].bytes.len() > 1 => {
            // Bytes that are too many, and some that are missing.
            let middle = 1 + random(pieces[at].bytes.len() - 1);
            let mut rest = Piece { bytes: pieces[at].bytes.split_off(middle), whole: None };
            rest.bytes.drain(..random(rest.bytes.len()).min(40));
            pieces[at].whole = None;
            pieces[at].bytes.extend((0..=random(50)).map(|_| random(256).to_le_bytes()[0]));
            pieces.insert(at + 1, rest);
        }
        _ => {
            pieces.truncate(at + 1);
            let cut = random(pieces[at].bytes.len());
            pieces[at].bytes.truncate(cut);
            pieces[at].whole = None;
        }
    }
}

fn flip(piece: &mut Piece, random: &mut impl FnMut(usize) -> usize) {
    if let Some(at) = (!piece.bytes.is_empty()).then(|| random(piece.bytes.len())) {
        piece.bytes[at] ^= 1 << random(8);
        piece.whole = None;
    }
}

#[test]
fn of_ten_thousand_damaged_files_every_whole_block_is_kept_and_the_rest_is_counted() {
    let bytes = written(&full(150));
    let (original, counts) = pieces(&bytes);
    let total: u64 = counts.iter().sum();
    assert!(original.len() > 10 && total == 151);
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below.max(1) as u64).unwrap()
    };
    for round in 0..10_000 {
        let mut pieces = original.clone();
        (0..=random(3)).for_each(|_| damage(&mut pieces, &mut random));
        let bytes: Vec<_> = pieces.iter().flat_map(|it| it.bytes.iter().copied()).collect();

        let (backend, loaded) = load(&bytes, caches(), 0);

        if pieces[..2].iter().all(|header| header.whole.is_none()) {
            assert!(loaded.is_err() && backend.totals().items == 0, "{round}");
            continue;
        }
        let whole: BTreeSet<_> = pieces[2..].iter().filter_map(|it| it.whole).collect();
        let kept: u64 = whole.iter().map(|at| counts[*at]).sum();
        let loaded = loaded.unwrap();
        assert_eq!((loaded.kept, loaded.lost), (kept, total - kept), "{round}");
        assert_eq!(backend.totals().items, kept, "{round}");
    }
}

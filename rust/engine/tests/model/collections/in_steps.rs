//! Large commands, which work in steps on a copy: others run meanwhile, and either see all of a write
//! or nothing.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use attimo_engine::commands::{dictionary, leaderboard, list, set, sorted_set};
use attimo_engine::{
    CollectionTtl, Command, Config, End, Engine, Error, Limits, Looked, Moment, Namespace, Order,
    Pace, RankedMember, Slice, Ttl,
};
use proptest::prelude::*;

pub(super) const CACHE: Namespace = Namespace(1);
pub(super) const TTL: CollectionTtl = CollectionTtl { ttl: Ttl(1_000_000), refresh: true };
pub(super) const KEY: &[u8] = b"k";
/// So many elements are too many to be looked up or written under a lock.
pub(super) const MANY: u16 = 600;

pub(super) type Plain = BTreeMap<Vec<u8>, Vec<u8>>;

pub(super) fn engine() -> Engine {
    let limits = Limits::default();
    Engine::new(Config { memory_bytes: 1 << 30, shards: 2, seed: [1, 2, 3, 4], limits })
}

pub(super) fn name(at: u16) -> Vec<u8> {
    format!("a name of an element {at}").into_bytes()
}

pub(super) fn slices(all: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> + Clone {
    all.iter().map(|it| &it[..])
}

/// Runs `meanwhile` each time that a command has done so much work, unless that runs a command
/// itself.
pub(super) struct Meanwhile<F> {
    every: usize,
    done: Cell<usize>,
    now: Cell<Moment>,
    times: Cell<usize>,
    others: RefCell<F>,
}

impl<F: FnMut(usize) -> Moment> Meanwhile<F> {
    pub(super) fn new(every: usize, meanwhile: F) -> Self {
        let (done, now, times) = (Cell::new(0), Cell::new(Moment(0)), Cell::new(0));
        Meanwhile { every, done, now, times, others: RefCell::new(meanwhile) }
    }
}

impl<F: FnMut(usize) -> Moment> Pace for Meanwhile<F> {
    fn work(&self, units: usize) {
        self.done.set(self.done.get() + units);
        if self.done.get() >= self.every {
            self.done.set(0);
            self.now.set((self.others.borrow_mut())(self.times.get()));
            self.times.set(self.times.get() + 1);
        }
    }

    fn now(&self) -> Option<Moment> {
        Some(self.now.get())
    }
}

pub(super) fn measured<C: Command>(
    engine: &Engine,
    command: C,
    pace: &dyn Pace,
) -> Result<(C::Reply, Looked), Error> {
    engine.measure(CACHE, command, (engine.limits(), None), Moment(0), pace)
}

pub(super) fn write(
    engine: &Engine,
    pairs: &[(Vec<u8>, Vec<u8>)],
    pace: &dyn Pace,
) -> Result<(), Error> {
    let pairs = pairs.iter().map(|(field, value)| (&field[..], &value[..]));
    measured(engine, dictionary::Set { key: KEY, pairs, ttl: TTL }, pace).map(|(reply, _)| reply)
}

pub(super) fn stored(engine: &Engine) -> Plain {
    let pairs = engine.run(CACHE, dictionary::Fetch { key: KEY }, Moment(0)).unwrap();
    let own = |(field, value): (&[u8], &[u8])| (field.to_vec(), value.to_vec());
    pairs.map(|pairs| pairs.iter().map(own).collect()).unwrap_or_default()
}

/// What others do with a dictionary meanwhile.
#[derive(Debug, Clone)]
enum Other {
    Set(u16),
    Remove(u16),
    Delete,
    Expire,
    Nothing,
}

fn other() -> impl Strategy<Value = Other> {
    prop_oneof![
        2 => (0..MANY).prop_map(Other::Set),
        2 => (0..MANY).prop_map(Other::Remove),
        1 => Just(Other::Delete),
        1 => Just(Other::Expire),
        20 => Just(Other::Nothing),
    ]
}

fn meanwhile(engine: &Engine, plain: &mut Plain, other: Other) {
    use attimo_engine::commands::scalar::{TtlChange, UpdateTtl};
    assert_eq!(stored(engine), *plain);
    match other {
        Other::Set(at) => {
            let pair = (name(at), b"meanwhile".to_vec());
            write(engine, std::slice::from_ref(&pair), &attimo_engine::Unpaced).unwrap();
            plain.extend([pair]);
        }
        Other::Remove(at) => {
            let name = name(at);
            engine.run(CACHE, dictionary::Remove::new(KEY, [&name[..]]), Moment(0)).unwrap();
            plain.remove(&name);
        }
        Other::Delete => {
            engine.run(CACHE, dictionary::Delete::new(KEY), Moment(0)).unwrap();
            plain.clear();
        }
        Other::Expire => {
            let change = TtlChange::Overwrite(Ttl(0));
            engine.run(CACHE, UpdateTtl { key: KEY, change }, Moment(0)).unwrap();
            plain.clear();
        }
        Other::Nothing => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_write_in_steps_follows_what_others_did_meanwhile(
        there in 0..MANY,
        from in 0..MANY,
        removes in any::<bool>(),
        others in prop::collection::vec(other(), 0..60),
    ) {
        let engine = engine();
        let old: Vec<_> = (0..there).map(|at| (name(at), b"old".to_vec())).collect();
        let new: Vec<_> = (from..from + MANY).map(|at| (name(at), b"new".to_vec())).collect();
        write(&engine, &old, &attimo_engine::Unpaced).unwrap();
        let plain = RefCell::new(old.into_iter().collect::<Plain>());
        let mut others = others.into_iter();
        let pace = Meanwhile::new(2000, |_| {
            let next = others.next().unwrap_or(Other::Nothing);
            meanwhile(&engine, &mut plain.borrow_mut(), next);
            Moment(0)
        });

        if removes {
            let names: Vec<_> = new.iter().map(|(name, _)| name.clone()).collect();
            let remove = dictionary::Remove::new(KEY, slices(&names));
            let was = measured(&engine, remove, &pace).unwrap().0;
            prop_assert_eq!(was, !plain.borrow().is_empty());
            plain.borrow_mut().retain(|name, _| !names.contains(name));
        } else {
            write(&engine, &new, &pace).unwrap();
            plain.borrow_mut().extend(new);
        }

        prop_assert!(pace.times.get() > 0 || there == 0 && removes);
        prop_assert!(stored(&engine) == *plain.borrow());
        engine.run(CACHE, dictionary::Delete::new(KEY), Moment(0)).unwrap();
        engine.sweep(Moment(0), usize::MAX);
        prop_assert_eq!((engine.totals().bytes, engine.held()), (0, 0));
    }
}

#[test]
fn a_write_takes_place_although_others_write_the_item_all_the_time() {
    let engine = engine();
    let pairs: Vec<_> = (0..MANY).map(|at| (name(at), b"new".to_vec())).collect();
    let pace = Meanwhile::new(1000, |at| {
        let pair = (format!("other {at}").into_bytes(), Vec::new());
        write(&engine, &[pair], &attimo_engine::Unpaced).unwrap();
        Moment(0)
    });

    write(&engine, &pairs, &pace).unwrap();

    assert_eq!(stored(&engine).len(), usize::from(MANY) + pace.times.get());
}

#[test]
fn a_write_that_takes_too_long_changes_nothing() {
    let engine = engine();
    let pairs: Vec<_> = (0..MANY).map(|at| (name(at), b"new".to_vec())).collect();
    let pace = Meanwhile::new(1000, |_| Moment(31_000));

    assert_eq!(write(&engine, &pairs, &pace), Err(Error::Contended));

    assert_eq!((stored(&engine).len(), engine.held()), (0, 0));
}

#[test]
fn a_write_meets_no_item_that_expired_while_it_worked() {
    let engine = engine();
    let pair = (b"old".to_vec(), Vec::new());
    let ttl = CollectionTtl { ttl: Ttl(10), refresh: true };
    let pairs = [(&pair.0[..], &pair.1[..])];
    engine.run(CACHE, dictionary::Set { key: KEY, pairs, ttl }, Moment(0)).unwrap();
    let pace = Meanwhile::new(1000, |_| Moment(10));
    let pairs: Vec<_> = (0..MANY).map(|at| (name(at), b"new".to_vec())).collect();

    write(&engine, &pairs, &pace).unwrap();

    assert_eq!(stored(&engine).len(), usize::from(MANY));
}

#[test]
fn a_refused_write_changes_nothing() {
    let engine = engine();
    let pairs: Vec<_> = (0..MANY).map(|at| (name(at), vec![b'v'; 1000])).collect();
    let few = Limits { item_bytes: 100_000, ..Limits::default() };
    write(&engine, &pairs[..10], &attimo_engine::Unpaced).unwrap();
    let pairs = pairs.iter().map(|(field, value)| (&field[..], &value[..]));
    let pace = Meanwhile::new(1000, |_| Moment(0));

    let set = dictionary::Set { key: KEY, pairs, ttl: TTL };
    let refused = engine.measure(CACHE, set, (&few, None), Moment(0), &pace);

    assert_eq!(refused.map(drop), Err(Error::ItemTooLarge { limit: 100_000 }));
    assert!(pace.times.get() > 0);
    assert_eq!((stored(&engine).len(), engine.reserved()), (10, 0));
}

#[test]
fn the_sizes_of_elements_are_read_in_steps() {
    let engine = engine();
    let mut pairs: Vec<_> = (0..MANY).map(|at| (name(at), Vec::new())).collect();
    pairs.push((name(MANY), vec![b'v'; 200_000]));
    let pace = Meanwhile::new(100, |_| Moment(0));

    let refused = write(&engine, &pairs, &pace);

    assert_eq!(refused, Err(Error::ElementTooLarge { limit: 128 * 1024 }));
    assert!(pace.times.get() >= usize::from(MANY) / 100);
}

fn removed(engine: &Engine, delete: impl Command<Reply = bool>) {
    engine.run(CACHE, delete, Moment(0)).unwrap();
}

/// Runs `read` while others remove the item; returns its lookups.
fn looked_up<C: Command>(engine: &Engine, read: C, delete: impl Fn()) -> Looked {
    let pace = Meanwhile::new(1000, |_| {
        delete();
        Moment(0)
    });
    let (_, looked) = measured(engine, read, &pace).unwrap();
    assert!(pace.times.get() > 1);
    looked
}

#[test]
fn lookups_in_steps_are_those_of_one_moment() {
    let engine = engine();
    let names: Vec<_> = (0..MANY).map(name).collect();
    let (half, all) = (&names[..300], || slices(&names));
    let pairs = slices(half).map(|it| (it, it));
    engine.run(CACHE, dictionary::Set { key: b"d", pairs, ttl: TTL }, Moment(0)).unwrap();
    engine
        .run(CACHE, set::Union { key: b"s", elements: slices(half), ttl: TTL }, Moment(0))
        .unwrap();
    let elements = slices(half).zip([1.0, 2.0].into_iter().cycle());
    engine.run(CACHE, sorted_set::Put { key: b"z", elements, ttl: TTL }, Moment(0)).unwrap();
    let elements = (0..300).map(|id| (id, f64::from(id)));
    engine.run(CACHE, leaderboard::Upsert { key: b"b", elements, ttl: TTL }, Moment(0)).unwrap();

    let (mut values, mut are_in, mut scores, mut ranks) = (0, 0, 0, Vec::new());
    let read = |value: Option<&[u8]>| values += usize::from(value.is_some());
    let get = dictionary::Get { key: b"d", fields: all(), read };
    let delete = || removed(&engine, dictionary::Delete::new(b"d"));
    let mut looked = vec![looked_up(&engine, get, delete)];
    let read = |is_in: bool| are_in += usize::from(is_in);
    let contains = set::Contains { key: b"s", elements: all(), read };
    let delete = || removed(&engine, set::Delete::new(b"s"));
    looked.push(looked_up(&engine, contains, delete));
    let read = |score: Option<f64>| scores += usize::from(score.is_some());
    let get = sorted_set::GetScore { key: b"z", values: all(), read };
    let delete = || removed(&engine, sorted_set::Delete::new(b"z"));
    looked.push(looked_up(&engine, get, delete));
    let read = |member: RankedMember| ranks.push(member.rank);
    let (ids, order) = (0..u32::from(MANY), Order::Ascending);
    let get = leaderboard::GetRank { key: b"b", ids, order, read };
    let delete = || removed(&engine, leaderboard::Delete::new(b"b"));
    looked.push(looked_up(&engine, get, delete));

    assert_eq!((values, are_in, scores), (300, 300, 300));
    assert!(ranks.into_iter().eq(0..300));
    assert!(looked.iter().all(|it| (it.hits, it.misses) == (300, 300)));
}

#[test]
fn changes_of_a_list_in_steps_follow_what_others_did_meanwhile() {
    let engine = engine();
    let names: Vec<_> = (0..3 * MANY).map(name).collect();
    let truncate = None;
    let push = |at, values| list::Push { key: KEY, at, values, truncate, ttl: TTL };
    engine.run(CACHE, push(End::Back, slices(&names)), Moment(0)).unwrap();
    let mut plain = names.clone();
    let in_steps = |command: &dyn Fn(&dyn Pace) -> usize, plain: &mut Vec<Vec<u8>>| {
        // The first of the list goes, once.
        let pace = Meanwhile::new(1000, |at| {
            if at == 0 {
                engine.run(CACHE, list::Pop { key: KEY, at: End::Front }, Moment(0)).unwrap();
            }
            Moment(0)
        });
        let length = command(&pace);
        assert!(pace.times.get() > 0);
        plain.remove(0);
        length
    };

    let erase = |pace: &dyn Pace| {
        let erase = list::Erase { key: KEY, ranges: [(5, 10), (1000, 100)] };
        measured(&engine, erase, pace).unwrap().0.unwrap()
    };
    let length = in_steps(&erase, &mut plain);
    plain.drain(1000..1100);
    plain.drain(5..15);
    assert_eq!(length, plain.len());

    let value = plain[700].clone();
    let remove = |pace: &dyn Pace| {
        let remove = list::RemoveValue { key: KEY, value: &value };
        measured(&engine, remove, pace).unwrap().0.unwrap()
    };
    let length = in_steps(&remove, &mut plain);
    plain.retain(|it| *it != value);
    assert_eq!(length, plain.len());

    let beside = plain[800].clone();
    let insert = |pace: &dyn Pace| {
        let beside = list::Beside::After(&beside);
        let insert = list::Insert { key: KEY, value: b"inserted", beside, ttl: TTL };
        measured(&engine, insert, pace).unwrap();
        engine.run(CACHE, list::Length::new(KEY), Moment(0)).unwrap().unwrap()
    };
    let length = in_steps(&insert, &mut plain);
    let at = plain.iter().position(|it| *it == beside).unwrap() + 1;
    plain.insert(at, b"inserted".to_vec());
    assert_eq!(length, plain.len());

    let concatenate =
        |pace: &dyn Pace| measured(&engine, push(End::Front, slices(&names)), pace).unwrap().0;
    let length = in_steps(&concatenate, &mut plain);
    plain.splice(0..0, names.iter().cloned());
    assert_eq!(length, plain.len());

    let slice = Slice { start: None, end: None };
    let fetched = engine.run(CACHE, list::Fetch { key: KEY, slice }, Moment(0)).unwrap().unwrap();
    assert!(fetched.iter().eq(slices(&plain)));
}

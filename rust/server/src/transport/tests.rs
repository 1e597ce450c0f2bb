//! How connections of one thread share it, and what is done for a request that will be refused.

use std::cell::RefCell;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::sleep;
use std::time::{Duration, Instant};

use attimo_engine::{Config, Limits, Namespace};
use tokio::io::ReadBuf;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::watch;
use tokio::task::{spawn_local, yield_now};

use super::turns::READS;
use super::*;
use crate::backend::Backend;
use crate::clock::Clock;
use crate::directory::{AccountId, AccountLimits, Cache, CacheId, Changes};
use crate::forward::{App, ControlLock, ControlQueues};
use crate::front::origins::Origins;
use crate::gate::{Gate, Permits};
use crate::listener::ListenerConfig;
use crate::memory::{Ceiling, Memory};
use crate::memory_budget::MemoryBudget;
use crate::meter::{Meter, ThreadMeter};
use crate::metrics::{Audience, Metrics};
use crate::protocol::Protocol;
use crate::retention::Retention;
use crate::state::Core;
use crate::stats::{Stats, ThreadStats};
use crate::steps::Turns;
use crate::topics::{Hub, LocalTopics};

const MEMORY: u64 = 256 << 20;
const LARGE: usize = 5_000_000;
const READ: usize = 16 * 1024;
/// What may be read of a connection until another one is answered.
const FEW_TURNS: usize = 4 * READS * READ;

/// A socket whose client has sent everything, at once or in pieces, and takes whatever comes.
#[derive(Clone, Default)]
struct Socket {
    input: Rc<Vec<u8>>,
    /// Where pieces end.
    ends: Rc<Vec<usize>>,
    read: Rc<Cell<usize>>,
    output: Rc<RefCell<Vec<u8>>>,
    writes: Rc<Cell<usize>>,
    /// How long a write holds the thread up.
    write_time: Duration,
    has_paused: Rc<Cell<bool>>,
    is_left_alone: Rc<Cell<bool>>,
}

impl Pausable for Socket {
    fn pause(&mut self) {
        self.is_left_alone.set(true);
    }

    fn resume(&mut self) -> io::Result<()> {
        self.is_left_alone.set(false);
        Ok(())
    }
}

impl Socket {
    fn of(parts: &[&[u8]]) -> Self {
        Socket { input: Rc::new(parts.concat()), ..Socket::default() }
    }

    /// The same in pieces, of which each arrives when the one before is served.
    fn in_pieces(parts: &[&[u8]]) -> Self {
        let end = |sum: &mut usize, part: &&[u8]| {
            *sum += part.len();
            Some(*sum)
        };
        let ends = parts.iter().scan(0, end).collect();
        Socket { ends: Rc::new(ends), ..Socket::of(parts) }
    }

    /// Waits for an answer; how much was read until then.
    async fn answered(&self) -> usize {
        while self.output.borrow().is_empty() {
            yield_now().await;
        }
        self.read.get()
    }

    async fn read_to_the_end(&self) {
        while self.read.get() < self.input.len() {
            yield_now().await;
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_left_alone.get() {
            return Poll::Pending;
        }
        let read = self.read.get();
        let end = self.ends.iter().find(|end| **end > read);
        if end.is_some() && !self.has_paused.get() {
            self.has_paused.set(true);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.has_paused.set(false);
        let rest = &self.input[read..end.copied().unwrap_or(self.input.len())];
        let part = &rest[..rest.len().min(to.remaining()).min(READ)];
        to.put_slice(part);
        self.read.update(|read| read + part.len());
        if part.is_empty() { Poll::Pending } else { Poll::Ready(Ok(())) }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        sleep(self.write_time);
        self.output.borrow_mut().extend_from_slice(bytes);
        self.writes.update(|writes| writes + 1);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A data thread, and what tells it to stop; the owner's account has these limits.
fn worker(limits: &[(&str, u64)]) -> (Rc<Worker>, watch::Sender<bool>) {
    let limited = Limits::default();
    let config = Config { memory_bytes: MEMORY, shards: 4, seed: [1; 4], limits: limited };
    let (backend, clock) = (Arc::new(Backend::new(config)), Clock::start());
    let memory_budget = MemoryBudget::new(backend.clone(), clock, MEMORY);
    let hub = Hub::new(Retention::default(), 1, clock, (backend.clone(), MEMORY));
    let gate = Gate::new(backend, hub);
    let account = AccountId(1);
    let numbers = limits.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect();
    let (name, namespace) = ("c".to_owned(), Namespace(1));
    let cache = Cache { id: CacheId(1), account, name, namespace, expires_at: u64::MAX };
    let limits = vec![AccountLimits { account, numbers }];
    let caches = vec![cache];
    gate.learn(Changes { revision: 1, caches, limits, ..Changes::default() }).unwrap();
    let ceiling = Ceiling { bytes: None, container: None };
    let core = Arc::new(Core {
        gate,
        meter: Arc::<Meter>::default(),
        clock,
        memory_budget,
        memory: Arc::new(Memory::new(None, MEMORY, ceiling)),
        origins: Origins::new(&[], []),
        stats: Arc::<Stats>::default(),
        evictions: <_>::default(),
        metrics: Metrics::new(Audience::Off, 0, MEMORY),
        threads: 1,
        control_lock: ControlLock::default(),
        is_serving: true.into(),
    });
    let (stop, stopped) = watch::channel(false);
    let queues = Arc::<ControlQueues>::default();
    let app = App::new("nowhere".into(), queues, core.stats.clone(), core.control_lock.clone());
    let worker = Worker {
        meter: ThreadMeter::new(core.meter.clone()),
        stats: ThreadStats::new(&core.stats, clock),
        app,
        faults: <_>::default(),
        stopped,
        read_buffer: <_>::default(),
        turns: Rc::new(Turns::new(clock)),
        topics: LocalTopics::new(core.gate.hub().clone(), 0),
        permits: Permits::default(),
        core,
    };
    (Rc::new(worker), stop)
}

/// Serves a connection from this machine.
fn serve(worker: &Rc<Worker>, socket: &Socket) {
    let offers = [Protocol::Grpc, Protocol::Http].into_iter().collect();
    let listener = ListenerConfig { tls: None, local: true, offers, https: None };
    let peer = (Ipv4Addr::LOCALHOST, 1).into();
    let client = Rc::new(client(worker.clone(), peer, listener.into(), false));
    let socket = socket.clone();
    spawn_local(async move {
        if let Some(connection) = sniffed(socket, client).await {
            connection.await;
        }
    });
}

fn run(test: impl Future<Output = ()>) {
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime.enable_all().build_local(LocalOptions::default()).unwrap();
    runtime.block_on(test);
}

fn put() -> Vec<u8> {
    let head = "PUT /cache/c?key=k&ttl_seconds=9 HTTP/1.1\r\nhost: localhost\r\ncontent-length: ";
    [format!("{head}{LARGE}\r\n\r\n").as_bytes(), &vec![7; LARGE]].concat()
}

const GET: &[u8] = b"GET /cache/c?key=k HTTP/1.1\r\nhost: localhost\r\n\r\n";
const BEGIN: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// A frame of HTTP/2 on stream 1.
fn frame(kind: u8, flags: u8, content: &[u8]) -> Vec<u8> {
    frame_on(1, kind, flags, content)
}

fn frame_on(stream: u8, kind: u8, flags: u8, content: &[u8]) -> Vec<u8> {
    let [.., a, b, c] = content.len().to_be_bytes();
    [&[a, b, c, kind, flags, 0, 0, 0, stream][..], content].concat()
}

/// The header block of a call. `:method: POST` and `:scheme: http` of the static table, then literals.
fn call(method: &str) -> Vec<u8> {
    let mut block = b"\x83\x86\x04\x15/cache_client.Scs/".to_vec();
    block.extend_from_slice(method.as_bytes());
    block.extend_from_slice(b"\x0f\x10\x10application/grpc\0\x05cache\x01c");
    block
}

/// A gRPC `Set` with a value of [`LARGE`] bytes.
fn set() -> Vec<u8> {
    let value =
        [&[0x12, 0xC0, 0x96, 0xB1, 0x02][..], &vec![7; LARGE], &[0x18, 0xE8, 0x07]].concat();
    let message = [&[0x0A, 1, b'k'][..], &value].concat();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let framed = [&[0][..], &length, &message].concat();
    let data: Vec<u8> = framed.chunks(READ).flat_map(|part| frame(0, 0, part)).collect();
    [BEGIN, &frame(1, 4, &call("Set")), &data, &frame(0, 1, &[])].concat()
}

fn text(socket: &Socket) -> String {
    String::from_utf8_lossy(&socket.output.borrow()).into_owned()
}

#[test]
fn others_are_served_while_a_large_body_arrives() {
    for (large, done) in [(put(), "HTTP/1.1 204"), (set(), "grpc-status\x010")] {
        run(async {
            let (worker, _stop) = worker(&[]);
            let (large, small) = (Socket::of(&[&large]), Socket::of(&[GET]));
            serve(&worker, &large);
            serve(&worker, &small);

            small.answered().await;
            assert!(large.read.get() <= FEW_TURNS, "{} bytes were read", large.read.get());
            large.read_to_the_end().await;
            while !text(&large).contains(done) {
                yield_now().await;
            }
        });
    }
}

#[test]
fn a_large_body_over_a_limit_is_refused_at_its_head_and_passed_over_in_turns() {
    run(async {
        let (worker, _stop) = worker(&[("operations_per_second", 0)]);
        let (large, small) = (Socket::of(&[&put(), &put(), GET]), Socket::of(&[GET]));
        serve(&worker, &large);

        assert!(large.answered().await <= FEW_TURNS, "the answer does not wait for the body");
        serve(&worker, &small);
        small.answered().await;
        assert!(large.read.get() <= 2 * FEW_TURNS);
        large.read_to_the_end().await;
        while text(&large).matches("HTTP/1.1 429").count() < 3 {
            yield_now().await;
        }
        assert_eq!(worker.core.memory_budget.held(), 0);
    });
}

#[test]
fn a_large_message_over_a_limit_is_refused_once_and_before_it_has_arrived() {
    run(async {
        let (worker, _stop) = worker(&[("operations_per_second", 0)]);
        let large = Socket::of(&[&set()]);
        serve(&worker, &large);

        while !text(&large).contains("grpc-status\x018") {
            yield_now().await;
        }
        assert!(large.read.get() <= FEW_TURNS, "{} bytes were read", large.read.get());
        large.read_to_the_end().await;
        assert_eq!(text(&large).matches("grpc-status").count(), 1);
    });
}

/// What a client sends to call `Get` on so many streams, in pieces.
fn gets(calls: u8) -> Vec<Vec<u8>> {
    let message = b"\0\0\0\0\x03\x0a\x01k";
    let calls = (0..calls).map(|call_number| {
        let stream = 2 * call_number + 1;
        [frame_on(stream, 1, 4, &call("Get")), frame_on(stream, 0, 1, message)].concat()
    });
    std::iter::once(BEGIN.to_vec()).chain(calls).collect()
}

/// Waits until all of the calls are refused, none of which the plan allows; how long that takes.
async fn refused(socket: &Socket, calls: u8) -> Duration {
    let (worker, _stop) = worker(&[("operations_per_second", 0)]);
    let began = Instant::now();
    serve(&worker, socket);
    while text(socket).matches("grpc-status\x018").count() < calls.into() {
        yield_now().await;
    }
    began.elapsed()
}

#[test]
fn a_client_whose_calls_are_all_over_a_limit_is_answered_once_a_millisecond() {
    const CALLS: u8 = 20;
    run(async {
        let pieces = gets(CALLS);
        let socket = Socket::in_pieces(&pieces.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let most = refused(&socket, CALLS).await.as_millis() + 3;
        assert!((1..=most).contains(&(socket.writes.get() as u128)), "{:?}", socket.writes);
    });
}

#[test]
fn a_pause_that_is_over_before_it_begins_ends_at_once() {
    const CALLS: u8 = 3;
    run(async {
        let pieces = gets(CALLS);
        let parts: Vec<_> = pieces.iter().map(Vec::as_slice).collect();
        let longer_than_a_pause = Duration::from_millis(3);
        let socket = Socket { write_time: longer_than_a_pause, ..Socket::in_pieces(&parts) };
        refused(&socket, CALLS).await;
    });
}

/// How many bytes the server sends for these pieces, and whether it then leaves the client alone.
async fn sent_for(pieces: &[&[u8]], least: usize) -> (usize, bool) {
    let (worker, _stop) = worker(&[("operations_per_second", 0)]);
    let socket = Socket::in_pieces(pieces);
    serve(&worker, &socket);
    socket.read_to_the_end().await;
    while socket.output.borrow().len() < least {
        yield_now().await;
    }
    let sent = socket.output.borrow().len();
    (sent, socket.is_left_alone.get())
}

#[test]
fn a_turn_without_refusals_begins_no_pause_whatever_was_refused_before() {
    const PING: (u8, usize) = (6, 17);
    const SETTINGS: (u8, usize) = (4, 9);
    run(async {
        let message = b"\0\0\0\0\x03\x0a\x01k";
        let [first, second] = [1, 3].map(|stream| {
            [frame_on(stream, 1, 4, &call("Get")), frame_on(stream, 0, 1, message)].concat()
        });
        let (before, is_left_alone) = sent_for(&[BEGIN, &first], 100).await;
        assert!(is_left_alone, "all was refused");
        let (after, _) = sent_for(&[BEGIN, &first, &second], before + 1).await;
        let refusal = after - before;

        // As many bytes that are no refusal; the first one comes with the refused call.
        let settings = (0..PING.1)
            .find(|count| (refusal - count * SETTINGS.1).is_multiple_of(PING.1))
            .unwrap();
        let pings = (refusal - settings * SETTINGS.1) / PING.1;
        let mut frames = frame_on(0, SETTINGS.0, 0, &[]).repeat(settings);
        frames.extend(frame_on(0, PING.0, 0, &[0; 8]).repeat(pings));
        let (start, rest) = frames.split_at(1);
        let refused = [&second, start].concat();
        let (sent, is_left_alone) =
            sent_for(&[BEGIN, &first, &refused, rest], after + refusal).await;
        assert_eq!((sent, is_left_alone), (after + refusal, false));
    });
}

//! The life of a data plane: bind, serve, learn, stop.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use attimo_engine::{Config as EngineConfig, Engine, Limits};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::acceptor::{self, Listener, Scheme};
use crate::backend::Backend;
use crate::clock::Clock;
use crate::directory::{Changes, LearnError};
use crate::front::room::Room;
use crate::gate::Gate;
use crate::limits::ROOM_BYTES;
use crate::meter::{Meter, Used};
use crate::metrics::{Audience, Metrics};
use crate::stats::{self, Event, Readiness, Stats};
use crate::tls::{self, TlsError};
use crate::worker::{self, Workers};

/// What a server is told at the start; it reads no environment and no file.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to serve in plaintext; port 0 takes any that is free.
    pub http: Option<SocketAddr>,
    /// Where to serve with TLS.
    pub https: Option<SocketAddr>,
    /// The server's certificate and its issuers, as PEM.
    pub certificate: Option<String>,
    /// The certificate's private key, as PEM.
    pub private_key: Option<String>,
    /// How many data threads; at least 1.
    pub threads: usize,
    /// How many bytes of memory items may take.
    pub memory_bytes: u64,
    /// How many bytes an item may have, its key included.
    pub item_bytes: u64,
    /// How many bytes an element of a collection may have.
    pub element_bytes: u64,
    /// The Unix socket of the control plane.
    pub app_socket: PathBuf,
    /// Whether plaintext loopback takes an empty token for the owner's.
    pub local: bool,
    /// Who may read the metrics.
    pub metrics: Audience,
    /// How many caches have metrics of their own; the others are summed.
    pub metrics_caches: usize,
}

/// A data plane, running or not.
pub struct Server {
    config: Config,
    tls: Option<TlsAcceptor>,
    core: Arc<Core>,
    running: Mutex<Option<Running>>,
}

/// What all threads share.
pub(crate) struct Core {
    pub(crate) gate: Gate,
    pub(crate) meter: Arc<Meter>,
    pub(crate) clock: Clock,
    pub(crate) stats: Arc<Stats>,
    pub(crate) metrics: Metrics,
    pub(crate) threads: usize,
    pub(crate) room: Arc<Room>,
}

struct Running {
    stop: watch::Sender<bool>,
    workers: Workers,
    acceptor: std::thread::JoinHandle<()>,
    http: Option<SocketAddr>,
    https: Option<SocketAddr>,
}

impl Server {
    /// Makes a server that has bound nothing yet.
    ///
    /// # Errors
    ///
    /// [`TlsError`] if the certificate or its key cannot be used.
    pub fn new(config: Config) -> Result<Self, TlsError> {
        let tls = match (&config.certificate, &config.private_key) {
            (Some(certificate), Some(key)) => Some(tls::acceptor(certificate, key)?),
            _ => None,
        };
        let engine = Engine::new(EngineConfig {
            memory_bytes: config.memory_bytes,
            shards: shards(config.threads, config.memory_bytes),
            seed: seed(),
            limits: Limits {
                item_bytes: config.item_bytes,
                element_bytes: config.element_bytes,
                ..Limits::default()
            },
        });
        let gate = Gate::new(Backend::Embedded(engine));
        let metrics = Metrics::new(config.metrics, config.metrics_caches, config.memory_bytes);
        let (meter, stats, threads) = (Arc::default(), Arc::default(), config.threads.max(1));
        stats::watch(&stats);
        stats.certificate_ends(config.certificate.as_deref().and_then(tls::end));
        let room = Room::new(room(config.memory_bytes));
        let core = Core { gate, meter, clock: Clock::start(), stats, metrics, threads, room };
        Ok(Server { config, tls, core: Arc::new(core), running: Mutex::default() })
    }

    /// Binds every address and begins to serve.
    ///
    /// # Errors
    ///
    /// Whatever the system says of an address, with the address in front. Nothing is left running.
    pub fn start(&self) -> io::Result<()> {
        let mut running = self.running.lock();
        if running.is_some() {
            return Ok(());
        }
        self.core.stats.events.open();
        let mut listeners = Vec::new();
        let http =
            bind(self.config.http, Scheme::Plain { local: self.config.local }, &mut listeners)?;
        let https = bind(self.config.https, Scheme::Tls, &mut listeners)?;
        let (stop, stopped) = watch::channel(false);
        let workers = worker::start(
            self.config.threads,
            &self.core,
            &self.config.app_socket,
            self.tls.as_ref(),
            &stopped,
        )?;
        let acceptor = acceptor::start(listeners, workers.doors(), self.core.clone(), stopped)?;
        *running = Some(Running { stop, workers, acceptor, http, https });
        Ok(())
    }

    /// Where plaintext and TLS are served, once started.
    pub fn addresses(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        self.running.lock().as_ref().map_or((None, None), |running| (running.http, running.https))
    }

    /// Accepts no more, lets what is under way finish, and returns when all threads have ended.
    ///
    /// What has not finished after `grace` is cut. Counts stay until they are taken.
    pub fn stop(&self, grace: Duration) {
        let Some(running) = self.running.lock().take() else { return };
        // Nobody listens any more only if every thread has ended already.
        let _ = running.stop.send(true);
        let _ = running.acceptor.join();
        running.workers.join(grace);
        self.core.stats.events.close();
    }

    /// Takes over what changed in the directory.
    ///
    /// # Errors
    ///
    /// [`LearnError`]; nothing has changed then.
    pub fn learn(&self, changes: Changes) -> Result<(), LearnError> {
        self.core.gate.learn(changes)
    }

    /// Hands over what was counted since the last call.
    pub fn take_usage(&self) -> Vec<Used> {
        let used = self.core.meter.take();
        self.core.meter.forget(|cache| self.core.gate.has_cache(cache));
        used
    }

    /// Takes note that usage was recorded, or could not be and waits.
    pub fn note_usage(&self, recorded: bool) {
        self.core.stats.ledger.note(recorded);
    }

    /// Takes note of how the control plane does, for whoever asks `/ready`.
    pub fn set_readiness(&self, readiness: Readiness) {
        self.core.stats.readiness.set(readiness);
    }

    /// Waits for something that is worth a line in the log; `None` once the server has stopped.
    pub fn next_event(&self) -> Option<Event> {
        self.core.stats.events.next()
    }
}

/// A shard's table grows in one go under its lock, so a shard should not hold more than this.
const SHARD_BYTES: u64 = 16 << 20;

/// Eight a thread keeps two threads from meeting at one shard's lock more often than once in eight.
fn shards(threads: usize, memory_bytes: u64) -> usize {
    let by_memory = usize::try_from(memory_bytes / SHARD_BYTES).unwrap_or(usize::MAX);
    (8 * threads).max(by_memory).next_power_of_two().clamp(64, 4_096)
}

/// What is under way may take an eighth of what items may.
fn room(memory_bytes: u64) -> usize {
    usize::try_from(memory_bytes / 8).unwrap_or(usize::MAX).max(ROOM_BYTES)
}

/// Numbers that nobody outside can know, for the engine's hash.
fn seed() -> [u64; 4] {
    use std::hash::{BuildHasher, RandomState};
    std::array::from_fn(|i| RandomState::new().hash_one(i))
}

fn bind(
    address: Option<SocketAddr>,
    scheme: Scheme,
    listeners: &mut Vec<Listener>,
) -> io::Result<Option<SocketAddr>> {
    let Some(address) = address else { return Ok(None) };
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{address}: {error}"));
    let socket = listen(address).map_err(named)?;
    let bound = socket.local_addr()?;
    listeners.push(Listener { socket, scheme });
    Ok(Some(bound))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    // The system clips this to its own limit; a burst of clients should meet that and not ours.
    socket.listen(65_535)?;
    Ok(socket.into())
}

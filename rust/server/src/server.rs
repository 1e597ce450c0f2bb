//! The life of a data plane: bind, serve, learn, stop.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use attimo_engine::{Config as EngineConfig, Engine, Limits};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::acceptor::{self, Entrance, Listener};
use crate::backend::Backend;
use crate::clock::Clock;
use crate::directory::{Changes, LearnError};
use crate::evictions::Evictions;
use crate::front::cors::Origins;
use crate::front::room::Room;
use crate::gate::Gate;
use crate::limits::ROOM_BYTES;
use crate::meter::{Meter, Used};
use crate::metrics::{Audience, Metrics};
use crate::protocol::Protocols;
use crate::stats::{self, Event, Readiness, Stats};
use crate::tls::{self, Certificate, TlsError};
use crate::worker::{self, Workers};

/// What a server is told at the start; it reads no environment and no file.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to serve, and what.
    pub listeners: Vec<Listen>,
    /// The server's certificate and its issuers, as PEM; needed where there is TLS.
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
    /// Whether plaintext listeners on loopback take an empty token for the owner's.
    pub local: bool,
    /// The public name of the server, without a port: what clients are sent to.
    pub endpoint: String,
    /// The origins whose pages may use the server; `*` is any.
    pub allowed_origins: Vec<String>,
    /// Who may read the metrics.
    pub metrics: Audience,
    /// How many caches have metrics of their own; the others are summed.
    pub metrics_caches: usize,
}

/// One address at which a server is to be found.
#[derive(Debug, Clone)]
pub struct Listen {
    /// Where; port 0 takes any that is free.
    pub address: SocketAddr,
    /// Whether TLS is spoken.
    pub tls: bool,
    /// What is offered there.
    pub offers: Protocols,
}

/// A data plane, running or not.
pub struct Server {
    config: Config,
    certificate: Arc<Certificate>,
    core: Arc<Core>,
    running: Mutex<Option<Running>>,
}

/// What all threads share.
pub(crate) struct Core {
    pub(crate) gate: Gate,
    pub(crate) meter: Arc<Meter>,
    pub(crate) clock: Clock,
    pub(crate) room: Arc<Room>,
    pub(crate) origins: Origins,
    pub(crate) stats: Arc<Stats>,
    evictions: Evictions,
    pub(crate) metrics: Metrics,
    pub(crate) threads: usize,
}

impl Core {
    /// Counts what was evicted since the last call for the caches that lost it.
    pub(crate) fn count_evictions(&self) {
        let evicted = self.gate.take_evicted();
        self.meter.note_evicted(&evicted);
        let caches = || self.gate.caches();
        self.evictions.note(&evicted, caches, &self.stats.events, Instant::now());
    }
}

struct Running {
    stop: watch::Sender<bool>,
    workers: Workers,
    acceptor: std::thread::JoinHandle<()>,
    addresses: Vec<SocketAddr>,
}

impl Server {
    /// Makes a server that has bound nothing yet.
    ///
    /// # Errors
    ///
    /// [`TlsError`] if the certificate or its key cannot be used.
    pub fn new(config: Config) -> Result<Self, TlsError> {
        let certificate = Arc::new(Certificate::default());
        if let (Some(chain), Some(key)) = (&config.certificate, &config.private_key) {
            certificate.replace(chain, key)?;
        }
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
        let core = Core {
            gate,
            meter: Arc::default(),
            clock: Clock::start(),
            room: Room::new(room(config.memory_bytes)),
            origins: Origins::new(&config.allowed_origins, &config.endpoint),
            stats: Arc::default(),
            evictions: Evictions::default(),
            metrics: Metrics::new(config.metrics, config.metrics_caches, config.memory_bytes),
            threads: config.threads.max(1),
        };
        stats::watch(&core.stats);
        core.stats.certificate_ends(config.certificate.as_deref().and_then(tls::end));
        Ok(Server { config, certificate, core: Arc::new(core), running: Mutex::default() })
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
        let listeners = self.bind()?;
        self.core.stats.events.open();
        let addresses = listeners.iter().map(|one| one.socket.local_addr());
        let addresses = addresses.collect::<io::Result<_>>()?;
        let (stop, stopped) = watch::channel(false);
        let workers =
            worker::start(self.config.threads, &self.core, &self.config.app_socket, &stopped)?;
        let acceptor = acceptor::start(listeners, workers.doors(), self.core.clone(), stopped)?;
        *running = Some(Running { stop, workers, acceptor, addresses });
        Ok(())
    }

    /// Where it serves, once started: an address for each listener, in their order.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.running.lock().as_ref().map_or_else(Vec::new, |running| running.addresses.clone())
    }

    /// Shows another certificate to every connection that comes from now on.
    ///
    /// # Errors
    ///
    /// [`TlsError`]; the one that there was stays then.
    pub fn use_certificate(&self, chain: &str, private_key: &str) -> Result<(), TlsError> {
        self.certificate.replace(chain, private_key)?;
        self.core.stats.certificate_ends(tls::end(chain));
        Ok(())
    }

    /// Binds TLS first, since plaintext may have to say where that is.
    fn bind(&self) -> io::Result<Vec<Listener>> {
        let asked = &self.config.listeners;
        let mut bound: Vec<Option<Listener>> = asked.iter().map(|_| None).collect();
        let mut https_port = None;
        for tls in [true, false] {
            for (listen, bound) in asked.iter().zip(&mut bound).filter(|(one, _)| one.tls == tls) {
                let socket = socket(listen.address)?;
                if tls && https_port.is_none() {
                    https_port = Some(socket.local_addr()?.port());
                }
                let entrance = Arc::new(self.entrance(listen, https_port)?);
                *bound = Some(Listener { socket, entrance });
            }
        }
        Ok(bound.into_iter().flatten().collect())
    }

    fn entrance(&self, listen: &Listen, https_port: Option<u16>) -> io::Result<Entrance> {
        let tls = listen.tls.then(|| tls::acceptor(&self.certificate, listen.offers));
        Ok(Entrance {
            tls: tls.transpose().map_err(io::Error::other)?,
            local: self.config.local && !listen.tls && listen.address.ip().is_loopback(),
            offers: listen.offers,
            https: https_port.map(|port| authority(&self.config.endpoint, port)),
        })
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
        self.core.count_evictions();
        let used = self.core.meter.take();
        self.core.meter.forget(|cache| self.core.gate.has_cache(cache));
        used
    }

    /// Takes note that usage was recorded, or could not be and waits.
    pub fn note_usage(&self, recorded: bool) {
        self.core.stats.ledger.note(recorded);
    }

    /// Takes note that lines of the log were dropped.
    pub fn note_dropped_lines(&self, lines: u64) {
        self.core.stats.dropped_lines(lines);
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

const HTTPS: u16 = 443;
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

/// Where TLS is spoken, as URLs have it.
fn authority(name: &str, port: u16) -> String {
    if port == HTTPS { name.to_owned() } else { format!("{name}:{port}") }
}

/// Numbers that nobody outside can know, for the engine's hash.
fn seed() -> [u64; 4] {
    use std::hash::{BuildHasher, RandomState};
    std::array::from_fn(|i| RandomState::new().hash_one(i))
}

fn socket(address: SocketAddr) -> io::Result<TcpListener> {
    listen(address).map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))
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

//! The life of a data plane: serve, learn, stop.

use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use attimo_engine::{Config as EngineConfig, Limits};
use parking_lot::Mutex;
use tokio::runtime;
use tokio::sync::{OwnedRwLockWriteGuard, watch};
use tokio::time::timeout;

use crate::acceptor;
use crate::backend::Backend;
use crate::clock::Clock;
use crate::directory::{AccountId, CacheId, Changes, LearnError};
use crate::evictions::Evictions;
use crate::forward::ControlLock;
use crate::front::origins::Origins;
use crate::gate::Gate;
use crate::listener::{Listener, ListenerConfig};
use crate::memory::{self, Allocator, Ceiling, Keeper, Memory};
use crate::memory_budget::MemoryBudget;
use crate::meter::{self, Used};
use crate::metrics::{Audience, Metrics};
use crate::protocol::Protocols;
use crate::retention::Retention;
use crate::state::{CacheStats, Core};
use crate::stats::{self, Event, Readiness};
use crate::tls::{self, Certificate, TlsError};
use crate::topics::{Hub, TopicBatch, Value};
use crate::worker::{self, Workers};

mod connect;
mod items;
mod reports;

/// The configuration of a server, which reads no environment and no file.
#[derive(Clone)]
pub struct Config {
    /// What to serve on each listening socket, in the order in which `start` gets them.
    pub listeners: Vec<Listen>,
    /// The server's certificate and its issuers, as PEM; needed where there is TLS.
    pub certificate: Option<String>,
    /// The certificate's private key, as PEM.
    pub private_key: Option<String>,
    /// How many data threads; at least 1.
    pub threads: usize,
    /// How many bytes of memory items may take, with what clients have under way.
    pub memory_bytes: u64,
    /// What each topic keeps.
    pub topic_history: Retention,
    /// What the whole process may occupy.
    pub ceiling: Ceiling,
    /// Where items get their memory; `None` if nothing is known of it.
    pub allocator: Option<Arc<dyn Allocator>>,
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
    /// More public names, whose pages are this server's own, too.
    pub also_endpoint: Vec<String>,
    /// The origins whose pages may use the server; `*` is any.
    pub allowed_origins: Vec<String>,
    /// Who may read the metrics.
    pub metrics: Audience,
    /// How many caches have metrics of their own; the others are summed.
    pub metrics_caches: usize,
    /// The URL of the Valkey server that stores items; none if this process does.
    pub backend: Option<String>,
}

/// What is spoken on one listening socket.
#[derive(Debug, Clone)]
pub struct Listen {
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
    /// From the first start on: a server that was stopped has its items still.
    keeper: Mutex<Option<Keeper>>,
    /// Keeps requests from the control plane.
    control_hold: Mutex<Option<OwnedRwLockWriteGuard<()>>>,
}

struct Running {
    stop: watch::Sender<bool>,
    workers: Workers,
    acceptor: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    fn accept_no_more(&mut self) {
        // Nobody listens any more only if every thread has ended already.
        let _ = self.stop.send(true);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Server {
    /// Makes a server that serves nowhere yet.
    ///
    /// # Errors
    ///
    /// [`TlsError`] if the certificate or its key cannot be used.
    pub fn new(config: Config) -> Result<Self, TlsError> {
        let certificate = Arc::new(Certificate::default());
        if let (Some(chain), Some(key)) = (&config.certificate, &config.private_key) {
            certificate.replace(chain, key)?;
        }
        let clock = Clock::start();
        let backend = Backend::new(EngineConfig {
            memory_bytes: config.memory_bytes,
            shards: shards(config.threads, config.memory_bytes),
            seed: seed(),
            limits: Limits {
                item_bytes: config.item_bytes,
                element_bytes: config.element_bytes,
                ..Limits::default()
            },
        });
        let backend = Arc::new(backend.at(config.backend.clone()));
        let memory_budget = MemoryBudget::new(backend.clone(), clock, config.memory_bytes);
        let threads = config.threads.max(1);
        let hub =
            Hub::new(config.topic_history, threads, clock, (backend.clone(), config.memory_bytes));
        let core = Core {
            gate: Gate::new(backend, hub),
            meter: Arc::default(),
            clock,
            memory_budget,
            memory: Arc::new(Memory::new(
                config.allocator.clone(),
                config.memory_bytes,
                config.ceiling.clone(),
            )),
            origins: Origins::new(
                &config.allowed_origins,
                config.also_endpoint.iter().chain([&config.endpoint]),
            ),
            stats: Arc::default(),
            evictions: Evictions::default(),
            metrics: Metrics::new(config.metrics, config.metrics_caches, config.memory_bytes),
            threads,
            control_lock: ControlLock::default(),
            is_serving: false.into(),
        };
        stats::watch(&core.stats);
        core.stats.ledger.took(None, clock.now().epoch_seconds);
        core.stats.certificate_ends(config.certificate.as_deref().and_then(tls::end));
        Ok(Server {
            config,
            certificate,
            core: Arc::new(core),
            running: Mutex::default(),
            keeper: Mutex::default(),
            control_hold: Mutex::default(),
        })
    }

    /// Begins to serve on these sockets: bound, listening and non-blocking, one for each listener
    /// of the configuration. A server that was stopped may be started again; it still has its
    /// items.
    ///
    /// # Errors
    ///
    /// There are more or fewer sockets than listeners, or the system denies a thread. Nothing is
    /// left running.
    pub fn start(&self, sockets: Vec<TcpListener>) -> io::Result<()> {
        let mut running = self.running.lock();
        if running.is_some() {
            return Ok(());
        }
        let listeners = self.listeners(sockets)?;
        self.keep_memory()?;
        self.core.stats.events.open();
        let (stop, stopped) = watch::channel(false);
        let workers =
            worker::start(self.config.threads, &self.core, &self.config.app_socket, &stopped)?;
        let acceptor = acceptor::start(listeners, workers.handles(), self.core.clone(), stopped)?;
        *running = Some(Running { stop, workers, acceptor: Some(acceptor) });
        self.core.is_serving.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Starts to watch the memory of the process, unless that is so already.
    fn keep_memory(&self) -> io::Result<()> {
        let mut keeper = self.keeper.lock();
        if keeper.is_none() {
            *keeper =
                Some(memory::keep(&self.core.memory, self.core.gate.backend(), self.core.clock)?);
        }
        Ok(())
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

    fn listeners(&self, sockets: Vec<TcpListener>) -> io::Result<Vec<Listener>> {
        let configured = &self.config.listeners;
        if configured.len() != sockets.len() {
            return Err(io::Error::other("each listener takes one socket"));
        }
        // Plaintext may have to say where TLS is.
        let first_tls = configured.iter().zip(&sockets).find(|(listen, _)| listen.tls);
        let https = first_tls.map(|(_, socket)| socket.local_addr()).transpose()?;
        let https_port = https.map(|address| address.port());
        let pairs = configured.iter().zip(sockets);
        let made = pairs.map(|(listen, socket)| {
            let config = Arc::new(self.listener_config(listen, &socket, https_port)?);
            Ok(Listener { socket, config })
        });
        made.collect()
    }

    fn listener_config(
        &self,
        listen: &Listen,
        socket: &TcpListener,
        https_port: Option<u16>,
    ) -> io::Result<ListenerConfig> {
        let tls = listen.tls.then(|| tls::acceptor(&self.certificate, listen.offers));
        let is_loopback = socket.local_addr()?.ip().is_loopback();
        Ok(ListenerConfig {
            tls: tls.transpose().map_err(io::Error::other)?,
            local: self.config.local && !listen.tls && is_loopback,
            offers: listen.offers,
            https: https_port.map(|port| authority(&self.config.endpoint, port)),
        })
    }

    /// Stops accepting, and waits until all connections have finished; false if some have not after
    /// `patience`. [`Server::stop`] follows.
    ///
    /// Requests for the control plane that were held back go to the process that listens at its
    /// socket.
    pub fn drain(&self, patience: Duration) -> bool {
        let mut running = self.running.lock();
        let Some(running) = running.as_mut() else { return true };
        running.accept_no_more();
        self.release_control();
        running.workers.wait(patience)
    }

    /// The same, and returns when all threads have ended: connections are cut after `grace`. Counts
    /// stay until they are taken.
    pub fn stop(&self, grace: Duration) {
        self.drain(grace);
        let Some(running) = self.running.lock().take() else { return };
        running.workers.join(Duration::ZERO);
        self.core.count_stored();
        self.core.is_serving.store(false, Ordering::Relaxed);
        self.core.stats.events.close();
    }

    /// Holds back requests for the control plane, and returns once those in progress are answered.
    /// If that takes longer than `patience`, returns false and holds back none. Data is still
    /// served.
    ///
    /// # Errors
    ///
    /// The system cannot create a runtime.
    pub fn hold_control(&self, patience: Duration) -> io::Result<bool> {
        let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
        let control_lock = self.core.control_lock.clone();
        let guard = runtime.block_on(async { timeout(patience, control_lock.write_owned()).await });
        let is_held = guard.is_ok();
        *self.control_hold.lock() = guard.ok();
        Ok(is_held)
    }

    /// Forwards requests for the control plane again.
    pub fn release_control(&self) {
        self.control_hold.lock().take();
    }

    /// Applies changes of the directory.
    ///
    /// # Errors
    ///
    /// [`LearnError`]; nothing has changed then.
    pub fn learn(&self, changes: Changes) -> Result<(), LearnError> {
        self.core.gate.learn(changes)
    }

    /// Returns the usage since the last call, with what was stored until now or, once the server has
    /// stopped, until then. Nothing is left after some calls without requests in between: what was
    /// stored is not sampled twice in a moment.
    pub fn take_usage(&self) -> Vec<Used> {
        if self.core.is_serving.load(Ordering::Relaxed) {
            self.core.count_stored_again();
        }
        self.core.count_evictions();
        let now = self.core.clock.now().epoch_seconds;
        let used = self.core.meter.take();
        self.core.meter.forget(|cache| self.core.gate.has_cache(cache));
        let amount = used.iter().map(|used| meter::transferred(&used.counts));
        let amount = amount.reduce(|sum, more| [sum[0] + more[0], sum[1] + more[1]]);
        self.core.stats.ledger.took(amount, now);
        used
    }

    /// Takes a batch of messages that were published to topics with webhooks; waits for the first one at
    /// most for `patience`.
    pub fn take_messages(&self, patience: Duration) -> TopicBatch {
        self.core.gate.hub().take_messages(patience)
    }

    /// Publishes text of the server's to a topic of this name in each cache of an account that has it,
    /// since somebody subscribes to it or did so lately.
    pub fn tell(&self, account: AccountId, topic: &str, text: String) {
        let value = Value { bytes: text.into(), is_text: true };
        self.core.gate.hub().tell(account, topic, &value, self.core.clock.now());
    }

    /// What a cache stores, and what was counted for it since the start; `None` if there is no such
    /// cache.
    pub fn stats_of(&self, cache: CacheId) -> Option<CacheStats> {
        self.core.stats_of(cache)
    }

    /// Frees memory that the control plane is about to take for a short time.
    pub fn hold_memory(&self, bytes: u64) {
        self.core.memory.hold(self.core.gate.backend(), bytes, self.core.clock.now().moment);
    }

    /// Ends a [`Server::hold_memory`].
    pub fn release_memory(&self, bytes: u64) {
        self.core.memory.release(self.core.gate.backend(), bytes);
    }

    /// Sets the readiness of the control plane, as `/ready` reports it.
    pub fn set_readiness(&self, readiness: Readiness) {
        if readiness == Readiness::Ready {
            self.core.memory.settle(self.core.gate.backend());
        }
        self.core.stats.readiness.set(readiness);
    }

    /// Waits for an event to log; `None` once the server has stopped.
    pub fn next_event(&self) -> Option<Event> {
        self.core.stats.events.next()
    }
}

const HTTPS: u16 = 443;
/// What a shard does under its lock takes longer the more it holds, so it should not hold more. With
/// fewer bytes for each there would be more shards, whose own state is then less likely to be in the
/// processor's caches.
const SHARD_BYTES: u64 = 64 << 20;

/// With eight shards a thread, two threads need the same lock at most once in eight times.
fn shards(threads: usize, memory_bytes: u64) -> usize {
    let by_memory = usize::try_from(memory_bytes / SHARD_BYTES).unwrap_or(usize::MAX);
    (8 * threads).max(by_memory).next_power_of_two().clamp(64, 4_096)
}

/// Where TLS is spoken, as URLs have it.
fn authority(name: &str, port: u16) -> String {
    if port == HTTPS { name.to_owned() } else { format!("{name}:{port}") }
}

/// Unpredictable numbers, for the engine's hash.
fn seed() -> [u64; 4] {
    use std::hash::{BuildHasher, RandomState};
    std::array::from_fn(|i| RandomState::new().hash_one(i))
}

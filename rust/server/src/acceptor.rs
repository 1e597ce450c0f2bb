//! The thread at the door: it accepts connections and gives each to a data thread.
//!
//! Official clients hold one connection a process, so a handful of connections
//! carries all the load; handing each to the thread that has fewest keeps the
//! threads even where the kernel's own spreading would leave one idle. The same
//! thread does the engine's upkeep, since it has little else to do.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use attimo_engine::Engine;
use tokio::runtime;
use tokio::sync::watch;
use tokio::task::LocalSet;
use tokio_rustls::TlsAcceptor;

use crate::backend::Backend;
use crate::protocol::Protocols;
use crate::server::Core;
use crate::worker::{Arrival, Door};

/// What all connections of one listener have in common.
pub(crate) struct Entrance {
    /// Who shakes hands; `None` for plaintext.
    pub(crate) tls: Option<TlsAcceptor>,
    /// Whether peers on this machine need no token.
    pub(crate) local: bool,
    pub(crate) offers: Protocols,
    /// The port to which plaintext clients are sent where only challenges are answered.
    pub(crate) https_port: Option<u16>,
}

/// A bound socket and what is spoken on it.
pub(crate) struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) entrance: Arc<Entrance>,
}

/// How often the sweep runs, and in how many runs it passes over everything.
const SWEEP_EVERY: Duration = Duration::from_millis(100);
const SWEEPS_PER_PASS: u64 = 300;
/// The least that one run looks at.
const SWEEP_SLOTS: usize = 4_096;
/// How long to wait when the process has no file handles left for another connection.
const NO_HANDLES_PAUSE: Duration = Duration::from_millis(20);

/// Starts the thread; it ends when `stopped` turns true.
pub(crate) fn start(
    listeners: Vec<Listener>,
    doors: Vec<Door>,
    core: Arc<Core>,
    stopped: watch::Receiver<bool>,
) -> io::Result<JoinHandle<()>> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let run = async move {
        for listener in listeners {
            tokio::task::spawn_local(accept(listener, doors.clone()));
        }
        tokio::task::spawn_local(sweep(core));
        let mut stopped = stopped;
        // An error means that the server itself is gone, which is a stop as well.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    thread::Builder::new().name("attimo-accept".into()).spawn(move || {
        LocalSet::new().block_on(&runtime, run);
    })
}

async fn accept(listener: Listener, doors: Vec<Door>) {
    let Ok(socket) = tokio::net::TcpListener::from_std(listener.socket) else { return };
    let mut turn = 0;
    loop {
        match socket.accept().await {
            Ok((stream, peer)) => {
                turn += 1;
                let Ok(stream) = stream.into_std() else { continue };
                let entrance = listener.entrance.clone();
                least_loaded(&doors, turn).enter(Arrival { stream, peer, entrance });
            }
            // Out of file handles, or a peer that left at once: neither ends the listener.
            Err(_) => tokio::time::sleep(NO_HANDLES_PAUSE).await,
        }
    }
}

/// The door with the fewest connections; among equals, each in `turn`.
fn least_loaded(doors: &[Door], turn: usize) -> &Door {
    let from = turn % doors.len();
    let order = doors[from..].iter().chain(&doors[..from]);
    order.min_by_key(|door| door.connections()).expect("there is at least one thread")
}

async fn sweep(core: Arc<Core>) {
    let Backend::Embedded(engine) = core.gate.backend();
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        while sweep_once(engine, &core) {
            tokio::task::yield_now().await;
        }
    }
}

/// Looks at the share of one run; tells whether so much had ended that more should follow at once.
fn sweep_once(engine: &Engine, core: &Core) -> bool {
    let share = usize::try_from(engine.totals().items / SWEEPS_PER_PASS).unwrap_or(usize::MAX);
    let swept = engine.sweep(core.clock.now().moment, share.max(SWEEP_SLOTS));
    (swept.expired + swept.retired) * 4 > swept.looked_at as u64
}

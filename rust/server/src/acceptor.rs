//! The acceptor thread: accepts connections and gives each to a data thread.
//!
//! Official clients hold one connection a process, so a handful of connections
//! carries all the load. Each goes to the thread with the fewest connections,
//! which balances threads better than the kernel would. The acceptor thread also
//! sweeps expired items, frees removed ones and counts what is stored, since it has little else to do.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime;
use tokio::sync::watch;
use tokio::task::LocalSet;

use crate::forward::lacks_handles;
use crate::limits::HANDLES_IN_RESERVE;
use crate::listener::{Listener, NewConnection, WorkerHandle};
use crate::meter::SAMPLE_EVERY;
use crate::process::handles;
use crate::state::Core;
use crate::stats::Stats;

/// The interval of sweeps, and how many of them pass over all items.
const SWEEP_EVERY: Duration = Duration::from_millis(100);
const SWEEPS_PER_PASS: u64 = 300;
/// The least number of records per sweep.
const SWEEP_RECORDS: usize = 4_096;
/// The pause between two parts of removed items that are freed, a hundred microseconds each, and of how
/// many bytes that are left another one is freed without a pause.
const FREE_EVERY: Duration = Duration::from_millis(1);
const FREED_FASTER: u64 = 64 << 20;
/// How often is looked whether something is to be logged.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How long to wait when the process has no file handles left for another connection.
const NO_HANDLES_PAUSE: Duration = Duration::from_millis(20);

/// Starts the thread, which ends when `stopped` turns true.
pub(crate) fn start(
    listeners: Vec<Listener>,
    workers: Vec<WorkerHandle>,
    core: Arc<Core>,
    stopped: watch::Receiver<bool>,
) -> io::Result<JoinHandle<()>> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let most = most_connections(handles());
    let run = async move {
        for listener in listeners {
            let stats = core.stats.clone();
            tokio::task::spawn_local(accept(listener, workers.clone(), most, stats));
        }
        tokio::task::spawn_local(tell(core.stats.clone()));
        tokio::task::spawn_local(count_stored(core.clone()));
        tokio::task::spawn_local(sweep(core.clone()));
        tokio::task::spawn_local(free(core));
        let mut stopped = stopped;
        // An error means that the server itself is gone, which is a stop as well.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    thread::Builder::new().name("attimo-accept".into()).spawn(move || {
        LocalSet::new().block_on(&runtime, run);
    })
}

/// The most connections, from the number of file handles open at the start and their limit; some
/// handles are left to the control plane.
fn most_connections(handles: Option<(usize, u64)>) -> usize {
    let Some((open, most)) = handles else { return usize::MAX };
    let left = most.saturating_sub(open as u64);
    usize::try_from(left - HANDLES_IN_RESERVE.min(left / 2)).unwrap_or(usize::MAX).max(1)
}

async fn accept(listener: Listener, workers: Vec<WorkerHandle>, most: usize, stats: Arc<Stats>) {
    let Ok(socket) = tokio::net::TcpListener::from_std(listener.socket) else { return };
    let mut turn = 0;
    let mut lacking = false;
    loop {
        match socket.accept().await {
            Ok((stream, peer)) => {
                turn += 1;
                lacking = false;
                let Ok(stream) = stream.into_std() else { continue };
                if is_full(&workers, most) {
                    stats.lacked_handle();
                    // Meanwhile new connections wait in the kernel's backlog.
                    while is_full(&workers, most) {
                        tokio::time::sleep(NO_HANDLES_PAUSE).await;
                    }
                }
                let listener = listener.config.clone();
                least_loaded(&workers, turn).enter(NewConnection { stream, peer, listener });
            }
            // Out of file handles, or a peer that left at once: neither ends the listener.
            Err(error) => {
                if lacks_handles(&error) && !lacking {
                    stats.lacked_handle();
                    lacking = true;
                }
                tokio::time::sleep(NO_HANDLES_PAUSE).await;
            }
        }
    }
}

fn is_full(workers: &[WorkerHandle], most: usize) -> bool {
    workers.iter().map(WorkerHandle::connections).sum::<usize>() >= most
}

/// The worker with the fewest connections; among equals, each in `turn`.
pub(crate) fn least_loaded(workers: &[WorkerHandle], turn: usize) -> &WorkerHandle {
    let from = turn % workers.len();
    let order = workers[from..].iter().chain(&workers[..from]);
    order.min_by_key(|worker| worker.connections()).expect("there is at least one thread")
}

/// Logs what is told together, when it is time.
async fn tell(stats: Arc<Stats>) {
    loop {
        tokio::time::sleep(TELL_EVERY).await;
        stats.tell();
    }
}

async fn count_stored(core: Arc<Core>) {
    loop {
        tokio::time::sleep(SAMPLE_EVERY).await;
        core.count_stored();
    }
}

async fn sweep(core: Arc<Core>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        while sweep_once(&core) {
            tokio::task::yield_now().await;
        }
        core.gate.hub().sweep(core.clock.now().moment);
    }
}

/// Frees what was removed, with pauses, since a data thread may need the processor.
async fn free(core: Arc<Core>) {
    let backend = core.gate.backend();
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        while backend.free_some() {
            for _ in 0..backend.garbage() / FREED_FASTER {
                backend.free_some();
                tokio::task::yield_now().await;
            }
            tokio::time::sleep(FREE_EVERY).await;
        }
    }
}

/// Sweeps one share of all items; true if so many had expired that the next should follow at once.
fn sweep_once(core: &Core) -> bool {
    let backend = core.gate.backend();
    let share = usize::try_from(backend.totals().items / SWEEPS_PER_PASS).unwrap_or(usize::MAX);
    let swept = backend.sweep(core.clock.now().moment, share.max(SWEEP_RECORDS));
    (swept.expired + swept.retired) * 4 > swept.looked_at as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_some_handles_to_the_control_plane() {
        assert_eq!(most_connections(Some((24, 1_024))), 1_000 - 128);
        assert_eq!(most_connections(Some((24, 64))), 20);
        assert_eq!(most_connections(Some((64, 64))), 1);
        assert_eq!(most_connections(None), usize::MAX);
    }
}

//! The data threads: each has a runtime of its own and serves its connections alone.

use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::{mpsc as queue, watch};

use crate::forward::{App, ControlQueues};
use crate::front::fault_injection::Faults;
use crate::gate::Permits;
use crate::listener::{ConnectionGuard, Load, NewConnection, WorkerHandle};
use crate::meter::ThreadMeter;
use crate::read_buffer::SharedReadBuffer;
use crate::state::{Core, Worker};
use crate::stats::ThreadStats;
use crate::steps::Turns;
use crate::topics::LocalTopics;
use crate::transport;

/// All data threads of a server.
pub(crate) struct Workers {
    handles: Vec<WorkerHandle>,
    threads: Vec<JoinHandle<()>>,
    ended: mpsc::Receiver<()>,
    /// How many threads have not ended.
    left: usize,
    cut: watch::Sender<bool>,
}

impl Workers {
    pub(crate) fn handles(&self) -> Vec<WorkerHandle> {
        self.handles.clone()
    }

    /// Waits for every thread to finish its connections; whether all have after `patience`.
    pub(crate) fn wait(&mut self, patience: Duration) -> bool {
        self.handles.clear();
        let deadline = Instant::now() + patience;
        while self.left > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if self.ended.recv_timeout(left).is_err() {
                return false;
            }
            self.left -= 1;
        }
        true
    }

    /// The same, and cuts connections after `grace`.
    pub(crate) fn join(mut self, grace: Duration) {
        self.wait(grace);
        // Threads that ended by themselves do not hear this; that is as it should be.
        let _ = self.cut.send(true);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

/// Starts `count` threads.
pub(crate) fn start(
    count: usize,
    core: &Arc<Core>,
    app_socket: &Path,
    stopped: &watch::Receiver<bool>,
) -> io::Result<Workers> {
    let (ending, ended) = mpsc::channel();
    let (cut, cuts) = watch::channel(false);
    let faults = Arc::new(Faults::default());
    let queues = Arc::new(ControlQueues::default());
    let mut workers = Workers { handles: Vec::new(), threads: Vec::new(), ended, left: 0, cut };
    for number in 0..count.max(1) {
        let (sender, arrivals) = queue::unbounded_channel();
        let load = Arc::new(Load::default());
        workers.handles.push(WorkerHandle { queue: sender, load: load.clone() });
        let (core, app_socket) = (core.clone(), app_socket.to_owned());
        let (stopped, faults, mut cuts) = (stopped.clone(), faults.clone(), cuts.clone());
        let queues = queues.clone();
        let ending = ending.clone();
        let (ready, is_ready) = mpsc::channel();
        let thread = thread::Builder::new().name(format!("attimo-{number}")).spawn(move || {
            let runtime = match runtime() {
                Ok(runtime) => runtime,
                // Nobody listens only if the start was given up.
                Err(error) => return ready.send(Err(error)).unwrap_or_default(),
            };
            ready.send(Ok(())).unwrap_or_default();
            let meter = ThreadMeter::new(core.meter.clone());
            let stats = ThreadStats::new(&core.stats, core.clock);
            let app = App::new(app_socket, queues, core.stats.clone(), core.control_lock.clone());
            let read_buffer = SharedReadBuffer::default();
            let turns = Rc::new(Turns::new(core.clock));
            let unfinished = turns.clone();
            let topics = LocalTopics::new(core.gate.hub().clone(), number);
            let worker = Rc::new(Worker {
                core,
                meter,
                stats,
                app,
                faults,
                stopped,
                read_buffer,
                turns,
                topics,
                permits: Permits::default(),
            });
            runtime.block_on(async {
                tokio::select! {
                    () = serve(worker, arrivals, load) => {}
                    _ = cuts.wait_for(|cut| *cut) => {}
                }
            });
            unfinished.abandon();
            drop(runtime);
            // Nobody waits any more if the grace is over.
            let _ = ending.send(());
        })?;
        workers.threads.push(thread);
        workers.left += 1;
        // A thread that has ended without a word has panicked, which says enough.
        is_ready.recv().unwrap_or(Ok(()))?;
    }
    Ok(workers)
}

/// A runtime whose tasks stay on its thread, which alone can make it.
fn runtime() -> io::Result<LocalRuntime> {
    Builder::new_current_thread().enable_all().build_local(LocalOptions::default())
}

/// Serves arrivals until every handle is dropped, then until the last connection has left and no
/// large request is unfinished.
async fn serve(
    worker: Rc<Worker>,
    arrivals: queue::UnboundedReceiver<NewConnection>,
    load: Arc<Load>,
) {
    let Worker { core, meter, topics, permits, .. } = &*worker;
    tokio::select! {
        biased;
        () = topics.run() => {}
        () = permits.run(&core.gate, meter, core.clock, topics) => {}
        () = serve_connections(&worker, arrivals, load) => {}
    }
}

async fn serve_connections(
    worker: &Rc<Worker>,
    mut arrivals: queue::UnboundedReceiver<NewConnection>,
    load: Arc<Load>,
) {
    while let Some(arrival) = arrivals.recv().await {
        let (worker, counted) = (worker.clone(), ConnectionGuard(load.clone()));
        tokio::task::spawn_local(async move {
            transport::serve(worker, arrival).await;
            drop(counted);
        });
    }
    while load.connections.load(Ordering::Relaxed) > 0 {
        load.left.notified().await;
    }
    worker.turns.end().await;
}

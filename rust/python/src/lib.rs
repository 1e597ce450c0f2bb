//! The Rust side of the border: converts and forwards, decides nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use attimo_server::{
    AccountId, CAUSES, COUNT_NAMES, CacheId, Cause, Config, LimitUse, LoadError, NoReadiness,
    Readiness, Server,
};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;

mod allocator;
mod convert;
mod messages;
mod sockets;
mod usage;

/// Returns memory to the system better than the default allocator when many small values come and
/// go.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A data plane in this process.
#[pyclass(frozen, module = "attimo._core")]
struct Node {
    server: Server,
    name: String,
    batches: AtomicU64,
    message_batches: AtomicU64,
}

#[pymethods]
impl Node {
    #[new]
    fn new(settings: convert::NodeSettings) -> PyResult<Self> {
        let allocator = Arc::new(allocator::Jemalloc::begin());
        let config = Config { allocator: Some(allocator), ..settings.try_into()? };
        let server = Server::new(config);
        let server = server.map_err(|error| PyValueError::new_err(error.to_string()))?;
        let (batches, message_batches) = Default::default();
        Ok(Node { server, name: convert::fresh_name(), batches, message_batches })
    }

    /// Sets the certificate for new connections.
    fn use_certificate(&self, py: Python<'_>, chain: &str, private_key: &str) -> PyResult<()> {
        py.detach(|| self.server.use_certificate(chain, private_key))
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// Starts to serve on sockets that Python opened.
    fn start(&self, py: Python<'_>, sockets: Vec<Bound<'_, PyAny>>) -> PyResult<()> {
        let sockets = sockets::adopt(py, sockets)?;
        py.detach(|| self.server.start(sockets)).map_err(|error| {
            PyOSError::new_err((error.raw_os_error().unwrap_or_default(), error.to_string()))
        })
    }

    /// Serves a connected socket of this process, as that of a client at `peer`.
    fn connect(&self, py: Python<'_>, socket: Bound<'_, PyAny>, peer: &str) -> PyResult<()> {
        let peer = peer.parse().map_err(|_| PyValueError::new_err("peer is no IP address"))?;
        let stream = sockets::adopt_connected(py, socket)?;
        Ok(self.server.connect(stream, peer)?)
    }

    /// Stops accepting, finishes requests in progress, and returns when all threads have ended.
    fn stop(&self, py: Python<'_>, grace_seconds: f64) -> PyResult<()> {
        let grace = Duration::try_from_secs_f64(grace_seconds)
            .map_err(|error| PyValueError::new_err(format!("grace_seconds: {error}")))?;
        py.detach(|| self.server.stop(grace));
        Ok(())
    }

    /// Stops accepting, and waits; false if some connections have not finished.
    fn drain(&self, py: Python<'_>, patience_seconds: f64) -> PyResult<bool> {
        let patience = Duration::try_from_secs_f64(patience_seconds)
            .map_err(|error| PyValueError::new_err(format!("patience_seconds: {error}")))?;
        Ok(py.detach(|| self.server.drain(patience)))
    }

    /// Writes all items to a file or a socket; returns counts by name.
    fn save_items(
        &self,
        py: Python<'_>,
        file: Bound<'_, PyAny>,
        patience_seconds: f64,
    ) -> PyResult<BTreeMap<&'static str, u64>> {
        let patience = Duration::try_from_secs_f64(patience_seconds)
            .map_err(|error| PyValueError::new_err(format!("patience_seconds: {error}")))?;
        let file = sockets::adopt_file(py, file)?;
        let saved = py.detach(|| self.server.save_items(file, Instant::now() + patience))?;
        Ok(convert::saved(saved))
    }

    /// Reads items from a file or a socket; returns counts by name, and why the rest could not be
    /// read.
    fn load_items(
        &self,
        py: Python<'_>,
        file: Bound<'_, PyAny>,
    ) -> PyResult<(BTreeMap<&'static str, u64>, Option<String>)> {
        let file = sockets::adopt_file(py, file)?;
        match py.detach(|| self.server.load_items(file)) {
            Ok(loaded) => Ok(convert::loaded(loaded)),
            Err(LoadError::Unreadable(error)) => Err(error.into()),
            Err(error) => Err(PyValueError::new_err(error.to_string())),
        }
    }

    /// Holds back control requests; false if those in progress were not answered in time.
    fn hold_control(&self, py: Python<'_>, patience_seconds: f64) -> PyResult<bool> {
        let patience = Duration::try_from_secs_f64(patience_seconds)
            .map_err(|error| PyValueError::new_err(format!("patience_seconds: {error}")))?;
        Ok(py.detach(|| self.server.hold_control(patience))?)
    }

    /// Resumes control requests.
    fn release_control(&self) {
        self.server.release_control();
    }

    /// Applies changes of the directory; returns once requests use them.
    fn learn(&self, py: Python<'_>, changes: convert::Changes) -> PyResult<()> {
        let changes = changes.into();
        let learned = py.detach(|| self.server.learn(changes));
        learned.map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// Returns what was counted since the last call, or `None` if nothing was.
    fn take_usage(&self, py: Python<'_>) -> PyResult<Option<usage::Batch>> {
        let used = py.detach(|| self.server.take_usage());
        if used.is_empty() {
            return Ok(None);
        }
        let number = self.batches.fetch_add(1, Ordering::Relaxed) + 1;
        usage::Batch::new(py, self.name.clone(), number, used).map(Some)
    }

    /// Takes messages of topics with webhooks, or returns `None` if there are none after
    /// `patience_seconds`.
    fn take_messages(
        &self,
        py: Python<'_>,
        patience_seconds: f64,
    ) -> PyResult<Option<messages::MessageBatch>> {
        let patience = Duration::try_from_secs_f64(patience_seconds)
            .map_err(|error| PyValueError::new_err(format!("patience_seconds: {error}")))?;
        let batch = py.detach(|| self.server.take_messages(patience));
        if batch.is_empty() {
            return Ok(None);
        }
        let number = self.message_batches.fetch_add(1, Ordering::Relaxed) + 1;
        messages::MessageBatch::new(py, self.name.clone(), number, batch).map(Some)
    }

    /// Publishes text of the server's to a topic in each cache of an account that has it.
    fn tell(&self, py: Python<'_>, account_id: u64, topic: &str, text: String) {
        py.detach(|| self.server.tell(AccountId(account_id), topic, text));
    }

    /// What a cache stores, and what was counted for it since the start, by name.
    fn cache_stats(&self, py: Python<'_>, cache_id: u64) -> Option<BTreeMap<&'static str, u64>> {
        let stats = py.detach(|| self.server.stats_of(CacheId(cache_id)))?;
        let stored = [("items", stats.items), ("stored_bytes", stats.stored_bytes)];
        Some(COUNT_NAMES.into_iter().zip(stats.counts).chain(stored).collect())
    }

    /// Reports that a batch was recorded in the ledger, or could not be and waits.
    fn note_usage(&self, recorded: bool) {
        self.server.note_usage(recorded);
    }

    /// Reports the state of scheduled backups.
    fn note_backup(&self, interval_seconds: u64, newest: u64, failed: bool) {
        self.server.note_backup(interval_seconds, newest, failed);
    }

    /// Reports what the provider of payments has been told, and what it refuses.
    fn note_payments(&self, waiting: u64, oldest: u64, failing: u64, sent: u64, refused: u64) {
        self.server.note_payments([waiting, oldest, failing, sent, refused]);
    }

    /// Reports what waits for webhooks, and what became of deliveries.
    fn note_webhooks(&self, figures: messages::WebhookFigures) {
        self.server.note_webhooks(figures.into());
    }

    /// Reports that an account has reached a share of an allowance.
    fn note_allowance(&self, kind: &str, percent: u64) -> PyResult<()> {
        let is_known = self.server.note_allowance(kind, percent);
        is_known.then_some(()).ok_or_else(|| PyValueError::new_err(format!("{kind} {percent} %")))
    }

    /// Reports what accounts have transferred in this month, by account.
    fn note_transferred(&self, used: HashMap<u64, u64>, is_whole: bool) {
        let used = used.into_iter().map(|(account, bytes)| (AccountId(account), bytes)).collect();
        self.server.note_transferred(&used, is_whole);
    }

    /// Reports how much accounts use of limits of their plans.
    fn note_limits(&self, used: BTreeMap<String, LimitUse>) -> PyResult<()> {
        let are_known = self.server.note_limits(&used);
        are_known.then_some(()).ok_or_else(|| PyValueError::new_err("a limit is not known"))
    }

    /// Reports dropped lines of the log.
    fn note_dropped_lines(&self, lines: u64) {
        self.server.note_dropped_lines(lines);
    }

    /// Frees memory that the control plane is about to use for a short time.
    fn hold_memory(&self, py: Python<'_>, bytes: u64) {
        py.detach(|| self.server.hold_memory(bytes));
    }

    /// Ends the hold of that memory.
    fn release_memory(&self, bytes: u64) {
        self.server.release_memory(bytes);
    }

    /// Sets the readiness of the control plane, as `/ready` reports it.
    fn set_readiness(&self, readiness: &str) -> PyResult<()> {
        let readiness: Result<Readiness, NoReadiness> = readiness.parse();
        self.server.set_readiness(readiness.map_err(|no| PyValueError::new_err(no.to_string()))?);
        Ok(())
    }

    /// Waits for the next event, or for the end of the node.
    fn next_event(&self, py: Python<'_>) -> Option<convert::Event> {
        py.detach(|| self.server.next_event()).map(Into::into)
    }
}

/// All metrics of a node: name, kind, labels and help text.
#[pyfunction]
fn metrics() -> Vec<convert::Family> {
    convert::families()
}

/// All methods of the data plane, from the table of methods.
#[pyfunction]
fn methods() -> Vec<convert::Method> {
    convert::methods()
}

/// Every cause of a failed request: its word, HTTP status, `code` and gRPC status, what went wrong and
/// what the caller can do.
#[pyfunction]
fn causes() -> Vec<(&'static str, u16, &'static str, u8, &'static str, &'static str)> {
    let row = |cause: &Cause| {
        let (status, grpc) = (cause.status(), cause.grpc_status());
        (cause.err, status, cause.code, grpc, cause.meaning, cause.remedy)
    };
    CAUSES.iter().map(row).collect()
}

/// All fixed limits of the data plane, by name.
#[pyfunction]
fn limits() -> BTreeMap<&'static str, u64> {
    attimo_server::limits().into()
}

#[pyfunction]
fn counts() -> [&'static str; attimo_server::COUNTS] {
    attimo_server::COUNT_NAMES
}

#[pyfunction]
fn error_kinds() -> [&'static str; attimo_server::ERROR_KINDS.len()] {
    attimo_server::ERROR_KINDS
}

#[pymodule]
mod _core {
    #[pymodule_export]
    use super::Node;
    #[pymodule_export]
    use super::convert::Event;
    #[pymodule_export]
    use super::messages::{MessageBatch, TopicMessage};
    #[pymodule_export]
    use super::usage::{Batch, Used};
    #[pymodule_export]
    use super::{causes, counts, error_kinds, limits, methods, metrics};
}

//! A panic ends one request, or one connection, and is logged and counted.

use std::any::Any;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Once, Weak};
use std::thread;

use parking_lot::Mutex;

use super::Stats;
use super::events::Level;
use crate::error::{Error, Result};

/// Whether a thread belongs to the server. Python's threads have no name here.
fn is_ours(name: Option<&str>) -> bool {
    name.is_none_or(|name| name == "main" || name.starts_with("attimo-"))
}

static NODES: Mutex<Vec<Weak<Stats>>> = Mutex::new(Vec::new());

/// Reports every panic from now on to `stats`.
pub(crate) fn watch(stats: &Arc<Stats>) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            // Writing to standard error may block, so it is only for panics that are not logged
            // otherwise.
            if !(is_ours(thread::current().name()) && note(panic)) {
                before(panic);
            }
        }));
    });
    let mut nodes = NODES.lock();
    nodes.retain(|node| node.strong_count() > 0);
    nodes.push(Arc::downgrade(stats));
}

/// Reports a panic to all nodes of the process; false if there is none.
fn note(panic: &PanicHookInfo<'_>) -> bool {
    let at = panic.location().map(|at| format!("{}:{}", at.file(), at.line()));
    let message = format!(
        "internal error: a thread of the data plane panicked at {}: {}",
        at.as_deref().unwrap_or("an unknown place"),
        words(panic.payload())
    );
    let nodes: Vec<_> = NODES.lock().iter().filter_map(Weak::upgrade).collect();
    for stats in &nodes {
        stats.panics.fetch_add(1, Ordering::Relaxed);
        stats.events.push(Level::Error, message.clone());
    }
    !nodes.is_empty()
}

/// The panic's message if it is a literal in the source: a formatted one may contain user data.
fn words(payload: &(dyn Any + Send)) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("what it said is not shown")
}

/// Runs the work for one request; a panic fails only that request.
///
/// # Errors
///
/// Those of `work`, and [`Error::Internal`] if it panics.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // Locks are not poisoned, and what was counted or stored before the panic is kept.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Error::Internal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_fails_one_request_and_is_counted_and_logged_without_user_data() {
        let stats = Arc::new(Stats::default());
        watch(&stats);
        let secret = "canary";
        let thread = thread::Builder::new().name("attimo-test".to_owned()).spawn(move || {
            let results: [Result<()>; 3] = [
                guarded(|| panic!("no such thing")),
                guarded(|| panic!("no {secret}")),
                guarded(|| Ok(())),
            ];
            results
        });

        assert_eq!(
            thread.unwrap().join().unwrap(),
            [Err(Error::Internal), Err(Error::Internal), Ok(())]
        );
        assert_eq!(stats.panics(), 2);
        stats.events.close();
        let lines: Vec<_> = std::iter::from_fn(|| stats.events.next()).collect();
        assert!(
            lines[0].message.contains("panics.rs:") && lines[0].message.ends_with("no such thing")
        );
        assert!(!lines[1].message.contains(secret));
    }
}

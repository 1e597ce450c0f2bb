//! Turns: a connection that has much to read lets the others of its thread run in between.

use tokio::task::yield_now;

/// How many reads of a connection happen before others run: together they take some tens of
/// microseconds.
pub(super) const READS: usize = 8;

/// Counts a read, and lets others run after [`READS`] of them.
pub(super) async fn take_turns(reads: &mut usize) {
    *reads += 1;
    if reads.is_multiple_of(READS) {
        yield_now().await;
    }
}

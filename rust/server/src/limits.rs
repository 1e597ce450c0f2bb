//! What a client can reach, in numbers.

use std::time::Duration;

/// The largest request message, in bytes: what the Python, Go and Java clients allow themselves to send.
pub(crate) const REQUEST_BYTES: usize = 5_243_000;
/// The largest request of somebody who is not known (yet), in bytes: it is held in memory.
pub(crate) const STRANGER_BYTES: usize = 64 * 1024;
/// The most that one reply may bring, in bytes: what the most generous of the clients takes.
pub(crate) const REPLY_BYTES: usize = 10_486_000;
/// The most that all replies of one batch may bring, in bytes.
pub(crate) const BATCH_REPLY_BYTES: usize = 64 << 20;
/// How many members the sources of one union may have together: about a tenth of a second's work.
pub(crate) const UNION_MEMBERS: usize = 500_000;
/// How many elements one request about a leaderboard may write, remove, ask for or get.
pub(crate) const LEADERBOARD_ELEMENTS: usize = 8_192;
/// How many streams one HTTP/2 connection may have open.
pub(crate) const STREAMS_PER_CONNECTION: u32 = 2_048;
/// The largest block of request headers, in bytes as HTTP/2 counts them.
pub(crate) const HEADER_BYTES: u32 = 32 * 1024;
/// How long a new connection may take to say what it speaks, its TLS handshake included.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a request for the control plane waits for it to come up after a start.
pub(crate) const CONTROL_START: Duration = Duration::from_secs(15);
/// How long the control plane may take to answer.
pub(crate) const CONTROL_ANSWER: Duration = Duration::from_mins(1);

//! What a client can reach, in numbers.

use std::time::Duration;

/// The largest request message, in bytes: what the Python, Go and Java clients allow themselves to send.
pub(crate) const REQUEST_BYTES: usize = 5_243_000;
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

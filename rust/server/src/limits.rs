//! What a client can reach, in numbers.

use std::time::Duration;

use attimo_engine::Limits;

/// The largest request message, in bytes: what the Python, Go and Java clients allow themselves to
/// send.
pub(crate) const REQUEST_BYTES: usize = 5_243_000;
/// The largest body of an unauthenticated request, in bytes: it is held in memory.
pub(crate) const UNAUTHENTICATED_BYTES: usize = 64 * 1024;
/// The most that one reply may bring, in bytes: what the most generous of the clients takes.
pub(crate) const REPLY_BYTES: usize = 10_486_000;
/// The most that all replies of one batch may bring, in bytes.
pub(crate) const BATCH_REPLY_BYTES: usize = 64 << 20;
/// How many members the sources of one union may have together: about a tenth of a second's work.
pub(crate) const UNION_MEMBERS: usize = 500_000;
/// How many elements one request about a leaderboard may write, remove, ask for or get.
pub(crate) const LEADERBOARD_ELEMENTS: usize = 8_192;
/// How many streams one HTTP/2 connection may have open; the official clients open 100.
pub(crate) const STREAMS_PER_CONNECTION: u32 = 250;
/// How many unauthenticated requests may wait on one HTTP/2 connection.
pub(crate) const UNAUTHENTICATED_PER_CONNECTION: usize = 16;
/// How many frames that only make work (settings, pings, windows) an HTTP/2 connection may send in
/// a second, beyond one for each that asks for something and one for every 2 KiB of answers.
pub(crate) const IDLE_FRAMES_PER_SECOND: i64 = 1_000;
/// The least room for bodies that are half here and answers that are half gone, of all connections:
/// what takes half of it leaves as much to others, and the longest reply must find its half. A
/// server with more than four times as much memory has a quarter of that.
pub(crate) const ROOM_BYTES: usize = 24 << 20;
/// An answer that is shorter than this leaves without being counted there if its client takes it.
pub(crate) const AT_ONCE_BYTES: usize = 64 * 1024;
/// While a connection has more answers under way than this, its next requests wait.
pub(crate) const UNSENT_BYTES: usize = 16 << 20;
/// The largest block of request headers, in bytes as HTTP/2 counts them.
pub(crate) const HEADER_BYTES: u32 = 32 * 1024;
/// How long a new connection may take to say what it speaks, its TLS handshake included.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a connection may take for the head of its first request on HTTP/1.1.
pub(crate) const FIRST_REQUEST: Duration = Duration::from_secs(10);
/// How long the head of a request may take from its first byte to its last.
pub(crate) const HEAD: Duration = Duration::from_secs(10);
/// How long a body may take from its head to its last byte.
pub(crate) const BODY: Duration = Duration::from_mins(5);
/// How long the body of an unauthenticated request may take.
pub(crate) const UNAUTHENTICATED_BODY: Duration = Duration::from_secs(10);
/// How long a client may leave its answers unread.
pub(crate) const STALLED: Duration = Duration::from_mins(1);
/// How long a connection may be silent: longer than the 350 s for which load balancers keep theirs.
pub(crate) const IDLE: Duration = Duration::from_secs(400);
/// How long, and for how many bytes, a client may go on sending after it was refused.
pub(crate) const LINGER: Duration = Duration::from_secs(2);
pub(crate) const LINGER_BYTES: usize = 64 << 20;
/// How long a request for the control plane waits for it to come up after a start.
pub(crate) const CONTROL_START: Duration = Duration::from_secs(15);
/// How long a store elsewhere may take to answer.
pub(crate) const BACKEND_ANSWER: Duration = Duration::from_secs(2);
/// How long the control plane may take to answer.
pub(crate) const CONTROL_ANSWER: Duration = Duration::from_mins(1);
/// How many requests of one thread may wait for the control plane.
pub(crate) const CONTROL_WAITING: usize = 256;
/// How many requests for the control plane without a token are carried out at once.
pub(crate) const CONTROL_UNKNOWN: usize = 8;
/// How many such requests there may be in all, those that wait included.
pub(crate) const CONTROL_UNKNOWN_WAITING: usize = 128;
/// How many of them may come from one address of IPv4, or from one /64 of IPv6.
pub(crate) const CONTROL_UNKNOWN_OF_NETWORK: usize = 32;
/// How many file handles connections leave to the control plane, the database and the log.
pub(crate) const HANDLES_IN_RESERVE: u64 = 128;

/// Every limit of this module, and the engine's fixed ones, by name, for display. Times are in
/// seconds.
pub fn limits() -> [(&'static str, u64); 31] {
    [
        ("request_bytes", REQUEST_BYTES as u64),
        ("stranger_bytes", UNAUTHENTICATED_BYTES as u64),
        ("reply_bytes", REPLY_BYTES as u64),
        ("batch_reply_bytes", BATCH_REPLY_BYTES as u64),
        ("union_members", UNION_MEMBERS as u64),
        ("leaderboard_elements", LEADERBOARD_ELEMENTS as u64),
        ("streams_per_connection", STREAMS_PER_CONNECTION.into()),
        ("strangers_per_connection", UNAUTHENTICATED_PER_CONNECTION as u64),
        ("idle_frames_per_second", IDLE_FRAMES_PER_SECOND.unsigned_abs()),
        ("room_bytes", ROOM_BYTES as u64),
        ("at_once_bytes", AT_ONCE_BYTES as u64),
        ("unsent_bytes", UNSENT_BYTES as u64),
        ("header_bytes", HEADER_BYTES.into()),
        ("handshake", HANDSHAKE.as_secs()),
        ("first_request", FIRST_REQUEST.as_secs()),
        ("head", HEAD.as_secs()),
        ("body", BODY.as_secs()),
        ("stranger_body", UNAUTHENTICATED_BODY.as_secs()),
        ("stalled", STALLED.as_secs()),
        ("idle", IDLE.as_secs()),
        ("linger", LINGER.as_secs()),
        ("linger_bytes", LINGER_BYTES as u64),
        ("control_start", CONTROL_START.as_secs()),
        ("control_answer", CONTROL_ANSWER.as_secs()),
        ("backend_answer", BACKEND_ANSWER.as_secs()),
        ("control_waiting", CONTROL_WAITING as u64),
        ("control_unknown", CONTROL_UNKNOWN as u64),
        ("control_unknown_waiting", CONTROL_UNKNOWN_WAITING as u64),
        ("control_unknown_of_network", CONTROL_UNKNOWN_OF_NETWORK as u64),
        ("handles_in_reserve", HANDLES_IN_RESERVE),
        ("leaderboard_bytes", Limits::default().leaderboard_bytes),
    ]
}

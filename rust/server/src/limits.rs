//! The limits that clients can reach.

use std::time::Duration;

use attimo_engine::Limits;

/// The largest request message, in bytes: the default limit of the Python, Go and Java clients.
pub(crate) const REQUEST_BYTES: usize = 5_243_000;
/// The largest body of an unauthenticated request, in bytes: it is held in memory.
pub(crate) const UNAUTHENTICATED_BYTES: usize = 64 * 1024;
/// The largest reply, in bytes: the largest limit among the clients.
pub(crate) const REPLY_BYTES: usize = 10_486_000;
/// The most bytes of all replies of one batch together.
pub(crate) const BATCH_REPLY_BYTES: usize = 64 << 20;
/// The most members of all sources of one union together: they take about a tenth of a second.
pub(crate) const UNION_MEMBERS: usize = 500_000;
/// The most elements that one leaderboard request may write, remove, look up or return.
pub(crate) const LEADERBOARD_ELEMENTS: usize = 8_192;
/// The most keys in one page of a listing.
pub(crate) const PAGE_KEYS: usize = 10_000;
/// The most bytes of keys in one page, unless one key alone is longer. As JSON, text takes at most
/// six times as much, and so fits into a reply.
pub(crate) const PAGE_KEY_BYTES: usize = 1 << 20;
/// The most cells of hash tables that are visited for one page: they take about a millisecond.
pub(crate) const PAGE_CELLS: usize = 8_192;
/// The most topics in one page of a listing.
pub(crate) const PAGE_TOPICS: usize = 1_000;
/// The most open streams of one HTTP/2 connection; the official clients open 100.
pub(crate) const STREAMS_PER_CONNECTION: u32 = 250;
/// The same once the client subscribes to topics: each subscription is a stream.
pub(crate) const SUBSCRIBER_STREAMS: u32 = 1_024;
/// The longest name of a topic and the longest message to one, in bytes.
pub(crate) const TOPIC_NAME_BYTES: usize = 1_024;
pub(crate) const TOPIC_MESSAGE_BYTES: usize = 1 << 20;
/// The most topics of one stream of events, whose ids have a position in each of them.
pub(crate) const STREAM_TOPICS: usize = 32;
/// The largest message of a client on a WebSocket, in bytes: base64 takes a third more than it holds.
pub(crate) const WEB_SOCKET_MESSAGE_BYTES: usize = 2 << 20;
/// How many pings a client on a WebSocket may leave unanswered.
pub(crate) const UNANSWERED_PINGS: u32 = 3;
/// The most unauthenticated requests that may wait on one HTTP/2 connection.
pub(crate) const UNAUTHENTICATED_PER_CONNECTION: usize = 16;
/// The most frames without data (SETTINGS, PING, `WINDOW_UPDATE`) per second on one HTTP/2
/// connection, beyond one for each request and one for every 2 KiB of responses.
pub(crate) const IDLE_FRAMES_PER_SECOND: i64 = 1_000;
/// The least memory for partly received bodies and partly sent responses of all connections. A
/// reservation must leave as much free as it takes, and the longest reply must fit into half. A
/// server with more than four times as much memory uses a quarter of it.
pub(crate) const ROOM_BYTES: usize = 24 << 20;
/// A response shorter than this is not counted there if it can be sent at once.
pub(crate) const AT_ONCE_BYTES: usize = 64 * 1024;
/// While a connection has more unsent responses than this, in bytes, its next requests wait.
pub(crate) const UNSENT_BYTES: usize = 16 << 20;
/// The largest block of request headers, in bytes as HTTP/2 counts them.
pub(crate) const HEADER_BYTES: u32 = 32 * 1024;
/// How long a new connection may take for its TLS handshake and the first bytes that reveal its
/// protocol.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the head of the first HTTP/1.1 request may take.
pub(crate) const FIRST_REQUEST: Duration = Duration::from_secs(10);
/// How long the head of a request may take from its first byte to its last.
pub(crate) const HEAD: Duration = Duration::from_secs(10);
/// How long a body may take from its head to its last byte.
pub(crate) const BODY: Duration = Duration::from_mins(5);
/// How long the body of an unauthenticated request may take.
pub(crate) const UNAUTHENTICATED_BODY: Duration = Duration::from_secs(10);
/// How long a client may leave its responses unread.
pub(crate) const STALLED: Duration = Duration::from_mins(1);
/// How long a connection may be idle: longer than the 350 s after which load balancers drop it.
pub(crate) const IDLE: Duration = Duration::from_secs(400);
/// How long, and for how many bytes, the input of a client is discarded after it was refused.
pub(crate) const LINGER: Duration = Duration::from_secs(2);
pub(crate) const LINGER_BYTES: usize = 64 << 20;
/// How long a control request waits for the control plane to start.
pub(crate) const CONTROL_START: Duration = Duration::from_secs(15);
/// How long a remote store may take to answer.
pub(crate) const BACKEND_ANSWER: Duration = Duration::from_secs(2);
/// How long the control plane may take to answer.
pub(crate) const CONTROL_ANSWER: Duration = Duration::from_mins(1);
/// How many requests of one thread may wait for the control plane.
pub(crate) const CONTROL_WAITING: usize = 256;
/// How many unauthenticated control requests run at once.
pub(crate) const CONTROL_UNKNOWN: usize = 8;
/// How many unauthenticated control requests may wait or run.
pub(crate) const CONTROL_UNKNOWN_WAITING: usize = 128;
/// How many of them may come from one IPv4 address, or from one IPv6 /64.
pub(crate) const CONTROL_UNKNOWN_OF_NETWORK: usize = 32;
/// How many file handles connections leave for the control plane, the database and the log.
pub(crate) const HANDLES_IN_RESERVE: u64 = 128;

/// Every limit of this module, and the engine's fixed ones, by name. Times are in seconds.
pub fn limits() -> [(&'static str, u64); 41] {
    [
        ("request_bytes", REQUEST_BYTES as u64),
        ("stranger_bytes", UNAUTHENTICATED_BYTES as u64),
        ("reply_bytes", REPLY_BYTES as u64),
        ("batch_reply_bytes", BATCH_REPLY_BYTES as u64),
        ("union_members", UNION_MEMBERS as u64),
        ("leaderboard_elements", LEADERBOARD_ELEMENTS as u64),
        ("page_keys", PAGE_KEYS as u64),
        ("page_topics", PAGE_TOPICS as u64),
        ("page_key_bytes", PAGE_KEY_BYTES as u64),
        ("page_cells", PAGE_CELLS as u64),
        ("streams_per_connection", STREAMS_PER_CONNECTION.into()),
        ("subscriber_streams", SUBSCRIBER_STREAMS.into()),
        ("topic_name_bytes", TOPIC_NAME_BYTES as u64),
        ("topic_message_bytes", TOPIC_MESSAGE_BYTES as u64),
        ("stream_topics", STREAM_TOPICS as u64),
        ("web_socket_message_bytes", WEB_SOCKET_MESSAGE_BYTES as u64),
        ("web_socket_unanswered_pings", UNANSWERED_PINGS.into()),
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

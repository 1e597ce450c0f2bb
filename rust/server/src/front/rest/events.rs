//! Answers to who asks for a stream of events: what they have in common.
//!
//! An `EventSource` comes back by itself after a stream ends, and gives up for good after any status
//! but 200. So what will pass, such as a limit that is met, is told in a stream that ends at once.

use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};

use super::paths;
use crate::message::{Headers, Parts, Response};

const KIND: &str = "text/event-stream";
/// Asks proxies not to hold anything back, and not to compress.
const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_TYPE, HeaderValue::from_static(KIND)),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
];
/// The end of an event.
pub(super) const BLANK_LINE: &[u8] = b"\n\n";

/// Whether the client asks for a stream of events.
pub(super) fn is_wanted(parts: &Parts) -> bool {
    let accepted = parts.headers.get_all(header::ACCEPT);
    let mut kinds = accepted.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    kinds.any(|kind| {
        let name = kind.split(|byte| *byte == b';').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(KIND.as_bytes())
    })
}

/// The headers of a stream.
pub(super) fn headers() -> Headers {
    Headers::from_iter(HEADERS)
}

/// A stream that begins with this.
pub(super) fn response(body: Bytes) -> Response {
    Response { headers: headers(), ..Response::new(body) }
}

/// The response to a request for events: what will pass is told in a stream.
pub(super) fn or_event(parts: &Parts, answer: Response) -> Response {
    let passes =
        matches!(answer.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if !passes || !paths::is_of_topic(&parts.target) || !is_wanted(parts) {
        return answer;
    }
    let seconds = answer.headers.get(header::RETRY_AFTER).and_then(|it| it.to_str().ok());
    let seconds: u64 = seconds.and_then(|it| it.parse().ok()).unwrap_or(1);
    let retry = format!("retry: {}\n", seconds.saturating_mul(1_000));
    response([retry.as_bytes(), &end(&answer.body)].concat().into())
}

/// The event that ends a stream, with a problem document.
pub(super) fn end(problem: &[u8]) -> Bytes {
    [b"event: end\ndata: ", problem, BLANK_LINE].concat().into()
}

//! Answers to requests for a stream of events: what they have in common.
//!
//! An `EventSource` comes back by itself after a stream ends, and gives up for good after any status
//! but 200. So what will pass, such as a limit that is met, is told in a stream that ends at once.

use std::borrow::Cow;
use std::fmt::Display;

use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};

use super::paths;
use super::query::Query;
use crate::clock::Now;
use crate::error::Result;
use crate::message::{Headers, Parts, Response};

const KIND: &str = "text/event-stream";
/// Asks proxies not to hold anything back, and not to compress.
const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_TYPE, HeaderValue::from_static(KIND)),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
];
/// What a browser sends when it comes back: the id of the last event.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// A second, in milliseconds.
const SECOND: u64 = 1_000;
/// The longest time after which to come back, in seconds: a limit that is met until the next month
/// may be raised at any time.
const LONGEST_RETRY: u64 = 60;
/// The end of an event.
pub(super) const BLANK_LINE: &[u8] = b"\n\n";

/// Whether the client asks for a stream of events.
pub(super) fn is_wanted(parts: &Parts) -> bool {
    let accepted = parts.headers.get_all(header::ACCEPT);
    let mut kinds = accepted.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    kinds.any(|kind| {
        let mut parts = kind.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        name.eq_ignore_ascii_case(KIND.as_bytes()) && !parts.any(is_zero)
    })
}

/// Whether a parameter is a weight of 0, which means "not acceptable" (RFC 9110 §12.4.2).
fn is_zero(parameter: &[u8]) -> bool {
    let weight = parameter.strip_prefix(b"q=").or_else(|| parameter.strip_prefix(b"Q="));
    weight.is_some_and(|it| it.starts_with(b"0") && it.iter().all(|byte| b"0.".contains(byte)))
}

/// The headers of a stream.
pub(super) fn headers() -> Headers {
    Headers::from_iter(HEADERS)
}

/// A stream that begins with this.
pub(super) fn response(body: Bytes) -> Response {
    Response { headers: headers(), ..Response::new(body) }
}

/// The id of the last event that the client has seen, if it has seen one: that of the browser, which
/// is newer than that in the URL.
///
/// # Errors
///
/// [`crate::error::Error::Invalid`] if the URL has two.
pub(super) fn last_id<'a, 'q: 'a>(
    parts: &'a Parts,
    query: &Query<'q>,
) -> Result<Option<Cow<'a, str>>> {
    let given = query.text("last_event_id")?;
    let sent = parts.headers.get(LAST_EVENT_ID).map(|id| String::from_utf8_lossy(id.as_bytes()));
    Ok(sent.filter(|id| !id.is_empty()).or(given).filter(|id| !id.is_empty()))
}

/// The field that tells a browser to come back after so many seconds, or up to one more, so that not
/// all come at once.
pub(super) fn retry(seconds: u64, now: Now) -> String {
    format!("retry: {}\n", seconds.min(LONGEST_RETRY) * SECOND + now.micros % SECOND)
}

/// The response to a request for events: what will pass is told in a stream.
pub(super) fn or_event(parts: &Parts, answer: Response, now: Now) -> Response {
    let passes =
        matches!(answer.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if !passes || !paths::is_of_topic(&parts.target) || !is_wanted(parts) {
        return answer;
    }
    let seconds = answer.headers.get(header::RETRY_AFTER).and_then(|it| it.to_str().ok());
    let seconds: u64 = seconds.and_then(|it| it.parse().ok()).unwrap_or(1);
    // An event without an id makes a browser forget the one that it knows.
    let id = Query::of(&parts.target).and_then(|query| last_id(parts, &query));
    let id = id.ok().flatten().filter(|id| may_be_id(id)).unwrap_or_default();
    response([retry(seconds, now).as_bytes(), &end(id, &answer.body)].concat().into())
}

/// Whether this has only what ids are made of, hence no end of a line.
fn may_be_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b"-,".contains(&byte))
}

/// The event that ends a stream at this id, with a problem document.
pub(super) fn end(id: impl Display, problem: &[u8]) -> Bytes {
    let head = format!("event: end\nid: {id}\ndata: ");
    [head.as_bytes(), problem, BLANK_LINE].concat().into()
}

#[cfg(test)]
mod tests {
    use attimo_engine::Moment;

    use super::*;

    #[test]
    fn a_browser_comes_back_within_a_minute_however_long_a_limit_is_met() {
        let now = Now { moment: Moment(0), micros: 7_000_567, epoch_seconds: 0 };

        assert_eq!(retry(1, now), "retry: 1567\n");
        assert_eq!(retry(u64::MAX, now), "retry: 60567\n");
    }
}

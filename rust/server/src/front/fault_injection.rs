//! Faults that a test requests by metadata, on a `--local` server only.
//!
//! The headers are those of Momento's own local server: `request-id` names a
//! session that counts for itself, `error-rpcs` and `delay-rpcs` name methods in
//! kebab case, `error-count` and `delay-count` say how many calls are hit, and
//! `stream-error-message-limit` after how many messages a stream ends.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::sleep;

use super::grpc::code::Code;
use crate::message::Headers;

/// How many sessions are counted; beyond that the counts start afresh.
const SESSIONS: usize = 10_000;

/// What has been injected so far, for all threads.
#[derive(Default)]
pub(crate) struct Faults(Mutex<HashMap<(String, &'static str, String), u64>>);

impl Faults {
    /// Waits if the request asks for a delay, then returns the error that it asks for.
    pub(crate) async fn inject(&self, method: &str, headers: &Headers) -> Option<Code> {
        let rpc = rpc_name(method);
        if self.hits(headers, &rpc, "delay-rpcs", "delay-count") {
            let delay = number(headers, "delay-ms").unwrap_or(0);
            sleep(Duration::from_millis(delay)).await;
        }
        let code = code(headers, "return-error")?;
        self.hits(headers, &rpc, "error-rpcs", "error-count").then_some(code)
    }

    fn hits(&self, headers: &Headers, rpc: &str, rpcs: &'static str, count: &str) -> bool {
        let named = names(headers, rpcs, rpc);
        let Some(limit) = number(headers, count).filter(|_| named) else { return named };
        let session = text(headers, "request-id").unwrap_or_default().to_owned();
        let mut counts = self.0.lock();
        if counts.len() >= SESSIONS {
            counts.clear();
        }
        let hits = counts.entry((session, rpcs, rpc.to_owned())).or_default();
        *hits += 1;
        *hits <= limit
    }
}

/// With which error a stream ends, and after how many messages, if the request asks for that.
pub(crate) fn stream_error(method: &str, headers: &Headers) -> Option<(Code, u64)> {
    let code = code(headers, "stream-error")?;
    let after = number(headers, "stream-error-message-limit").unwrap_or(0);
    names(headers, "stream-error-rpcs", &rpc_name(method)).then_some((code, after))
}

fn names(headers: &Headers, rpcs: &str, rpc: &str) -> bool {
    text(headers, rpcs).is_some_and(|rpcs| rpcs.split(' ').any(|name| name == rpc))
}

fn code(headers: &Headers, name: &str) -> Option<Code> {
    code_called(text(headers, name)?)
}

fn text<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn number(headers: &Headers, name: &str) -> Option<u64> {
    text(headers, name)?.parse().ok()
}

/// `KeysExist` → `keys-exist`; some methods go by other names.
fn rpc_name(method: &str) -> String {
    match method {
        "SetIfNotExists" => return "set-if".to_owned(),
        "ListErase" => return "list-remove".to_owned(),
        "Publish" => return "topic-publish".to_owned(),
        "Subscribe" => return "topic-subscribe".to_owned(),
        _ => {}
    }
    let mut name = String::with_capacity(method.len() + 4);
    for (i, letter) in method.char_indices() {
        if letter.is_ascii_uppercase() && i > 0 {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

fn code_called(name: &str) -> Option<Code> {
    Some(match name {
        "cancelled" => Code::Cancelled,
        "unknown" => Code::Unknown,
        "invalid-argument" => Code::InvalidArgument,
        "deadline-exceeded" => Code::DeadlineExceeded,
        "not-found" => Code::NotFound,
        "already-exists" => Code::AlreadyExists,
        "permission-denied" => Code::PermissionDenied,
        "resource-exhausted" => Code::ResourceExhausted,
        "failed-precondition" => Code::FailedPrecondition,
        "internal" => Code::Internal,
        "unavailable" => Code::Unavailable,
        "unauthenticated" => Code::Unauthenticated,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use http::header::HeaderName;

    use super::*;

    #[test]
    fn methods_have_the_names_that_tests_use() {
        assert_eq!(rpc_name("Get"), "get");
        assert_eq!(rpc_name("ItemGetTtl"), "item-get-ttl");
        assert_eq!(rpc_name("SetIfNotExists"), "set-if");
        assert_eq!(rpc_name("Subscribe"), "topic-subscribe");
    }

    #[test]
    fn only_the_first_calls_of_a_session_are_hit_when_a_count_is_given() {
        let faults = Faults::default();
        let mut headers = Headers::default();
        for (name, value) in [("request-id", "a"), ("error-rpcs", "get set"), ("error-count", "2")]
        {
            headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        let hits = |rpc| faults.hits(&headers, rpc, "error-rpcs", "error-count");

        assert_eq!([hits("get"), hits("get"), hits("get"), hits("set")], [true, true, false, true]);
        assert!(!hits("delete"));
    }
}

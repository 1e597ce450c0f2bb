//! Errors over HTTP: a status, and JSON with the members of RFC 9457 (`status`, `title`,
//! `detail`) beside `code`, `message` (the same as `detail`), `momento_code` and `err`, the word for
//! the cause.
//!
//! The media type stays `application/json`: clients of the reference test for it.

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use serde::Serialize;

use crate::error::Error;
use crate::front::cause::{self, Cause};
use crate::message::{Headers, Response};
use crate::methods::Verb;
use crate::plan::Exceeded;

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// `retry-after` of a 429 or 503 in seconds, unless a limit tells it.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");
const CHALLENGE_TEXT: &str = r#"Bearer realm="attimo""#;
const CHALLENGE: HeaderValue = HeaderValue::from_static(CHALLENGE_TEXT);
const BASIC: HeaderValue = HeaderValue::from_static(r#"Basic realm="attimo", charset="UTF-8""#);

#[derive(Serialize)]
struct Problem<'a> {
    status: u16,
    title: &'a str,
    detail: &'a str,
    code: &'a str,
    message: &'a str,
    momento_code: String,
    err: &'a str,
}

/// The response of `error`.
pub(crate) fn response(error: &Error) -> Response {
    if let Error::Limited(met) = error {
        let cause = error.into();
        return limited(*met, document(&cause, &error.to_string()));
    }
    let mut response = problem(&error.into(), &error.to_string());
    let remedy = match error {
        Error::Unauthenticated(why) => Some((header::WWW_AUTHENTICATE, of_wrong_token(why))),
        // RFC 9110 §15.5.16: what would have been taken.
        Error::Compressed => Some((header::ACCEPT_ENCODING, IDENTITY)),
        Error::MediaType(_) => Some((header::ACCEPT, JSON)),
        _ => None,
    };
    if let Some((name, value)) = remedy {
        response.headers.insert(name, value);
    }
    response
}

/// The response for a limit that is met, with the body that says so.
pub(super) fn limited(met: Exceeded, body: Bytes) -> Response {
    let mut response = json(StatusCode::TOO_MANY_REQUESTS, body);
    if met.retry_after > 1 {
        response.headers.insert(header::RETRY_AFTER, met.retry_after.into());
    }
    response
}

/// Offers `Basic`, too: encoders send the password of their URL only after a challenge. Not to
/// browsers, which would prompt their users for a password.
pub(crate) fn offer_basic(headers: &mut Headers) {
    headers.append(header::WWW_AUTHENTICATE, BASIC);
}

/// Adds a challenge that gives no reason for the refusal.
pub(crate) fn challenge(headers: &mut Headers) {
    if !headers.contains_key(header::WWW_AUTHENTICATE) {
        headers.insert(header::WWW_AUTHENTICATE, CHALLENGE);
    }
}

/// RFC 6750 §3: a credential was sent, and is invalid.
fn of_wrong_token(why: &str) -> HeaderValue {
    let text = format!(r#"{CHALLENGE_TEXT}, error="invalid_token", error_description="{why}""#);
    HeaderValue::try_from(text).unwrap_or(CHALLENGE)
}

/// The response for a missing key: too frequent to be built each time.
pub(crate) fn key_not_found() -> Response {
    const BODY: &[u8] = br#"{"status":404,"title":"Key Not Found","detail":"Key Not Found","code":"not_found","message":"Key Not Found","momento_code":"NotFound","err":"key_not_found"}"#;
    json(StatusCode::NOT_FOUND, Bytes::from_static(BODY))
}

/// The response for a condition that does not hold.
pub(crate) fn condition_failed() -> Response {
    let message = "the item is not as If-Match or If-None-Match wants it";
    problem(&cause::CONDITION, message)
}

/// The response for an unknown path below a cache.
pub(crate) fn no_such_path() -> Response {
    problem(&cause::PATH_NOT_FOUND, "there is nothing at this path")
}

/// The 405 response, with the methods that the path has.
pub(super) fn not_allowed(method: &Method, verbs: impl Iterator<Item = Verb>) -> Response {
    let allowed = verbs.map(Verb::allowed).collect::<Vec<_>>().join(", ");
    let message = format!("{method} is not allowed here. Allowed: {allowed}");
    let mut response = problem(&cause::METHOD_NOT_ALLOWED, &message);
    let allowed = HeaderValue::try_from(allowed).expect("names of methods are visible");
    response.headers.insert(header::ALLOW, allowed);
    response
}

/// The response for a cause; the message tells more of it.
pub(crate) fn problem(cause: &Cause, message: &str) -> Response {
    json(cause.status, document(cause, message))
}

fn document(cause: &Cause, message: &str) -> Bytes {
    let title = if *cause == cause::CACHE_NOT_FOUND {
        "Cache Not Found"
    } else {
        cause.status.canonical_reason().unwrap_or_default()
    };
    let problem = Problem {
        status: cause.status(),
        title,
        detail: message,
        code: cause.code,
        message,
        momento_code: of_momento(cause.code),
        err: cause.err,
    };
    serde_json::to_vec(&problem).unwrap_or_default().into()
}

/// What Momento's API of keys and roles has in `code` where we have this; the control plane forms
/// it in the same way.
fn of_momento(code: &str) -> String {
    if code == "invalid_argument" {
        return "Bad Request".to_owned();
    }
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    code.split('_').map(capital).collect()
}

fn json(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::of(status, body);
    response.headers.insert(header::CONTENT_TYPE, JSON);
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        response.headers.insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    if status == StatusCode::UNAUTHORIZED {
        challenge(&mut response.headers);
    }
    response
}

#[cfg(test)]
mod tests {
    use attimo_engine as engine;

    use super::*;

    #[test]
    fn who_asks_too_often_is_told_when_to_come_again() {
        let busy = problem(&cause::OPERATIONS, "busy");

        assert_eq!(busy.headers[header::RETRY_AFTER], "1");
        assert!(!key_not_found().headers.contains_key(header::RETRY_AFTER));
    }

    #[test]
    fn an_error_bears_the_members_of_a_problem_beside_its_code_and_message() {
        let member = |response: Response, name: &str| {
            let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
            body[name].clone()
        };
        for (error, title) in [
            (Error::NoSuchCache, "Cache Not Found"),
            (Error::Unavailable, "Service Unavailable"),
            (Error::Unauthenticated("why"), "Unauthorized"),
        ] {
            let status = response(&error).status.as_u16();
            assert_eq!(member(response(&error), "status"), status);
            assert_eq!(member(response(&error), "title"), title);
            for name in ["detail", "message"] {
                assert_eq!(member(response(&error), name), error.to_string());
            }
        }
        for name in ["title", "detail", "message"] {
            assert_eq!(member(key_not_found(), name), "Key Not Found");
        }
        assert_eq!(member(key_not_found(), "status"), cause::KEY_NOT_FOUND.status());
        assert_eq!(member(key_not_found(), "err"), cause::KEY_NOT_FOUND.err);
        assert_eq!(member(key_not_found(), "momento_code"), of_momento("not_found"));
    }

    #[test]
    fn a_code_of_momento_has_its_words_as_one_and_one_that_is_its_own() {
        for (ours, theirs) in [
            ("invalid_argument", "Bad Request"),
            ("not_found", "NotFound"),
            ("failed_precondition", "FailedPrecondition"),
            ("unavailable", "Unavailable"),
        ] {
            assert_eq!(of_momento(ours), theirs);
        }
    }

    #[test]
    fn what_is_too_large_names_the_limit_that_was_met() {
        let body = |error| {
            let answer = response(&Error::Engine(error));
            assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
            String::from_utf8(answer.body.into()).unwrap()
        };

        let (item, element) =
            (engine::Error::ItemTooLarge { limit: 5 }, engine::Error::ElementTooLarge { limit: 5 });
        assert!(body(item).contains("item_size_limit_exceeded"));
        assert!(body(element).contains("element_size_limit_exceeded"));
    }
}

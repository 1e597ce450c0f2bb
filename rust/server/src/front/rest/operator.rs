//! `/health`, `/ready` and `/metrics`, for the programs of an operator. None needs a token or the
//! control plane.

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, StatusCode};

use tokio::task::spawn_blocking;

use super::paths::READY;
use super::status;
use crate::error::{Error, Result};
use crate::front::client::Client;
use crate::message::{Parts, Response};
use crate::methods::Verb;
use crate::metrics::{Audience, Format};
use crate::protocol::Protocol;
use crate::stats::Readiness;

const NOT_HERE: Error = Error::denied(
    "metrics are for programs on the server's own machine, and on a listener with ?only=health",
);
const OFF: Error = Error::NotOffered("/metrics");

/// Answers liveness, or readiness for all requests or for data requests.
pub(super) fn answer(client: &Client, parts: &Parts) -> Response {
    if Verb::of(&parts.method) != Some(Verb::Get) {
        return status::not_allowed(&parts.method, [Verb::Get].into_iter());
    }
    if parts.target.path() == READY {
        return ready(readiness(client), asks_for_data(parts.target.query().unwrap_or_default()));
    }
    json(
        StatusCode::OK,
        concat!(r#"{"status":"ok","version":""#, env!("CARGO_PKG_VERSION"), r#""}"#),
    )
}

/// The readiness of a server that stops.
const DRAINING: &str = "draining";

/// Whether the query has the name `data`: then readiness covers data requests only.
fn asks_for_data(query: &str) -> bool {
    query.split('&').any(|pair| pair.split('=').next() == Some("data"))
}

/// What prevents serving, or `ready`.
fn readiness(client: &Client) -> &'static str {
    if *client.worker.stopped.borrow() {
        return DRAINING;
    }
    client.worker.core.stats.readiness.get().name()
}

fn is_ready(readiness: &str) -> bool {
    readiness == Readiness::Ready.name()
}

fn ready(readiness: &'static str, for_data: bool) -> Response {
    let is_ready = is_ready(readiness) || (for_data && readiness != DRAINING);
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &format!(r#"{{"status":"{readiness}"}}"#))
}

/// Answers with the metrics page, if the caller may read it.
pub(super) async fn metrics(client: &Client, parts: &Parts) -> Response {
    if Verb::of(&parts.method) != Some(Verb::Get) {
        return status::not_allowed(&parts.method, [Verb::Get].into_iter());
    }
    let answered = match admit(client, parts) {
        Ok(()) => gathered(client, parts).await,
        Err(error) => Err(error),
    };
    answered.unwrap_or_else(|error| status::response(&error))
}

fn admit(client: &Client, parts: &Parts) -> Result<()> {
    // A listener for health and metrics alone serves any address.
    let is_for_watching = client.listener.offers.is_only(Protocol::Health);
    match client.worker.core.metrics.audience {
        Audience::Off => Err(OFF),
        Audience::Loopback if !is_for_watching && !client.is_of_this_machine(parts) => {
            Err(NOT_HERE)
        }
        _ => Ok(()),
    }
}

async fn gathered(client: &Client, parts: &Parts) -> Result<Response> {
    let accept = parts.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let format = Format::accepted(accept.unwrap_or_default());
    let mut response = if parts.method == Method::HEAD {
        Response::without_content()
    } else {
        let (core, ready) = (client.worker.core.clone(), is_ready(readiness(client)));
        // On another thread, so that other clients of this one do not wait.
        let page = spawn_blocking(move || core.metrics_page(format, ready)).await;
        Response::new(Bytes::from(page.map_err(|_| Error::Internal)?))
    };
    let kind = HeaderValue::from_static(format.media_type());
    response.headers.insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

fn json(status: StatusCode, text: &str) -> Response {
    let mut response = Response::of(status, Bytes::copy_from_slice(text.as_bytes()));
    response.headers.insert(header::CONTENT_TYPE, status::JSON);
    response.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_ready_server_says_so() {
        let answer = |word, for_data| {
            let response = ready(word, for_data);
            (response.status.as_u16(), String::from_utf8(response.body.to_vec()).unwrap())
        };
        assert_eq!(answer("ready", false), (200, r#"{"status":"ready"}"#.to_owned()));
        for word in ["starting", "read-only", DRAINING] {
            assert_eq!(answer(word, false), (503, format!(r#"{{"status":"{word}"}}"#)));
        }
        for (word, status) in
            [("ready", 200), ("starting", 200), ("read-only", 200), (DRAINING, 503)]
        {
            assert_eq!(answer(word, true), (status, format!(r#"{{"status":"{word}"}}"#)));
        }
    }

    #[test]
    fn only_a_name_in_the_query_asks_for_data() {
        assert!(["data", "data=", "data=1", "a=b&data"].into_iter().all(asks_for_data));
        assert!(!["", "database", "a=data", "Data"].into_iter().any(asks_for_data));
    }
}

//! What a request is answered with if it fails.

use http::StatusCode;
use http::header::{self, HeaderValue};

use super::status;
use crate::error::{Error, Result};
use crate::front::client::Client;
use crate::front::request_id::REQUEST_ID;
use crate::message::{Headers, Parts, Response};
use crate::stats::Via;

/// The answer, or the problem document of the error; internal errors are logged.
pub(super) fn or_problem(client: &Client, parts: &Parts, answered: Result<Response>) -> Response {
    answered.unwrap_or_else(|error| {
        let mut response = refused(client, &error);
        if error == Error::Internal {
            response.headers.insert(REQUEST_ID, client.log_internal_error(&parts.headers));
        }
        if response.status == StatusCode::UNAUTHORIZED && !is_from_a_browser(&parts.headers) {
            status::offer_basic(&mut response.headers);
        }
        response
    })
}

/// Whether a browser sent the request. Over plaintext, browsers leave out `Sec-Fetch-Mode`.
fn is_from_a_browser(headers: &Headers) -> bool {
    let agent = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes);
    headers.contains_key("sec-fetch-mode")
        || headers.contains_key(header::ORIGIN)
        || agent.is_some_and(|agent| agent.starts_with(b"Mozilla/"))
}

/// The response of `error`, which is counted.
pub(crate) fn refused(client: &Client, error: &Error) -> Response {
    let response = match error {
        Error::Limited(met) => client.limited.response(*met),
        error => status::response(error),
    };
    client.worker.stats.failed(Via::Http, response.status.as_u16());
    response
}

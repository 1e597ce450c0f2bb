//! What a listener is not for is refused, or sent to where TLS is spoken.

use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderValue};
use http::uri::PathAndQuery;

use super::{paths, status};
use crate::error::Error;
use crate::front::client::Client;
use crate::message::{Parts, Response};
use crate::protocol::Protocol;

const CHALLENGE: &str = "/.well-known/acme-challenge/";

/// The answer to a request that this listener is not for; `None` if it is.
pub(super) fn refusal(client: &Client, parts: &Parts) -> Option<Response> {
    let path = parts.uri.path();
    if client.offers(Protocol::Http)
        || client.offers(Protocol::Health) && paths::PATHS.contains(&path)
        || client.offers(Protocol::Acme) && path.starts_with(CHALLENGE)
    {
        return None;
    }
    let elsewhere = client.offers(Protocol::Acme).then(|| redirect(client, parts)).flatten();
    Some(elsewhere.unwrap_or_else(|| status::response(&Error::NotOffered("this"))))
}

/// Sends a client to the same page with TLS, if there is TLS. Where that is, the settings say: the
/// host that the client named may be anybody's.
fn redirect(client: &Client, parts: &Parts) -> Option<Response> {
    let there = client.listener.https.as_ref()?;
    let page = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let page = if page.starts_with('/') { page } else { "/" };
    let location = format!("https://{there}{page}");
    let mut response = Response::of(StatusCode::PERMANENT_REDIRECT, Bytes::new());
    response.headers.insert(header::LOCATION, HeaderValue::from_str(&location).ok()?);
    Some(response)
}

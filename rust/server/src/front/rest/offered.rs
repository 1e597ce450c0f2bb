//! Refuses requests that a listener does not offer, or redirects them to TLS.

use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderValue};

use super::{paths, status};
use crate::error::Error;
use crate::front::client::Client;
use crate::message::{Parts, Response};
use crate::protocol::Protocol;

const CHALLENGE: &str = "/.well-known/acme-challenge/";

/// The answer to a request that this listener does not offer; `None` if it does.
pub(super) fn refusal(client: &Client, parts: &Parts) -> Option<Response> {
    let path = parts.target.path();
    if client.offers(Protocol::Http)
        || client.offers(Protocol::Health) && paths::PATHS.contains(&path)
        || client.offers(Protocol::Acme) && path.starts_with(CHALLENGE)
    {
        return None;
    }
    let elsewhere = client.offers(Protocol::Acme).then(|| redirect(client, parts)).flatten();
    Some(elsewhere.unwrap_or_else(|| status::response(&Error::NotOffered("this"))))
}

/// Redirects a client to the same page with TLS, if there is TLS. The host comes from the settings,
/// since that in the request cannot be trusted.
fn redirect(client: &Client, parts: &Parts) -> Option<Response> {
    let there = client.listener.https.as_ref()?;
    let page = parts.target.path_and_query();
    let page = if page.starts_with('/') { page } else { "/" };
    let location = format!("https://{there}{page}");
    let mut response = Response::of(StatusCode::PERMANENT_REDIRECT, Bytes::new());
    response.headers.insert(header::LOCATION, HeaderValue::from_str(&location).ok()?);
    Some(response)
}

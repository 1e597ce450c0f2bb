//! `GET|PUT|DELETE /cache/{cache}?key=…`: single values for whoever has an HTTP client.

use std::borrow::Cow;

use attimo_engine::commands::scalar::{Delete, Set};
use attimo_engine::{Found, Ttl};
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use percent_encoding::percent_decode_str;

use super::query::Query;
use super::status;
use crate::api::Api;
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::front::Visit;
use crate::gate::Call;
use crate::stats::{Class, Via};

/// base64url, with or without padding: clients differ.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
const MILLISECONDS: u64 = 1_000;

/// Answers a request for the cache called `name`, as it stands in the path.
///
/// # Errors
///
/// [`Error`], which the caller turns into a response.
pub(super) fn answer(
    visit: &Visit,
    parts: &Parts,
    name: &str,
    body: Result<Bytes>,
    now: Now,
) -> Result<Response<Bytes>> {
    let query = Query::of(&parts.uri)?;
    let credential = super::credential(visit, parts, query.token.as_deref())?;
    let cache: Cow<'_, [u8]> = percent_decode_str(name).into();
    let (gate, meter) = (&visit.worker.core.gate, &visit.worker.meter);
    let pass = visit.passes.borrow_mut().pass(gate, meter, credential, &cache, now)?;
    let api = match parts.method {
        Method::GET | Method::HEAD => Api::Get,
        Method::PUT => Api::Set,
        Method::DELETE => Api::Delete,
        _ => return Err(Error::Unimplemented(format!("{} on a cache", parts.method))),
    };
    let mut call = gate.call(&pass, api, now);
    let response = call.begin().and_then(|()| run(&mut call, api, &query, body));
    call.finish(response.is_err());
    visit.worker.stats.answered(Via::Http, api, now, Class::of(&response));
    response
}

fn run(
    call: &mut Call<'_>,
    api: Api,
    query: &Query<'_>,
    body: Result<Bytes>,
) -> Result<Response<Bytes>> {
    let key = key(query)?;
    match api {
        Api::Set => {
            let (value, ttl) = (body?, ttl(query)?);
            let bytes_in = key.len() + value.len();
            call.run(bytes_in, Set { key: &key, value: (&value).into(), ttl })?;
            Ok(no_content())
        }
        Api::Delete => {
            call.run(key.len(), Delete { key: &key })?;
            Ok(no_content())
        }
        _ => {
            let value = call.get(&key, |found: Found<'_>| found.to_bytes())?;
            Ok(value.map_or_else(status::key_not_found, found))
        }
    }
}

fn key<'a>(query: &'a Query<'_>) -> Result<Cow<'a, [u8]>> {
    match (&query.key, &query.key_base64) {
        (Some(key), None) => Ok(key.as_slice().into()),
        (None, Some(key)) => {
            let key = BASE64.decode(key.as_bytes());
            key.map(Cow::from).map_err(|_| Error::Malformed("key_base64 is not base64url"))
        }
        (Some(_), Some(_)) => Err(Error::Malformed("give key or key_base64, not both")),
        (None, None) => Err(Error::Malformed("give the key as key or as key_base64")),
    }
}

fn ttl(query: &Query<'_>) -> Result<Ttl> {
    let text = query.ttl_seconds.as_deref().ok_or(Error::Malformed("ttl_seconds is missing"))?;
    let seconds: u64 =
        text.parse().ok().filter(|seconds| *seconds > 0).ok_or(Error::Malformed(
            "ttl_seconds must be a whole number of seconds, more than 0",
        ))?;
    Ok(Ttl(seconds.saturating_mul(MILLISECONDS)))
}

fn no_content() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn found(value: Bytes) -> Response<Bytes> {
    let mut response = Response::new(value);
    // What Momento documents is "octet-stream", which is no media type; this is the one it means.
    let binary = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, binary);
    response
}

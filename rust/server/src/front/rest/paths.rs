//! Which paths are answered by this node, and which by the control plane.

use std::borrow::Cow;

use http::Method;
use memchr::memchr;
use percent_encoding::percent_decode_str;

use crate::message::{Parts, Target};
use crate::methods::{Api, Length, Verb};

/// The prefix of paths about one cache.
pub(super) const CACHE: &str = "/cache/";
/// The prefix of paths about one topic.
pub(super) const TOPICS: &str = "/topics/";
pub(super) const HEALTH: &str = "/health";
pub(super) const READY: &str = "/ready";
pub(super) const METRICS: &str = "/metrics";
/// The path by which any credential, a disposable token included, asks about itself.
const WHOAMI: &str = "/whoami";
/// The prefix of the console's pages, whose bodies are forms. Nothing else reads forms, which pages of
/// other sites can send without asking (Fetch, "CORS-safelisted request-header").
const PAGES: &str = "/console/";
/// The paths for operators.
pub(super) const PATHS: [&str; 3] = [HEALTH, READY, METRICS];
/// RFC 9112 §3.2: other implementations read such bytes as other characters, or as the end of the
/// URL.
pub(crate) const NOT_ASCII: &str = "the URL holds bytes that are not ASCII: percent-encode them";

/// Whether the request is for the data plane.
pub(crate) fn is_data(target: &Target) -> bool {
    is_of_cache(target) || is_answered(target.path())
}

/// Whether the request is about a cache.
pub(crate) fn is_of_cache(target: &Target) -> bool {
    target.path().starts_with(CACHE)
}

/// Whether the request is about a topic.
pub(crate) fn is_of_topic(target: &Target) -> bool {
    target.path().starts_with(TOPICS)
}

/// Whether the request publishes to a topic.
pub(crate) fn is_publish(parts: &Parts) -> bool {
    parts.method == Method::POST && is_of_topic(&parts.target)
}

/// The name of the cache that a path is about, decoded.
pub(crate) fn cache(target: &Target) -> Option<Cow<'_, [u8]>> {
    let path = target.path().strip_prefix(CACHE)?;
    Some(decoded(path.split_once('/').map_or(path, |(name, _)| name)))
}

/// Percent-decodes a part of a path; copies only if something is encoded.
pub(super) fn decoded(part: &str) -> Cow<'_, [u8]> {
    match memchr(b'%', part.as_bytes()) {
        Some(_) => percent_decode_str(part).into(),
        None => Cow::Borrowed(part.as_bytes()),
    }
}

/// Whether a request may take long.
pub(crate) fn length(parts: &Parts) -> Length {
    if parts.target.query().is_none() && parts.method != Method::POST {
        // All others name an item by their path.
        return Length::Short;
    }
    let path = parts.target.path().strip_prefix(CACHE);
    let below = path.and_then(|path| Some(&path[memchr(b'/', path.as_bytes())? + 1..]));
    let (Some(below), Some(verb)) = (below, Verb::of(&parts.method)) else {
        return Length::Short;
    };
    Api::length_at(verb, below)
}

/// Whether it needs no authentication.
pub(crate) fn is_public(target: &Target) -> bool {
    is_answered(target.path())
}

/// Whether the path is answered at once by `operator::answer`.
pub(super) fn is_answered(path: &str) -> bool {
    path == HEALTH || path == READY
}

/// Whether the path is that of the metrics, which take a moment to gather.
pub(super) fn is_metrics(path: &str) -> bool {
    path == METRICS
}

/// Whether the path is that of a page of the console.
pub(super) fn is_page(path: &str) -> bool {
    path.starts_with(PAGES)
}

/// Whether the path is that of a credential that asks about itself.
pub(super) fn is_whoami(path: &str) -> bool {
    path == WHOAMI
}

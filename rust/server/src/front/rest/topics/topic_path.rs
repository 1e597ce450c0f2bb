//! Which topic a path is about.

use memchr::memchr;
use percent_encoding::percent_decode_str;

use super::super::{paths, status};
use crate::error::{Error, Result};
use crate::message::{Parts, Response};
use crate::methods::Verb;

pub(super) const NOT_A_NAME: Error =
    Error::Malformed("the names of the cache and the topic must be UTF-8");

/// The names of a cache and, if the path has one, of a topic.
pub(super) struct TopicPath {
    pub(super) cache: String,
    pub(super) topic: Option<String>,
}

impl TopicPath {
    /// Of a path.
    pub(super) fn of(parts: &Parts) -> Result<Self> {
        let path = parts.target.path().strip_prefix(paths::TOPICS).unwrap_or_default();
        let name = |part| percent_decode_str(part).decode_utf8().map(String::from);
        let (cache, topic) = match memchr(b'/', path.as_bytes()) {
            Some(at) => (name(&path[..at]), Some(name(&path[at + 1..]))),
            None => (name(path), None),
        };
        let (cache, topic) = (cache.map_err(|_| NOT_A_NAME)?, topic.transpose());
        Ok(TopicPath { cache, topic: topic.map_err(|_| NOT_A_NAME)? })
    }

    /// The refusal of a method that the path does not have.
    pub(super) fn not_allowed(&self, parts: &Parts) -> Response {
        let allowed =
            if self.topic.is_some() { &[Verb::Get, Verb::Post][..] } else { &[Verb::Get] };
        status::not_allowed(&parts.method, allowed.iter().copied())
    }
}

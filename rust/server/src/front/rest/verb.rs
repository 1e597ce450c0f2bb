//! The methods of HTTP that requests about data use.

use http::Method;

/// The methods that something answers to. `HEAD` is a `GET` whose answer goes without its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Put,
    Post,
    Delete,
}

use Verb::{Delete, Get, Post, Put};

impl Verb {
    pub(super) fn of(method: &Method) -> Option<Self> {
        match *method {
            Method::GET | Method::HEAD => Some(Get),
            Method::PUT => Some(Put),
            Method::POST => Some(Post),
            Method::DELETE => Some(Delete),
            _ => None,
        }
    }

    /// As the header `Allow` names it.
    pub(super) fn allowed(self) -> &'static str {
        match self {
            Get => "GET, HEAD",
            Put => "PUT",
            Post => "POST",
            Delete => "DELETE",
        }
    }
}

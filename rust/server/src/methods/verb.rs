//! The methods of HTTP that requests about data use.

use http::Method;

/// The methods that something answers to. `HEAD` is a `GET` whose answer goes without its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `GET`, and `HEAD`.
    Get,
    /// `PUT`
    Put,
    /// `POST`
    Post,
    /// `DELETE`
    Delete,
}

use Verb::{Delete, Get, Post, Put};

impl Verb {
    /// All of them, in the order of the header `Allow`.
    pub(crate) const ALL: [Verb; 4] = [Get, Put, Post, Delete];

    /// The one that a request uses; `None` if nothing answers to it.
    pub(crate) fn of(method: &Method) -> Option<Self> {
        match *method {
            Method::GET | Method::HEAD => Some(Get),
            Method::PUT => Some(Put),
            Method::POST => Some(Post),
            Method::DELETE => Some(Delete),
            _ => None,
        }
    }

    /// As a request line names it.
    pub fn name(self) -> &'static str {
        match self {
            Get => "GET",
            Put => "PUT",
            Post => "POST",
            Delete => "DELETE",
        }
    }

    /// As the header `Allow` names it.
    pub(crate) fn allowed(self) -> &'static str {
        if self == Get { "GET, HEAD" } else { self.name() }
    }
}

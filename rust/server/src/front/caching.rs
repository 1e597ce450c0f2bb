//! Headers for caches between a client and this server, and for the client's own.
//!
//! Whether an answer is given, and what it holds, depends on the caller and can change with the
//! next request: so a shared cache keeps none (RFC 9111 §5.2.2.7, RFC 6750 §2.3), and a client's
//! own asks each time whether the entity tag still holds. `Vary` is on every answer, also of
//! requests without these headers: a cache that is told to keep answers all the same must not hand
//! one out to another caller or page (Fetch, "CORS protocol and HTTP caches"). Connections add both
//! (`Common::Private`, `Common::Varies`).

use http::header::{self, HeaderValue};

use crate::message::Headers;

/// Forbids caches to store an answer, unless it has a `cache-control` of its own.
///
/// An answer of the control plane may hold a secret that is shown once.
pub(crate) fn keep_nothing(headers: &mut Headers) {
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

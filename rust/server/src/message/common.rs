//! Fields that answers often have, each with the value that it nearly always has there. An answer
//! names them instead of holding them, so nobody builds, searches or compares them; HTTP/2 sends each
//! in full once for a connection.

use http::header::{self, HeaderName};

/// One of them; the most frequent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Common {
    Grpc,
    GrpcOk,
    /// Of an answer without a `cache-control` of its own.
    Private,
    /// Of every answer.
    Varies,
    Binary,
    NoSniff,
    Ranges,
}

/// All of them, in the order of [`Common`], and others that HTTP/2 finds among the headers of answers.
pub(crate) static COMMON: [(HeaderName, &str); 10] = [
    (header::CONTENT_TYPE, "application/grpc"),
    (HeaderName::from_static("grpc-status"), "0"),
    (header::CACHE_CONTROL, "private, no-cache"),
    (header::VARY, "authorization, origin"),
    (header::CONTENT_TYPE, "application/octet-stream"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::ACCEPT_RANGES, "bytes"),
    (header::CONTENT_TYPE, "application/json"),
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (header::CONTENT_TYPE, "application/grpc-web+proto"),
];

impl Common {
    /// Its name and its value.
    pub(crate) fn field(self) -> &'static (HeaderName, &'static str) {
        &COMMON[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_at_its_place() {
        for (common, name, value) in [
            (Common::Grpc, "content-type", "application/grpc"),
            (Common::GrpcOk, "grpc-status", "0"),
            (Common::Private, "cache-control", "private, no-cache"),
            (Common::Varies, "vary", "authorization, origin"),
            (Common::Binary, "content-type", "application/octet-stream"),
            (Common::NoSniff, "x-content-type-options", "nosniff"),
            (Common::Ranges, "accept-ranges", "bytes"),
        ] {
            let (found, text) = common.field();
            assert_eq!((found.as_str(), *text), (name, value));
        }
    }
}

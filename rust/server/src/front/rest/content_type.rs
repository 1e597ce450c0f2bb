//! The `Content-Type` of a value whose key ends like a file's name.
//!
//! A value is written by one client and may be opened in the browser of another: it must not run as
//! a script of the server's origin. So scripts have no type here, documents that could contain one
//! (HTML, SVG, XML) are sandboxed, and sniffing is disabled.

use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderValue};

use crate::message::{Common, Headers, Response};

// Momento documents "octet-stream", which is not a media type; this is the one that it means.
const BINARY: ContentType = ContentType { kind: None, is_active: false };
// A browser must not interpret a stored value as a script or a page.
const UNKNOWN: &[Common] = &[Common::Binary, Common::NoSniff, Common::Ranges];
const KNOWN: &[Common] = &[Common::NoSniff, Common::Ranges];
/// No scripts, no forms, an origin of its own
/// (<https://www.w3.org/TR/CSP3/#directive-sandbox>).
const SANDBOX: HeaderValue = HeaderValue::from_static("sandbox");
/// No extension below is longer.
const LONGEST: usize = 8;

/// The content type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ContentType {
    /// `None` for unknown bytes.
    kind: Option<HeaderValue>,
    /// Whether a browser would show it as a document that may hold scripts.
    is_active: bool,
}

impl ContentType {
    const fn inert(kind: &'static str) -> Self {
        ContentType { kind: Some(HeaderValue::from_static(kind)), is_active: false }
    }

    const fn active(kind: &'static str) -> Self {
        ContentType { kind: Some(HeaderValue::from_static(kind)), is_active: true }
    }

    /// The type of unknown bytes.
    pub(super) fn unknown() -> Self {
        BINARY
    }

    /// The type for the extension of `key`, ignoring case.
    pub(super) fn of_key(key: &[u8]) -> Self {
        let name = key.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let Some(dot) = name.iter().rposition(|byte| *byte == b'.') else { return BINARY };
        let extension = &name[dot + 1..];
        let mut lower = [0; LONGEST];
        let Some(lower) = lower.get_mut(..extension.len()) else { return BINARY };
        lower.copy_from_slice(extension);
        lower.make_ascii_lowercase();
        of_extension(lower)
    }

    /// The response with a value of this type, or with a part of it: parts of it can be asked for.
    pub(super) fn response(self, status: StatusCode, body: Bytes) -> Response {
        let mut response = Response::of(status, body);
        let Some(kind) = self.kind else {
            return Response { common: UNKNOWN, ..response };
        };
        response.common = KNOWN;
        response.headers = Headers::with_capacity(2);
        response.headers.append(header::CONTENT_TYPE, kind);
        if self.is_active {
            response.headers.append(header::CONTENT_SECURITY_POLICY, SANDBOX);
        }
        response
    }

    /// As the part of a multipart response names it.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.kind.as_ref().map_or(Common::Binary.field().1.as_bytes(), HeaderValue::as_bytes)
    }
}

/// The types of HLS (RFC 8216 §4), DASH and CMAF (ISO/IEC 23009-1, 23000-19), and of what pages
/// show.
fn of_extension(extension: &[u8]) -> ContentType {
    match extension {
        b"m3u8" => ContentType::inert("application/vnd.apple.mpegurl"),
        b"m3u" => ContentType::inert("audio/mpegurl"),
        b"ts" | b"m2ts" | b"mts" => ContentType::inert("video/mp2t"),
        b"mpd" => ContentType::active("application/dash+xml"),
        b"m4s" | b"cmfv" | b"mp4" | b"m4v" | b"mp4v" => ContentType::inert("video/mp4"),
        b"cmfa" | b"m4a" | b"mp4a" => ContentType::inert("audio/mp4"),
        b"cmft" | b"cmfm" | b"m4f" => ContentType::inert("application/mp4"),
        b"webm" => ContentType::inert("video/webm"),
        b"mov" | b"qt" => ContentType::inert("video/quicktime"),
        b"mkv" => ContentType::inert("video/x-matroska"),
        b"aac" => ContentType::inert("audio/aac"),
        b"mp3" => ContentType::inert("audio/mpeg"),
        b"ac3" => ContentType::inert("audio/ac3"),
        b"ec3" | b"eac3" => ContentType::inert("audio/eac3"),
        b"oga" | b"ogg" | b"opus" => ContentType::inert("audio/ogg"),
        b"flac" => ContentType::inert("audio/flac"),
        b"wav" => ContentType::inert("audio/wav"),
        b"vtt" | b"webvtt" => ContentType::inert("text/vtt; charset=utf-8"),
        b"srt" => ContentType::inert("application/x-subrip"),
        b"ttml" | b"dfxp" => ContentType::active("application/ttml+xml"),
        b"jpg" | b"jpeg" => ContentType::inert("image/jpeg"),
        b"png" => ContentType::inert("image/png"),
        b"gif" => ContentType::inert("image/gif"),
        b"webp" => ContentType::inert("image/webp"),
        b"avif" => ContentType::inert("image/avif"),
        b"bmp" => ContentType::inert("image/bmp"),
        b"ico" => ContentType::inert("image/vnd.microsoft.icon"),
        b"svg" => ContentType::active("image/svg+xml"),
        b"json" | b"map" => ContentType::inert("application/json"),
        b"html" | b"htm" => ContentType::active("text/html; charset=utf-8"),
        b"xhtml" => ContentType::active("application/xhtml+xml"),
        b"xml" => ContentType::active("application/xml"),
        b"css" => ContentType::inert("text/css; charset=utf-8"),
        b"csv" => ContentType::inert("text/csv; charset=utf-8"),
        b"txt" | b"log" => ContentType::inert("text/plain; charset=utf-8"),
        b"md" => ContentType::inert("text/markdown; charset=utf-8"),
        b"pdf" => ContentType::inert("application/pdf"),
        b"zip" => ContentType::inert("application/zip"),
        b"gz" => ContentType::inert("application/gzip"),
        b"woff" => ContentType::inert("font/woff"),
        b"woff2" => ContentType::inert("font/woff2"),
        _ => BINARY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_type_of_its_last_extension_in_either_case() {
        for (key, kind) in [
            (&b"playlist.m3u8"[..], "application/vnd.apple.mpegurl"),
            (b"a/b.c/seg-1.TS", "video/mp2t"),
            (b"init.mp4.m4s", "video/mp4"),
            (b".json", "application/json"),
            (b"a.json/b", "application/octet-stream"),
            (b"json", "application/octet-stream"),
            (b"", "application/octet-stream"),
            (b"x.", "application/octet-stream"),
            (b"x.an-extension-that-is-long", "application/octet-stream"),
            (b"x.\xff\x00", "application/octet-stream"),
        ] {
            assert_eq!(ContentType::of_key(key), ContentType::of_key(key));
            assert_eq!(ContentType::of_key(key).as_bytes(), kind.as_bytes(), "{key:?}");
        }
    }

    #[test]
    fn unknown_bytes_are_told_to_be_that_and_may_not_be_sniffed() {
        let response = ContentType::unknown().response(StatusCode::OK, Bytes::new());

        assert!(response.headers.is_empty());
        assert_eq!(response.common, [Common::Binary, Common::NoSniff, Common::Ranges]);
    }

    #[test]
    fn no_type_is_one_of_a_script_and_documents_are_in_a_sandbox() {
        for extension in ["js", "mjs", "cjs", "JS", "jsm", "wasm", "swf", "hta"] {
            assert_eq!(
                ContentType::of_key(format!("x.{extension}").as_bytes()),
                BINARY,
                "{extension}"
            );
        }
        for extension in ["html", "htm", "svg", "xml", "xhtml", "mpd", "ttml", "SVG", "txt", "css"]
        {
            let kind = ContentType::of_key(format!("x.{extension}").as_bytes());
            let Response { headers, common, .. } = kind.response(StatusCode::OK, Bytes::new());
            let kind = headers[header::CONTENT_TYPE].to_str().unwrap();
            let is_document = kind.contains("xml") || kind.contains("html");
            assert_eq!(
                headers.contains_key(header::CONTENT_SECURITY_POLICY),
                is_document,
                "{kind}"
            );
            assert!(common.contains(&Common::NoSniff));
        }
    }
}

//! Encodes the headers of responses (RFC 7541 §6).
//!
//! Headers that nearly every response has are added to the client's table when they are first sent,
//! and take one byte from then on. They are so few that none is ever evicted, so a few bytes
//! suffice to track the client's table. All other headers are sent as literals without Huffman
//! coding, which costs time and saves little.

use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};

use super::integer;
use super::table::LIMIT;
use crate::message::{COMMON, Common, EntityTag};

/// A table of this size, in bytes as §4.1 counts them, holds all of [`COMMON`].
const ROOM: usize = 640;
/// The index of the newest entry of the dynamic table.
const NEWEST: u8 = 62;
const STATUS: usize = 8;
const CONTENT_LENGTH: u8 = 28;
const DATE: u8 = 33;
const ETAG: u8 = 34;

/// The patterns of the header representations (§6).
const INDEXED: u8 = 0x80;
const INSERTED: u8 = 0x40;
const RESIZED: u8 = 0x20;
const NEVER_INDEXED: u8 = 0x10;
const NOT_INDEXED: u8 = 0x00;

/// The first of [`COMMON`] with a value of that many bytes.
static FIRST: [usize; 32] = first();

const fn first() -> [usize; 32] {
    let (mut first, mut which) = ([COMMON.len(); 32], COMMON.len());
    while which > 0 {
        which -= 1;
        first[COMMON[which].1.len()] = which;
    }
    first
}

/// Tracks the dynamic table of one client.
pub(in crate::transport::h2) struct Encoder {
    /// The size of the table, in bytes. It never grows again; 0 if it is too small for [`COMMON`].
    size: usize,
    /// Whether the client has not received this size yet.
    is_due: bool,
    /// The number of entries.
    count: u8,
    /// The order in which each of [`COMMON`] was added: 1 for the first, 0 if it was not.
    places: [u8; COMMON.len()],
}

impl Encoder {
    /// For a client that has not sent its settings yet.
    pub(in crate::transport::h2) fn new() -> Self {
        Encoder { size: LIMIT, is_due: false, count: 0, places: [0; COMMON.len()] }
    }

    /// Applies `SETTINGS_HEADER_TABLE_SIZE` of the client, in bytes.
    pub(in crate::transport::h2) fn resize(&mut self, size: u32) {
        let size = size as usize;
        // A table that was once too small stays empty, so only its smallest size has to be sent,
        // however often it changes between two blocks (§4.2).
        if size < self.size {
            self.size = if size < ROOM { 0 } else { size };
            self.is_due = true;
        }
    }

    /// Begins a block with a table size update, if one is due.
    pub(in crate::transport::h2) fn begin(&mut self, to: &mut Vec<u8>) {
        if std::mem::take(&mut self.is_due) {
            integer::write(to, RESIZED, 5, self.size);
        }
    }

    /// Appends `:status`, which precedes all other headers.
    #[expect(clippy::unused_self, reason = "callers need not know that it does not use the table")]
    pub(in crate::transport::h2) fn status(&mut self, status: StatusCode, to: &mut Vec<u8>) {
        let index: u8 = match status.as_u16() {
            200 => 8,
            204 => 9,
            206 => 10,
            304 => 11,
            400 => 12,
            404 => 13,
            500 => 14,
            _ => {
                integer::write(to, NOT_INDEXED, 4, STATUS);
                return string(to, status.as_str().as_bytes());
            }
        };
        to.push(INDEXED | index);
    }

    /// Appends a header.
    pub(in crate::transport::h2) fn header(
        &mut self,
        name: &HeaderName,
        value: &HeaderValue,
        to: &mut Vec<u8>,
    ) {
        let is_it = |(shared, text): &(HeaderName, &str)| {
            text.len() == value.len() && shared == name && value == text
        };
        let first = FIRST.get(value.len()).copied().unwrap_or(COMMON.len());
        match (first..COMMON.len()).find(|which| is_it(&COMMON[*which])) {
            Some(which) => self.one_of_all(which, to),
            _ if *name == header::SET_COOKIE || *name == header::AUTHORIZATION => {
                literal(to, NEVER_INDEXED, 4, name, value.as_bytes());
            }
            _ => literal(to, NOT_INDEXED, 4, name, value.as_bytes()),
        }
    }

    /// Appends one of [`COMMON`].
    pub(in crate::transport::h2) fn common(&mut self, which: Common, to: &mut Vec<u8>) {
        self.one_of_all(which as usize, to);
    }

    /// Appends `etag`.
    pub(in crate::transport::h2) fn etag(&mut self, etag: &EntityTag, to: &mut Vec<u8>) {
        self.not_indexed(ETAG, etag.as_bytes(), to);
    }

    /// Appends `content-length`.
    pub(in crate::transport::h2) fn content_length(&mut self, bytes: usize, to: &mut Vec<u8>) {
        let mut digits = itoa::Buffer::new();
        self.not_indexed(CONTENT_LENGTH, digits.format(bytes).as_bytes(), to);
    }

    /// Appends `date`.
    pub(in crate::transport::h2) fn date(&mut self, date: &[u8], to: &mut Vec<u8>) {
        self.not_indexed(DATE, date, to);
    }

    /// Appends a short value whose name is at `index` of the static table, at least 15.
    #[expect(clippy::unused_self, reason = "callers need not know that it does not use the table")]
    fn not_indexed(&mut self, index: u8, value: &[u8], to: &mut Vec<u8>) {
        let [length, ..] = value.len().to_le_bytes();
        to.extend_from_slice(&[NOT_INDEXED | 0x0f, index - 0x0f, length]);
        to.extend_from_slice(value);
    }

    fn one_of_all(&mut self, which: usize, to: &mut Vec<u8>) {
        let (name, value) = &COMMON[which];
        let place = &mut self.places[which];
        if self.size == 0 {
            return literal(to, NOT_INDEXED, 4, name, value.as_bytes());
        }
        if *place > 0 {
            // There are few entries, so the index fits into a byte.
            return to.push(INDEXED | (NEWEST + self.count - *place));
        }
        self.count += 1;
        *place = self.count;
        literal(to, INSERTED, 6, name, value.as_bytes());
    }
}

fn literal(to: &mut Vec<u8>, pattern: u8, bits: u32, name: &HeaderName, value: &[u8]) {
    let name = name.as_str();
    let index = index(name);
    integer::write(to, pattern, bits, index);
    if index == 0 {
        string(to, name.as_bytes());
    }
    string(to, value);
}

fn string(to: &mut Vec<u8>, text: &[u8]) {
    integer::write(to, 0, 7, text.len());
    to.extend_from_slice(text);
}

/// The index of a name in the static table, or 0; checks the most frequent names of responses
/// first.
fn index(name: &str) -> usize {
    match name {
        "date" => 33,
        "content-length" => 28,
        "content-type" => 31,
        "etag" => 34,
        "vary" => 59,
        "access-control-allow-origin" => 20,
        "cache-control" => 24,
        "location" => 46,
        "retry-after" => 53,
        "allow" => 22,
        "set-cookie" => 55,
        "accept-ranges" => 18,
        "age" => 21,
        "authorization" => 23,
        "content-disposition" => 25,
        "content-encoding" => 26,
        "content-language" => 27,
        "content-location" => 29,
        "content-range" => 30,
        "expires" => 36,
        "last-modified" => 44,
        "link" => 45,
        "refresh" => 52,
        "server" => 54,
        "strict-transport-security" => 56,
        "via" => 60,
        "www-authenticate" => 61,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::{Entry, Name};
    use super::super::table::Table;
    use super::*;

    const TAG: (&str, &str) = ("etag", "\"1\"");
    const GRPC: (&str, &str) = ("content-type", "application/grpc");
    const OK: (&str, &str) = ("grpc-status", "0");

    fn block(encoder: &mut Encoder, headers: &[(&str, &str)]) -> Vec<u8> {
        let mut to = Vec::new();
        encoder.begin(&mut to);
        for (name, value) in headers {
            encoder.header(&name.parse().unwrap(), &value.parse().unwrap(), &mut to);
        }
        to
    }

    #[test]
    fn shared_headers_are_sent_once_and_take_one_byte_from_then_on() {
        let mut encoder = Encoder::new();
        assert_eq!(block(&mut encoder, &[GRPC]), b"\x5f\x10application/grpc");
        assert_eq!(block(&mut encoder, &[GRPC]), b"\xbe");
        assert_eq!(block(&mut encoder, &[OK]), b"\x40\x0bgrpc-status\x010");
        assert_eq!(block(&mut encoder, &[GRPC, OK]), b"\xbf\xbe");
        assert_eq!(block(&mut encoder, &[TAG]), b"\x0f\x13\x03\"1\"");
        assert_eq!(
            block(&mut encoder, &[GRPC, ("grpc-status", "5")])[1..],
            *b"\0\x0bgrpc-status\x015"
        );
    }

    #[test]
    fn the_shared_headers_fit_into_the_table() {
        let size = |(name, value): &(HeaderName, &str)| name.as_str().len() + value.len() + 32;
        assert!(COMMON.iter().map(size).sum::<usize>() <= ROOM);
    }

    #[test]
    fn secrets_are_never_indexed() {
        let mut encoder = Encoder::new();
        assert_eq!(block(&mut encoder, &[("set-cookie", "a=b")]), b"\x1f\x28\x03a=b");
        assert_eq!(block(&mut encoder, &[("authorization", "t")]), b"\x1f\x08\x01t");
    }

    #[test]
    fn a_frequent_status_is_one_byte() {
        for (status, expected) in [(200, &b"\x88"[..]), (404, b"\x8d"), (429, b"\x08\x03429")] {
            let mut to = Vec::new();
            Encoder::new().status(StatusCode::from_u16(status).unwrap(), &mut to);
            assert_eq!(to, expected);
        }
    }

    #[test]
    fn a_table_that_was_too_small_once_is_not_used_again() {
        let mut encoder = Encoder::new();
        block(&mut encoder, &[GRPC]);
        encoder.resize(100);
        encoder.resize(4_096);
        assert_eq!(block(&mut encoder, &[]), b"\x20");
        encoder.resize(0);
        assert_eq!(block(&mut encoder, &[GRPC]), b"\x0f\x10\x10application/grpc");
    }

    #[test]
    fn a_table_that_shrinks_a_little_keeps_what_it_holds() {
        let mut encoder = Encoder::new();
        block(&mut encoder, &[GRPC]);
        encoder.resize(1 << 20);
        encoder.resize(2_048);
        assert_eq!(block(&mut encoder, &[GRPC]), b"\x3f\xe1\x0f\xbe");
        encoder.resize(4_096);
        assert_eq!(block(&mut encoder, &[GRPC]), b"\xbe");
    }

    #[test]
    fn the_index_of_a_name_matches_the_static_table() {
        let table = Table::default();
        for place in 1..=61 {
            let Entry { name: Name::Header(name), .. } = table.get(place).unwrap() else {
                continue;
            };
            let index = index(name.as_str());
            assert!(index == 0 || index == place as usize, "{name}");
        }
    }
}

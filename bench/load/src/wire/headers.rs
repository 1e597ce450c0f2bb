//! HPACK (RFC 7541): request headers as an SDK's channel sends them, and what the reply's say.
//!
//! A channel repeats the same headers on each call, the long token included. After the first
//! call all of them stand in the dynamic table, and a call costs a byte or two for each.

use std::collections::HashSet;

use httlib_hpack::Decoder;

use crate::fault::Fault;

/// The size of a dynamic table that nobody has changed.
pub const TABLE_BYTES: u32 = 4096;
const STATIC_ENTRIES: usize = 61;
/// `:path` in the static table.
const PATH: usize = 4;
/// Beyond this many different blocks, a server that never repeats itself is simply decoded.
const REMEMBERED: usize = 32;

/// A name and a value.
pub type Field = (&'static str, String);

/// The request headers of a connection, for each kind of request.
pub struct Requests {
    kinds: Vec<Vec<Field>>,
    inserted: Vec<(String, String)>,
    ready: Vec<Option<Vec<u8>>>,
}

impl Requests {
    /// Requests with these fields, one list for each kind.
    ///
    /// # Panics
    /// The fields do not fit into a dynamic table: no token is that long.
    pub fn new(kinds: Vec<Vec<Field>>) -> Self {
        let fields: HashSet<&Field> = kinds.iter().flatten().collect();
        let bytes: usize = fields.iter().map(|(name, value)| name.len() + value.len() + 32).sum();
        assert!(bytes <= TABLE_BYTES as usize, "the request headers take {bytes} bytes");
        let ready = kinds.iter().map(|_| None).collect();
        Self { kinds, inserted: Vec::new(), ready }
    }

    /// Writes the headers of a request of a kind.
    pub fn write(&mut self, kind: usize, out: &mut Vec<u8>) {
        if let Some(block) = &self.ready[kind] {
            out.extend_from_slice(block);
            return;
        }
        let known = self.inserted.len();
        let block = self.encode(kind);
        out.extend_from_slice(&block);
        if self.inserted.len() == known {
            self.ready[kind] = Some(block);
        } else {
            self.ready.fill(None);
        }
    }

    fn encode(&mut self, kind: usize) -> Vec<u8> {
        let mut block = Vec::new();
        for (name, value) in self.kinds[kind].clone() {
            self.encode_field(name, value, &mut block);
        }
        block
    }

    fn encode_field(&mut self, name: &'static str, value: String, block: &mut Vec<u8>) {
        if let Some(index) = static_field(name, &value) {
            write_number(0x80, 7, index, block);
            return;
        }
        let known = self.inserted.iter().rposition(|(n, v)| n == name && *v == value);
        if let Some(at) = known {
            write_number(0x80, 7, STATIC_ENTRIES + self.inserted.len() - at, block);
            return;
        }
        let static_name = static_name(name);
        write_number(0x40, 6, static_name.unwrap_or(0), block);
        if static_name.is_none() {
            write_text(name, block);
        }
        write_text(&value, block);
        self.inserted.push((name.to_owned(), value));
    }
}

/// Writes a `:path` that will not come again: no table remembers it, and it is in Huffman's code,
/// as most clients do.
pub fn write_path(path: &[u8], out: &mut Vec<u8>) {
    let mut coded = Vec::with_capacity(path.len());
    httlib_huffman::encode(path, &mut coded).expect("every byte has a code");
    write_number(0, 4, PATH, out);
    write_number(0x80, 7, coded.len(), out);
    out.extend_from_slice(&coded);
}

fn static_field(name: &str, value: &str) -> Option<usize> {
    match (name, value) {
        (":method", "GET") => Some(2),
        (":method", "POST") => Some(3),
        (":scheme", "http") => Some(6),
        (":scheme", "https") => Some(7),
        _ => None,
    }
}

fn static_name(name: &str) -> Option<usize> {
    let names = [
        (":authority", 1),
        (":method", 2),
        (":path", PATH),
        ("accept", 19),
        ("authorization", 23),
        ("content-length", 28),
        ("content-type", 31),
        ("user-agent", 58),
    ];
    names.iter().find(|(known, _)| *known == name).map(|(_, index)| *index)
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    write_number(0, 7, text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

/// A number with a prefix of `bits` bits, the rest of whose first byte is `mark`.
fn write_number(mark: u8, bits: u32, number: usize, out: &mut Vec<u8>) {
    let most = (1 << bits) - 1;
    if number < most {
        out.push(mark | number as u8);
        return;
    }
    out.push(mark | most as u8);
    let mut rest = number - most;
    while rest >= 128 {
        out.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    out.push(rest as u8);
}

/// What a block of reply headers says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// `:status`, if it is there.
    pub http: Option<u16>,
    /// `grpc-status`, if it is there.
    pub grpc: Option<u16>,
}

/// Understands reply headers. A block that has been decoded once, and left the dynamic table as
/// it was, means the same the next time.
pub struct Replies {
    decoder: Decoder<'static>,
    known: Vec<(Vec<u8>, Meaning)>,
}

impl Replies {
    /// The replies of one connection.
    pub fn new() -> Self {
        Self { decoder: Decoder::with_dynamic_size(TABLE_BYTES), known: Vec::new() }
    }

    /// What a block says.
    ///
    /// # Errors
    /// The block is not HPACK.
    pub fn read(&mut self, block: &[u8]) -> Result<Meaning, Fault> {
        if let Some((_, meaning)) = self.known.iter().find(|(known, _)| known == block) {
            return Ok(*meaning);
        }
        let mut fields = Vec::new();
        let decoded = self.decoder.decode(&mut block.to_vec(), &mut fields);
        decoded.map_err(|_| Fault::Protocol("headers that are not HPACK"))?;
        let resizes = block.first().is_some_and(|first| first & 0xe0 == 0x20);
        let inserts = fields.iter().any(|(_, _, flags)| flags & Decoder::WITH_INDEXING != 0);
        let meaning = meaning(&fields);
        if resizes || inserts {
            self.known.clear();
        } else if self.known.len() < REMEMBERED {
            self.known.push((block.to_vec(), meaning));
        }
        Ok(meaning)
    }
}

fn meaning(fields: &[(Vec<u8>, Vec<u8>, u8)]) -> Meaning {
    let number = |name: &[u8]| {
        let (_, value, _) = fields.iter().find(|(field, _, _)| field == name)?;
        std::str::from_utf8(value).ok()?.parse().ok()
    };
    Meaning { http: number(b":status"), grpc: number(b"grpc-status") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests() -> Requests {
        let kind = |path: &str| {
            let method = (":method", "POST".to_owned());
            let token = ("authorization", "t".repeat(300));
            vec![method, (":path", path.to_owned()), token, ("cache", "c".to_owned())]
        };
        Requests::new(vec![kind("/a"), kind("/b")])
    }

    fn decode(decoder: &mut Decoder<'static>, block: &[u8]) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        decoder.decode(&mut block.to_vec(), &mut fields).unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        fields.into_iter().map(|(name, value, _)| (text(name), text(value))).collect()
    }

    #[test]
    fn each_request_says_the_same_however_short_it_is() {
        let (mut requests, mut decoder) = (requests(), Decoder::with_dynamic_size(TABLE_BYTES));
        let mut sizes = Vec::new();
        for path in [0, 1, 0, 1, 0] {
            let mut block = Vec::new();
            requests.write(path, &mut block);
            let fields = decode(&mut decoder, &block);
            assert!(fields.contains(&(":path".to_owned(), ["/a", "/b"][path].to_owned())));
            assert!(fields.contains(&("authorization".to_owned(), "t".repeat(300))));
            assert_eq!(fields.len(), 4);
            sizes.push(block.len());
        }
        assert!(sizes[0] > 300);
        assert_eq!(sizes[2..], [4, 4, 4]);
    }

    #[test]
    fn a_path_of_its_own_leaves_the_table_alone() {
        let (mut requests, mut decoder) = (requests(), Decoder::with_dynamic_size(TABLE_BYTES));
        for _ in 0..3 {
            let mut block = Vec::new();
            write_path(b"/cache/c?key=k000000000000017", &mut block);
            requests.write(0, &mut block);
            let fields = decode(&mut decoder, &block);
            let path = (":path".to_owned(), "/cache/c?key=k000000000000017".to_owned());
            assert_eq!(fields[0], path);
            assert_eq!(fields[4], ("cache".to_owned(), "c".to_owned()));
        }
    }

    #[test]
    fn a_repeated_reply_is_read_again_after_the_table_has_changed() {
        let mut replies = Replies::new();
        let status = |digit: u8| [&[0x40, 11][..], b"grpc-status", &[1, digit]].concat();
        assert_eq!(replies.read(&status(b'0')).unwrap().grpc, Some(0));
        assert_eq!(
            replies.read(&[0x88, 0xbe]).unwrap(),
            Meaning { http: Some(200), grpc: Some(0) }
        );
        assert_eq!(replies.read(&status(b'5')).unwrap().grpc, Some(5));
        assert_eq!(replies.read(&[0x88, 0xbe]).unwrap().grpc, Some(5));
    }
}

//! HPACK (RFC 7541): request headers as an SDK's channel sends them, and what the reply's say.
//!
//! A channel repeats the same headers on each call, the long token included. After the first
//! call all of them stand in the dynamic table, and a call costs a byte or two for each.

use httlib_hpack::Decoder;

use crate::fault::Fault;

/// The size of a dynamic table that nobody has changed.
pub const TABLE_BYTES: u32 = 4096;
const STATIC_ENTRIES: usize = 61;
/// Beyond this many different blocks, a server that never repeats itself is simply decoded.
const REMEMBERED: usize = 32;

/// A name and a value.
pub type Field = (&'static str, String);

/// The request headers of a connection.
pub struct Requests {
    common: Vec<Field>,
    paths: Vec<&'static str>,
    inserted: Vec<(String, String)>,
    ready: Vec<Option<Vec<u8>>>,
}

impl Requests {
    /// Requests to `paths`, with the `common` fields on each.
    ///
    /// # Panics
    /// The fields do not fit into a dynamic table: no token is that long.
    pub fn new(common: Vec<Field>, paths: Vec<&'static str>) -> Self {
        let fields = common.iter().map(|(name, value)| name.len() + value.len() + 32);
        let bytes = fields.sum::<usize>() + paths.iter().map(|path| path.len() + 37).sum::<usize>();
        assert!(bytes <= TABLE_BYTES as usize, "the request headers take {bytes} bytes");
        let ready = paths.iter().map(|_| None).collect();
        Self { common, paths, inserted: Vec::new(), ready }
    }

    /// Writes the headers of a request to path number `path`.
    pub fn write(&mut self, path: usize, out: &mut Vec<u8>) {
        if let Some(block) = &self.ready[path] {
            out.extend_from_slice(block);
            return;
        }
        let known = self.inserted.len();
        let block = self.encode(path);
        out.extend_from_slice(&block);
        if self.inserted.len() == known {
            self.ready[path] = Some(block);
        } else {
            self.ready.fill(None);
        }
    }

    fn encode(&mut self, path: usize) -> Vec<u8> {
        // `:method POST` and `:scheme http` stand in the static table.
        let mut block = vec![0x83, 0x86];
        let fields = std::iter::once((":path", self.paths[path].to_owned()));
        let fields: Vec<Field> = fields.chain(self.common.iter().cloned()).collect();
        for (name, value) in fields {
            self.encode_field(name, value, &mut block);
        }
        block
    }

    fn encode_field(&mut self, name: &'static str, value: String, block: &mut Vec<u8>) {
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

fn static_name(name: &str) -> Option<usize> {
    let names = [
        (":authority", 1),
        (":path", 4),
        ("authorization", 23),
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
        let token = "t".repeat(300);
        Requests::new(vec![("authorization", token), ("cache", "c".to_owned())], vec!["/a", "/b"])
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
            assert_eq!(fields.len(), 5);
            sizes.push(block.len());
        }
        assert!(sizes[0] > 300);
        assert_eq!(sizes[2..], [5, 5, 5]);
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

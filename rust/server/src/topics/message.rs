//! A message, and what it looks like on each wire.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use attimo_engine::Moment;
use bytes::Bytes;

use crate::backend::Backend;

/// Memory overhead of a message in bytes: its struct and its queue slots.
const OVERHEAD: usize = 256;
/// How many bytes a control character takes in JSON beyond its own: `\u0001`. What else is escaped
/// only doubles.
const ESCAPED: usize = 5;

/// What is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) bytes: Bytes,
    /// Whether the bytes are text, in UTF-8.
    pub(crate) is_text: bool,
}

/// A wire on which messages are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A framed message of gRPC.
    Grpc,
    /// The same in base64.
    GrpcText,
    /// An event of a stream of events, in JSON.
    Event,
}

const FORMS: usize = 3;

/// A message on a wire: in two parts, so that a large value is not copied.
pub(crate) type Encoded = [Bytes; 2];

/// The memory of encoded messages, which is part of that of `backend`.
pub(super) struct Encodings {
    backend: Arc<Backend>,
    bytes: AtomicU64,
}

impl Encodings {
    /// Of no messages yet.
    pub(super) fn new(backend: Arc<Backend>) -> Arc<Self> {
        Arc::new(Encodings { backend, bytes: AtomicU64::new(0) })
    }

    /// How many bytes they have.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.backend.reserve(bytes);
    }

    fn subtract(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.backend.release(bytes);
    }
}

/// A published message.
pub(crate) struct Message {
    pub(crate) number: u64,
    pub(crate) page: u64,
    pub(crate) value: Value,
    /// The name that the publisher's token gives its holder; empty if there is none.
    pub(crate) publisher: Arc<str>,
    /// When it was published.
    pub(super) at: Moment,
    weight: usize,
    /// Encoded for the first subscriber with a form, and shared by all with that form.
    encoded: [OnceLock<Box<Encoded>>; FORMS],
    encodings: Arc<Encodings>,
}

impl Message {
    /// A message that has no number yet. What it is encoded to counts among `encodings`.
    pub(super) fn new(
        value: Value,
        publisher: Arc<str>,
        at: Moment,
        encodings: &Arc<Encodings>,
    ) -> Self {
        let encoded = [const { OnceLock::new() }; FORMS];
        let (encodings, weight) = (encodings.clone(), weight(&value));
        Message { number: 0, page: 0, value, publisher, at, weight, encoded, encodings }
    }

    /// Returns the message in `form`; the first call for a form encodes it.
    pub(crate) fn encoded(&self, form: Form, encode: impl FnOnce(&Message) -> Encoded) -> &Encoded {
        self.encoded[form as usize].get_or_init(|| {
            let encoded = encode(self);
            self.encodings.add(self.copied(&encoded));
            Box::new(encoded)
        })
    }

    /// How many bytes of `encoded` are not those of the value itself.
    fn copied(&self, encoded: &Encoded) -> u64 {
        let is_copy = |part: &&Bytes| part.as_ptr() != self.value.bytes.as_ptr();
        encoded.iter().filter(is_copy).map(|part| part.len() as u64).sum()
    }

    /// Memory in bytes, such that a form to which it is encoded has hardly more than a third more, or
    /// twice that of a value of quotes: text of control characters counts as in JSON.
    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    /// The same without what JSON would add.
    pub(super) fn weight_of(bytes: usize) -> usize {
        OVERHEAD + bytes
    }
}

fn weight(value: &Value) -> usize {
    let escaped = if value.is_text { ESCAPED * control_characters(&value.bytes) } else { 0 };
    Message::weight_of(value.bytes.len()) + escaped
}

/// Counts in bytes as long as they suffice, which is as quick as reading the text.
fn control_characters(text: &[u8]) -> usize {
    let count = |part: &[u8]| part.iter().map(|byte| u8::from(*byte < b' ')).sum::<u8>();
    text.chunks(usize::from(u8::MAX)).map(|part| usize::from(count(part))).sum()
}

impl Drop for Message {
    fn drop(&mut self) {
        let encoded = self.encoded.iter().filter_map(OnceLock::get);
        let copied: u64 = encoded.map(|encoded| self.copied(encoded)).sum();
        if copied > 0 {
            self.encodings.subtract(copied);
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Message")
            .field("page", &self.page)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// Those of no server, for tests.
#[cfg(test)]
pub(super) fn encodings() -> Arc<Encodings> {
    use attimo_engine::{Config, Limits};
    let limits = Limits::default();
    let config = Config { memory_bytes: 1 << 20, shards: 1, seed: [1; 4], limits };
    Encodings::new(Arc::new(Backend::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_counts_as_much_as_it_has_in_json() {
        let weight = |bytes: Vec<u8>, is_text| weight(&Value { bytes: bytes.into(), is_text });
        assert_eq!(weight(vec![b'a'; 1_000], true), OVERHEAD + 1_000);
        assert_eq!(weight(vec![1; 1_000], true), OVERHEAD + 6_000);
        assert_eq!(weight(vec![1; 1_000], false), OVERHEAD + 1_000);
        assert_eq!(weight(b"a\x01".repeat(1_000), true), OVERHEAD + 7_000);
    }
}

//! A message, and what it looks like on each wire.

use std::sync::{Arc, OnceLock};

use attimo_engine::Moment;
use bytes::Bytes;

/// Memory overhead of a message in bytes: its struct and its queue slots.
const OVERHEAD: usize = 256;

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
}

const FORMS: usize = 2;

/// A message on a wire: in two parts, so that a large value is not copied.
pub(crate) type Encoded = [Bytes; 2];

/// A published message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) number: u64,
    pub(crate) page: u64,
    pub(crate) value: Value,
    /// The name that the publisher's token gives its holder; empty if there is none.
    pub(crate) publisher: Arc<str>,
    /// When it was published.
    pub(super) at: Moment,
    /// Encoded for the first subscriber with a form, and shared by all with that form.
    encoded: [OnceLock<Box<Encoded>>; FORMS],
}

impl Message {
    /// A message that has no number yet.
    pub(super) fn new(value: Value, publisher: Arc<str>, at: Moment) -> Self {
        let encoded = [const { OnceLock::new() }; FORMS];
        Message { number: 0, page: 0, value, publisher, at, encoded }
    }

    /// Returns the message in `form`; the first call for a form encodes it.
    pub(crate) fn encoded(&self, form: Form, encode: impl FnOnce(&Message) -> Encoded) -> &Encoded {
        self.encoded[form as usize].get_or_init(|| Box::new(encode(self)))
    }

    /// Memory in bytes; counts the value twice, since encoding may copy it.
    pub(super) fn weight(&self) -> usize {
        OVERHEAD + 2 * self.value.bytes.len()
    }
}

//! Incomplete frames, header blocks and bodies.

/// An incomplete DATA frame.
pub(super) struct Data {
    pub(super) stream: u32,
    /// How many bytes of its content have not arrived.
    pub(super) left: usize,
    /// How many bytes of its padding have not arrived.
    pub(super) padding: usize,
    /// Whether the length of the padding has not arrived.
    pub(super) is_padded: bool,
    pub(super) ends: bool,
}

/// An incomplete header block.
pub(super) struct Block {
    pub(super) stream: u32,
    pub(super) ends_stream: bool,
    pub(super) bytes: Vec<u8>,
    pub(super) pieces: usize,
}

impl Block {
    /// How many bytes of memory it takes.
    pub(super) fn held(&self) -> usize {
        self.bytes.capacity()
    }
}

/// A body that waits for memory. The whole connection waits with it, so what its client sends
/// meanwhile stays in the socket.
pub(super) struct Short {
    pub(super) stream: u32,
    /// When it is refused, in milliseconds since the server started.
    pub(super) gives_up_at: u64,
}

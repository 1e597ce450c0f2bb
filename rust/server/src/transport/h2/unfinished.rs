//! Frames, blocks of several, and bodies, that are not all here.

/// A DATA frame that is not all here.
pub(super) struct Data {
    pub(super) stream: u32,
    /// How much of its content is still to come, in bytes.
    pub(super) left: usize,
    /// How much of its padding.
    pub(super) padding: usize,
    /// Whether the length of the padding is still to come.
    pub(super) is_padded: bool,
    pub(super) ends: bool,
}

/// Headers that are not all here.
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

/// A body that waits for room, and the whole connection with it: what its client sends meanwhile
/// waits in the socket.
pub(super) struct Short {
    pub(super) stream: u32,
    /// When it is refused, in milliseconds since the server was made.
    pub(super) gives_up_at: u64,
}

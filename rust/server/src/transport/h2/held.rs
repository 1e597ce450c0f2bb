//! What a connection holds back for a moment.

/// Refusals that wait for others.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// How many bytes they are; more is buffered if other frames are among them.
    pub(super) bytes: usize,
    /// When they are sent, in milliseconds since the server was made.
    pub(super) due: u64,
}

//! A pause in reading, for clients all of whose calls are over a limit.

/// When reading goes on, and what was refused in this turn.
#[derive(Debug)]
pub(super) struct Pause {
    /// How many bytes of refusals were buffered in this turn, if nothing else was before them. More
    /// is buffered if other frames follow.
    pub(super) refused: usize,
    /// When reading goes on, in milliseconds since the server was made; `u64::MAX` if it did not
    /// stop.
    pub(super) until: u64,
}

impl Pause {
    /// No pause.
    pub(super) const NONE: Pause = Pause { refused: 0, until: u64::MAX };
}

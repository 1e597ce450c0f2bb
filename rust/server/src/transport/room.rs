//! The buffer that the connections of a thread lend each other for what they are about to send. An
//! idle connection holds none, and one that begins to send seldom has to allocate.

use std::cell::Cell;

/// The most bytes that a buffer may have to be kept.
const MOST: usize = 128 * 1024;

thread_local! {
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Takes the buffer; another one, without capacity, while a connection has it.
pub(super) fn take() -> Vec<u8> {
    ROOM.take()
}

/// Gives a buffer to the next connection.
pub(super) fn give_back(mut bytes: Vec<u8>) {
    if (1..=MOST).contains(&bytes.capacity()) {
        bytes.clear();
        ROOM.set(bytes);
    }
}

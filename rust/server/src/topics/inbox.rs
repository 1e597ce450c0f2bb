//! The inbox of a data thread: messages for the subscribers that it serves.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::message::Message;

/// The most bytes of messages that wait for a thread, which takes them whenever it has a moment.
const MOST_BYTES: usize = 16 << 20;

/// Messages that have arrived for a data thread.
#[derive(Default)]
pub(super) struct Inbox {
    arrived: Mutex<Arrived>,
    news: Notify,
}

/// What has arrived since the thread last looked.
#[derive(Default)]
pub(super) struct Arrived {
    pub(super) messages: Vec<Arc<Message>>,
    bytes: usize,
    /// Whether so much had arrived that some was dropped, which topics may still keep.
    pub(super) has_lost: bool,
}

impl Inbox {
    /// Adds a message. To be called in the order of the numbers of a topic, and followed by
    /// [`Inbox::notify`].
    pub(super) fn push(&self, message: &Arc<Message>) {
        let mut arrived = self.arrived.lock();
        arrived.bytes += message.weight();
        if arrived.bytes > MOST_BYTES && !arrived.messages.is_empty() {
            *arrived = Arrived { bytes: message.weight(), has_lost: true, ..Arrived::default() };
        }
        arrived.messages.push(message.clone());
    }

    /// Wakes the thread.
    pub(super) fn notify(&self) {
        self.news.notify_one();
    }

    /// Waits until something may have arrived.
    pub(super) async fn notified(&self) {
        self.news.notified().await;
    }

    /// Takes everything that has arrived; `emptied` becomes the next to be filled.
    pub(super) fn take(&self, emptied: Vec<Arc<Message>>) -> Arrived {
        let next = Arrived { messages: emptied, ..Arrived::default() };
        std::mem::replace(&mut *self.arrived.lock(), next)
    }
}

#[cfg(test)]
mod tests {
    use attimo_engine::Moment;
    use bytes::Bytes;

    use super::super::message::{Value, encodings};
    use super::*;

    #[test]
    fn a_thread_that_does_not_look_loses_what_is_too_much_and_learns_of_it() {
        let inbox = Inbox::default();
        let (bytes, encodings) = (Bytes::from(vec![0; MOST_BYTES / 4]), encodings());
        let value = || Value { bytes: bytes.clone(), is_text: false };
        let message = || Message::new(value(), "".into(), Moment(0), &encodings);
        (0..3).for_each(|_| inbox.push(&message().into()));
        let arrived = inbox.take(Vec::new());
        assert_eq!((arrived.messages.len(), arrived.has_lost), (3, false));

        (0..4).for_each(|_| inbox.push(&message().into()));
        let arrived = inbox.take(Vec::new());
        assert_eq!((arrived.messages.len(), arrived.has_lost), (1, true));
        assert!(inbox.take(Vec::new()).messages.is_empty());
    }
}

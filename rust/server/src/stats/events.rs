//! Events for the log, kept until the control plane, which writes the log, takes them.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};

/// With this many waiting, further events are only counted.
const KEPT: usize = 256;

/// The severity of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Information for an operator, without need to act.
    Info,
    /// A client misbehaves, or something does not work as it should.
    Warning,
    /// An internal error, or a part of the server has ended.
    Error,
}

impl Level {
    /// The name of the level.
    pub fn name(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// An event for the log. Contains no key, value or token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// How bad it is.
    pub level: Level,
    /// The message, in one sentence.
    pub message: String,
}

/// The events of a node that wait for a reader.
#[derive(Default)]
pub(crate) struct Events {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Event>,
    dropped: u64,
    closed: bool,
}

impl Events {
    /// Adds an event; never blocks.
    pub(crate) fn push(&self, level: Level, message: String) {
        let mut queue = self.queue.lock();
        if queue.events.len() < KEPT {
            queue.events.push_back(Event { level, message });
        } else {
            queue.dropped += 1;
        }
        self.changed.notify_one();
    }

    /// Waits for the next event; `None` after the last one once closed.
    pub(crate) fn next(&self) -> Option<Event> {
        let mut queue = self.queue.lock();
        loop {
            if let Some(event) = queue.events.pop_front() {
                return Some(event);
            }
            if queue.dropped > 0 {
                let dropped = std::mem::take(&mut queue.dropped);
                let message = format!("{dropped} more events were not kept");
                return Some(Event { level: Level::Warning, message });
            }
            if queue.closed {
                return None;
            }
            self.changed.wait(&mut queue);
        }
    }

    /// Reopens after a close.
    pub(crate) fn open(&self) {
        self.queue.lock().closed = false;
    }

    /// Lets readers end after the remaining events.
    pub(crate) fn close(&self) {
        self.queue.lock().closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn a_reader_waits_for_an_event_and_ends_when_there_are_no_more() {
        let events = Arc::new(Events::default());
        let reading = events.clone();
        let reader = thread::spawn(move || std::iter::from_fn(|| reading.next()).count());
        events.push(Level::Error, "first".to_owned());
        events.push(Level::Error, "second".to_owned());
        events.close();

        assert_eq!(reader.join().unwrap(), 2);
    }

    #[test]
    fn unread_events_take_bounded_memory() {
        let events = Events::default();
        (0..KEPT + 3).for_each(|i| events.push(Level::Warning, i.to_string()));
        events.close();

        let read: Vec<_> = std::iter::from_fn(|| events.next()).collect();
        assert_eq!(read.len(), KEPT + 1);
        assert_eq!(read[KEPT].message, "3 more events were not kept");
    }
}

//! Where a stream of events is: `page-number` of the last message of each topic, joined by commas.
//!
//! It is the id of each event. A browser sends the last one when it comes back, so that all topics go
//! on from where they were.

use std::fmt;

use crate::error::{Error, Result};
use crate::topics::{Delivery, Message, Resume};

/// The last message of a topic, as an id has it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    page: u64,
    /// 0 before the first message of the page; if the page is 0, too, before the newest one.
    number: u64,
}

impl Position {
    /// That before the message with this number and page.
    pub(super) fn before(resume: Resume) -> Self {
        Position { page: resume.page, number: resume.number.saturating_sub(1) }
    }

    /// That of a message.
    pub(super) fn of(message: &Message) -> Self {
        Position { page: message.page, number: message.number }
    }

    /// That after a delivery.
    pub(super) fn after(delivery: &Delivery) -> Self {
        match delivery {
            Delivery::Message(message) => Position::of(message),
            Delivery::Gap(gap) => Position { page: gap.page, number: gap.new },
        }
    }

    /// Where a subscriber goes on.
    pub(super) fn resume(self) -> Resume {
        let Position { page, number } = self;
        let number = if self == Position::default() { 0 } else { number.saturating_add(1) };
        Resume { number, page }
    }

    fn read(text: &str) -> Option<Self> {
        let (page, number) = text.split_once('-')?;
        Some(Position { page: page.parse().ok()?, number: number.parse().ok()? })
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.page, self.number)
    }
}

/// The positions of all topics of a stream.
pub(super) struct All<'a>(pub(super) &'a [Position]);

impl fmt::Display for All<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, position) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{position}")?;
        }
        Ok(())
    }
}

/// Reads the positions of `topics` topics from the id of an event.
///
/// # Errors
///
/// [`Error::Invalid`] if it is none, or one of another number of topics.
pub(super) fn read(id: &str, topics: usize) -> Result<Vec<Position>> {
    let positions: Option<Vec<_>> = id.split(',').map(Position::read).collect();
    positions.filter(|positions| positions.len() == topics).ok_or_else(|| {
        let expected = "the id of an event of this stream, a `page-number` for each topic";
        Error::Invalid(format!("last_event_id (or Last-Event-ID) must be {expected}: {topics}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_as_it_was_written_and_resumes_after_its_messages() {
        let positions = [(7, 0), (8, 41), (0, 0)].map(|(page, number)| Position { page, number });
        let id = All(&positions).to_string();

        assert_eq!(id, "7-0,8-41,0-0");
        assert_eq!(read(&id, 3), Ok(positions.to_vec()));
        let resumes = positions.map(|position| (position.resume().page, position.resume().number));
        assert_eq!(resumes, [(7, 1), (8, 42), (0, 0)]);
        assert_eq!(Position::before(positions[1].resume()), positions[1]);
    }

    #[test]
    fn what_is_no_id_of_the_stream_is_refused() {
        let large = format!("1-{}0", u64::MAX);
        for id in ["", "1", "-", "1-", "-1", "1-x", "1-1,", "1-1,1-1", "1--1", &large] {
            assert!(read(id, 1).is_err(), "{id}");
        }
    }
}

//! The commands of Redis for collections, and how long an answer of any kind is.

use super::line::{decimal, line};
use crate::choices::Work;
use crate::fault::Fault;
use crate::items::{Items, KEY_BYTES};
use crate::options::Options;
use crate::work::{Builder, Expects, Part, RANGE, Template};
use crate::workload::Verb;

/// The command of a read or a write.
pub fn template(options: &Options, work: Work, verb: Verb, items: &Items) -> Template {
    let mut command = Builder::default();
    let expects = if work == Work::Publish {
        command.bytes.extend_from_slice(b"*3\r\n");
        command.word(b"PUBLISH");
        command.word(options.topic.as_bytes());
        command.value_of_key(items);
        Expects::Any
    } else if verb == Verb::Get {
        read(work, &mut command)
    } else {
        write(work, items, &mut command);
        Expects::Any
    };
    command.expecting(expects)
}

fn read(work: Work, command: &mut Builder) -> Expects {
    match work {
        Work::List => {
            command.begin(2, "LPOP");
            // The length of the value, or of nothing: -1.
            Expects::Found(1, b'1')
        }
        Work::Range => {
            command.begin(5, "ZRANGE");
            for word in ["0", &(RANGE - 1).to_string(), "WITHSCORES"] {
                command.word(word.as_bytes());
            }
            Expects::Bytes(0, format!("*{}\r\n", 2 * RANGE).into_bytes())
        }
        Work::Fetch => {
            command.begin(5, "ZRANGE");
            for word in ["0", "-1", "WITHSCORES"] {
                command.word(word.as_bytes());
            }
            Expects::Length(2 * KEY_BYTES)
        }
        Work::SortedSet => {
            command.begin(3, "ZRANK");
            command.bulk(Part::Member);
            Expects::Bytes(0, b":".to_vec())
        }
        Work::Set => {
            command.begin(3, "SISMEMBER");
            command.bulk(Part::Member);
            Expects::Bytes(0, b":1\r\n".to_vec())
        }
        Work::Dictionary | Work::Item | Work::Publish => {
            command.begin(3, "HGET");
            command.bulk(Part::Member);
            Expects::Value(2)
        }
    }
}

fn write(work: Work, items: &Items, command: &mut Builder) {
    match work {
        Work::Dictionary | Work::Item | Work::Publish => {
            command.begin(4, "HSET");
            command.bulk(Part::Member);
            command.value_of_key(items);
        }
        Work::List => {
            command.begin(3, "LPUSH");
            command.value_of_key(items);
        }
        Work::Set => {
            command.begin(3, "SADD");
            command.bulk(Part::Member);
        }
        Work::SortedSet | Work::Range | Work::Fetch => {
            command.begin(4, "ZADD");
            command.bytes.extend_from_slice(b"$15\r\n");
            command.part(Part::Digits);
            command.bytes.extend_from_slice(b"\r\n");
            command.bulk(Part::Member);
        }
    }
}

impl Builder {
    /// How many words there are, the command, and the collection's name.
    fn begin(&mut self, words: usize, command: &str) {
        self.bytes.extend_from_slice(format!("*{words}\r\n").as_bytes());
        self.word(command.as_bytes());
        self.bulk(Part::Name);
    }

    fn word(&mut self, word: &[u8]) {
        self.bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        self.bytes.extend_from_slice(word);
        self.bytes.extend_from_slice(b"\r\n");
    }

    fn bulk(&mut self, part: Part) {
        self.bytes.extend_from_slice(b"$16\r\n");
        self.part(part);
        self.bytes.extend_from_slice(b"\r\n");
    }

    fn value_of_key(&mut self, items: &Items) {
        let mut value = Vec::new();
        items.write_value(0, &mut value);
        self.bytes.extend_from_slice(format!("${}\r\n", value.len()).as_bytes());
        self.part(Part::Key);
        self.bytes.extend_from_slice(&value[KEY_BYTES..]);
        self.bytes.extend_from_slice(b"\r\n");
    }
}

/// How many bytes the answer at the start of `bytes` has, or nothing if it is not all there.
///
/// # Errors
/// It is no answer.
pub fn length(bytes: &[u8]) -> Result<Option<usize>, Fault> {
    let Some((text, mut length)) = line(bytes) else { return Ok(None) };
    match text {
        [b'$', b'-', ..] | [b'+' | b':' | b'-' | b'_', ..] => Ok(Some(length)),
        [b'$', count @ ..] => {
            let count = decimal(count).ok_or(Fault::Protocol("a bulk string without length"))?;
            let end = length + count + 2;
            Ok((bytes.len() >= end).then_some(end))
        }
        [b'*', count @ ..] => {
            let count = decimal(count).ok_or(Fault::Protocol("an array without length"))?;
            for _ in 0..count {
                let Some(more) = self::length(&bytes[length..])? else { return Ok(None) };
                length += more;
            }
            Ok(Some(length))
        }
        _ => Err(Fault::Protocol("an answer of another kind")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_long_as_it_says() {
        for answer in [":1\r\n", "$-1\r\n", "+OK\r\n", "$2\r\nab\r\n", "*2\r\n$1\r\na\r\n:7\r\n"] {
            let more = format!("{answer}+more\r\n");
            assert_eq!(length(more.as_bytes()).unwrap(), Some(answer.len()));
            assert_eq!(length(&answer.as_bytes()[..answer.len() - 1]).unwrap(), None);
        }
    }
}

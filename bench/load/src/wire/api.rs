//! The words of the HTTP API, whichever HTTP carries them: `GET` and `PUT` of `/cache/{cache}?key=`.

use crate::items::Items;
use crate::options::Options;
use crate::tally::Outcome;
use crate::workload::Verb;

/// The path and the query, up to the key, which comes last.
pub fn target(options: &Options, items: &Items, verb: Verb) -> String {
    let ttl = match verb {
        Verb::Get => String::new(),
        Verb::Set => format!("ttl_seconds={}&", items.ttl_or_hour()),
    };
    format!("/cache/{}?{ttl}key=", options.cache)
}

/// What an answer means: by its status, and by its body where a value was asked for and found.
pub fn outcome(verb: Verb, status: u16, body: impl FnOnce() -> Outcome) -> Outcome {
    match (verb, status) {
        (Verb::Get, 200) => body(),
        (Verb::Get, 404) => Outcome::Miss,
        (Verb::Set, 200 | 204) => Outcome::Right,
        (_, status) => Outcome::Status(status),
    }
}

//! The HTTP API over HTTP/2.
//!
//! A key is in the path, so each call has a path of its own; all other headers, the token
//! included, are the same each time and stand in the dynamic table.

use std::rc::Rc;

use super::api;
use super::channel::{self, Dialect, USER_AGENT};
use super::headers::{self, Meaning, Requests};
use crate::items::Items;
use crate::options::Options;
use crate::tally::Outcome;
use crate::workload::{Op, Verb};

/// `GET` and `PUT`.
pub struct Http2 {
    items: Rc<Items>,
    requests: Requests,
    /// The path of a Get and of a Set, up to the key.
    targets: [String; 2],
    path: Vec<u8>,
}

impl Http2 {
    /// Requests as the options say.
    pub fn new(options: &Options, items: &Rc<Items>) -> Self {
        let kind = |method, more| {
            let mut fields = channel::pseudo(options, method);
            fields.extend([
                ("user-agent", USER_AGENT.to_owned()),
                ("accept", "*/*".to_owned()),
                ("authorization", options.token.clone()),
            ]);
            fields.extend(more);
            fields
        };
        let length = ("content-length", items.value_bytes.to_string());
        Self {
            items: Rc::clone(items),
            requests: Requests::new(vec![kind("GET", None), kind("PUT", Some(length))]),
            targets: [Verb::Get, Verb::Set].map(|verb| api::target(options, items, verb)),
            path: Vec::new(),
        }
    }
}

impl Dialect for Http2 {
    fn write_headers(&mut self, op: Op, out: &mut Vec<u8>) {
        let kind = usize::from(op.verb == Verb::Set);
        self.path.clear();
        self.path.extend_from_slice(self.targets[kind].as_bytes());
        self.path.extend_from_slice(&Items::key(op.key));
        headers::write_path(&self.path, out);
        self.requests.write(kind, out);
    }

    fn body_bytes(&self, verb: Verb) -> usize {
        if verb == Verb::Set { self.items.value_bytes } else { 0 }
    }

    fn write_body(&self, op: Op, out: &mut Vec<u8>) {
        self.items.write_value(op.key, out);
    }

    fn judge(&self, op: Op, body: &[u8]) -> Option<Outcome> {
        (body.len() >= self.items.value_bytes).then(|| self.items.check(op.key, body))
    }

    fn outcome(&self, verb: Verb, heads: Meaning, body: Option<Outcome>) -> Outcome {
        let Some(status) = heads.http else { return Outcome::Wrong("no status") };
        api::outcome(verb, status, || body.unwrap_or(Outcome::Wrong("body")))
    }
}

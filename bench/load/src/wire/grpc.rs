//! Momento's `cache_client.Scs`, as the SDKs' channels speak it over HTTP/2.

use std::rc::Rc;

use super::channel::{self, Dialect, USER_AGENT};
use super::headers::{Field, Meaning, Requests};
use super::{grpc_work, protobuf};
use crate::items::Items;
use crate::options::Options;
use crate::tally::Outcome;
use crate::work::Script;
use crate::workload::{Op, Verb};

/// Unary calls.
pub struct Grpc {
    items: Rc<Items>,
    script: Option<Script>,
    requests: Requests,
    set_bytes: usize,
}

impl Grpc {
    /// Calls as the options say.
    pub fn new(options: &Options, items: &Rc<Items>) -> Self {
        let kinds = grpc_work::paths(options.work).map(|path| metadata(options, path));
        Self {
            items: Rc::clone(items),
            script: Script::of(options, items, |work, verb, items| {
                grpc_work::template(options, work, verb, items)
            }),
            requests: Requests::new(kinds.into()),
            set_bytes: protobuf::set_bytes(items),
        }
    }
}

impl Dialect for Grpc {
    fn write_headers(&mut self, op: Op, out: &mut Vec<u8>) {
        self.requests.write(usize::from(op.verb == Verb::Set), out);
    }

    fn body_bytes(&self, verb: Verb) -> usize {
        match (&self.script, verb) {
            (Some(script), _) => script.template(verb).len(),
            (None, Verb::Get) => protobuf::GET_BYTES,
            (None, Verb::Set) => self.set_bytes,
        }
    }

    fn write_body(&self, op: Op, out: &mut Vec<u8>) {
        match (&self.script, op.verb) {
            (Some(script), verb) => script.template(verb).write(op, script.members, out),
            (None, Verb::Get) => protobuf::write_get(op.key, out),
            (None, Verb::Set) => protobuf::write_set(&self.items, op.key, self.set_bytes, out),
        }
    }

    fn judge(&self, op: Op, body: &[u8]) -> Option<Outcome> {
        match (&self.script, op.verb) {
            (Some(script), verb) => {
                let template = script.template(verb);
                protobuf::message(body).map(|_| template.judge(&self.items, op, body))
            }
            (None, Verb::Get) => protobuf::read_get(&self.items, op.key, body),
            (None, Verb::Set) => protobuf::read_set(body),
        }
    }

    /// Right only with HTTP 200, a right message and gRPC status 0.
    fn outcome(&self, _verb: Verb, heads: Meaning, body: Option<Outcome>) -> Outcome {
        match (heads.http, heads.grpc) {
            (Some(200), Some(0)) => body.unwrap_or(Outcome::Wrong("message")),
            (Some(200), Some(status)) => Outcome::Status(status),
            (Some(200), None) => Outcome::Wrong("no grpc-status"),
            _ => Outcome::Wrong("http status"),
        }
    }
}

/// The headers of each call, in the order in which gRPC's own clients send them.
fn metadata(options: &Options, path: &str) -> Vec<Field> {
    let mut fields = channel::pseudo(options, "POST");
    fields.extend([
        (":path", path.to_owned()),
        ("te", "trailers".to_owned()),
        ("content-type", "application/grpc".to_owned()),
        ("user-agent", USER_AGENT.to_owned()),
        ("grpc-accept-encoding", "identity, deflate, gzip".to_owned()),
        ("grpc-timeout", "5S".to_owned()),
        ("authorization", options.token.clone()),
        ("cache", options.cache.clone()),
    ]);
    fields
}

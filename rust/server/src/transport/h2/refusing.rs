//! Refuses calls over a limit of the account's plan. The status that says so is encoded once for each
//! limit, and a call whose headers were refused before is refused again before its message is read.

use std::time::Duration;

use http::StatusCode;

use super::connection::Connection;
use super::encoded_status::EncodedStatus;
use super::frame::end_headers;
use super::held::Held;
use super::hpack::Shared;
use super::request::Request;
use crate::front::grpc::Status;
use crate::message::Headers;
use crate::plan::Exceeded;

/// How long refusals wait for others, so that one system call sends many: whoever is over a limit gets
/// none of the time that another call for each of them would take.
const HELD: Duration = Duration::from_millis(1);
/// How many statuses a connection keeps: few meet more than one or two limits.
const KEPT: usize = 4;

impl Connection {
    /// Refuses a call at its headers, if a limit has refused one with the same headers before and
    /// still does; what follows of it is discarded. False if it is to be served.
    pub(super) fn refuse_again(&mut self, id: u32, ends: bool, request: &Request) -> bool {
        if ends || self.leaves_much() {
            return false;
        }
        let Some(met) = request.known.refuse(&self.client.worker, self.now) else { return false };
        self.write_limited(id, met);
        self.refused = Some(id);
        true
    }

    /// Writes the status of a limit.
    pub(super) fn write_limited(&mut self, id: u32, met: Exceeded) {
        let before = self.output.waiting();
        if before == 0 {
            self.held = Held { bytes: 0, due: self.now.after(HELD) };
        }
        self.write_limited_head(id, met);
        if before == self.held.bytes {
            self.held.bytes = self.output.waiting();
        }
    }

    /// Whether there are refusals to send and nothing else.
    fn has_only_refusals(&self) -> bool {
        self.held.bytes > 0 && self.output.waiting() == self.held.bytes
    }

    /// Whether refusals wait for others.
    pub(super) fn holds_back(&mut self) -> bool {
        let holds = self.has_only_refusals() && !self.output.is_full() && !self.is_due();
        if holds {
            self.note(self.held.due);
        }
        holds
    }

    /// Whether refusals have waited for long enough.
    pub(super) fn is_due(&self) -> bool {
        self.has_only_refusals() && self.held.due <= self.now.moment.0
    }

    fn write_limited_head(&mut self, id: u32, met: Exceeded) {
        let start = self.begin_head(id, true, StatusCode::OK);
        let to = self.output.bytes();
        self.encoder.shared(Shared::Grpc, to);
        if let Some(known) = self.statuses.iter().find(|known| known.is_of(met)) {
            to.extend_from_slice(&known.fields);
            return end_headers(to, start);
        }
        let (at, mut headers) = (to.len(), Headers::default());
        Status::Limited(met).write(&mut headers);
        for (name, value) in headers.iter() {
            self.encoder.header(name, value, to);
        }
        if self.statuses.len() == KEPT {
            self.statuses.remove(0);
        }
        let Exceeded { limit, value, .. } = met;
        self.statuses.push(EncodedStatus { limit, value, fields: to[at..].into() });
        end_headers(to, start);
    }
}

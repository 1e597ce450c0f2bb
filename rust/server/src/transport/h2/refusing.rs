//! Refuses calls over a limit of the account's plan. The status that says so is encoded once for each
//! limit, and a call whose headers were refused before is refused again before its message is read.

use std::time::Duration;

use http::StatusCode;

use super::connection::Connection;
use super::encoded_status::EncodedStatus;
use super::frame::end_headers;
use super::pause::Pause;
use super::request::Request;
use crate::front::grpc::Status;
use crate::message::{Common, Headers};
use crate::plan::Exceeded;

/// How long a client is left alone after a turn in which all of its calls were refused. What it sends
/// meanwhile is read and answered together: a client over its limit gets none of the time that
/// waking up, a read and a write for each call would take.
const PAUSE: Duration = Duration::from_millis(1);
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
        self.write_limited_head(id, met);
        if before == self.pause.refused {
            self.pause.refused = self.output.waiting();
        }
    }

    /// Whether there are refusals to send and nothing else, and no other call is open. Begins a new
    /// turn.
    pub(super) fn take_only_refused(&mut self) -> bool {
        let refused = std::mem::take(&mut self.pause.refused);
        refused > 0 && self.output.waiting() == refused && self.streams.len() == 0
    }

    /// Leaves the client alone for a moment, when all that it sent was refused.
    pub(super) fn begin_pause(&mut self) {
        self.pause = Pause { refused: 0, until: self.now.after(PAUSE) };
        self.note(self.pause.until);
    }

    /// Whether a pause is over.
    pub(super) fn is_pause_over(&self) -> bool {
        self.pause.until <= self.now.moment.0
    }

    /// Ends a pause that is over, or when the server stops; whether it did.
    pub(super) fn ends_pause(&mut self, stops: bool) -> bool {
        let ends = self.is_pause_over() || (stops && self.pause.until < u64::MAX);
        if ends {
            self.pause = Pause::NONE;
        }
        ends
    }

    fn write_limited_head(&mut self, id: u32, met: Exceeded) {
        let start = self.begin_head(id, true, StatusCode::OK);
        let to = self.output.bytes();
        self.encoder.common(Common::Grpc, to);
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

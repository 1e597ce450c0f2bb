//! Streams that are a WebSocket each (RFC 8441): an extended `CONNECT` is answered, then DATA frames of both
//! directions are the WebSocket's bytes.

use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use tokio::time::timeout;

use super::super::shutdown::Shutdown;
use super::super::web_socket::{self, Ending, Holder};
use super::connection::Connection;
use super::error::{ErrorCode, Fault, Outcome};
use super::frame::{self, LARGEST, end_headers};
use super::pipe::{self, SocketEnd, Tunnel};
use super::request::Request;
use super::sending::Part;
use super::stream::{CompleteRequest, State, Stream};
use crate::deadline::Deadline;
use crate::front::client::Client;
use crate::front::streamed::End;
use crate::front::web_socket::{Talk, Upgrade};
use crate::limits::LINGER;
use crate::memory_budget::Reservation;

impl Connection {
    /// Begins an extended `CONNECT`, which has no content.
    pub(super) fn begin_connect(&mut self, id: u32, ends: bool, request: Rc<Request>) {
        let mut stream = Stream::new(id, State::Connecting, self.window);
        stream.has_ended = ends;
        let body = Ok(Bytes::new());
        self.serve(stream, CompleteRequest { request, body, policy: None, has_given_up: false });
    }

    /// Answers with a WebSocket, which runs in a task of its own.
    pub(super) fn begin_tunnel(&mut self, mut stream: Stream, upgrade: Upgrade) {
        self.allow_many_streams();
        let Upgrade { response, talk } = upgrade;
        let start = self.begin_head(stream.id, false, response.status);
        self.write_response_headers(&response);
        end_headers(self.output.bytes(), start);
        let (pipe, end) = pipe::pipe(self.deferred.notifier(stream.id), stream.has_ended);
        stream.state = State::Tunnel(Box::new(Tunnel { pipe, is_queued: false }));
        self.streams.put(stream);
        tokio::task::spawn_local(run(self.client.clone(), end, talk));
    }

    /// Takes content of a stream that is a WebSocket's, or may become one.
    ///
    /// # Errors
    ///
    /// The client did not wait for the answer (RFC 6455 §4.1).
    pub(super) fn take_of_tunnel(&mut self, id: u32, ends: bool, content: &[u8]) -> Outcome<()> {
        match self.streams.get(id).map(|stream| &stream.state) {
            Some(State::Tunnel(tunnel)) => tunnel.pipe.receive(content, ends),
            _ if content.is_empty() => {}
            _ => return Err(Fault::Stream(id, ErrorCode::ProtocolError)),
        }
        Ok(())
    }

    /// Gives the client credit for padding, which no WebSocket reads.
    pub(super) fn skip_padding(&mut self, id: u32, bytes: usize) {
        if let Some(State::Tunnel(tunnel)) = self.streams.get(id).map(|stream| &stream.state) {
            tunnel.pipe.skip(bytes);
        }
    }

    /// Does what a WebSocket has told that there is to do, apart from sending.
    pub(super) fn look_at_tunnel(&mut self, id: u32) {
        let Some(stream) = self.streams.get(id) else { return };
        let State::Tunnel(tunnel) = &mut stream.state else { return };
        let (credit, ending) = (tunnel.pipe.take_credit(), tunnel.pipe.ending());
        match ending {
            Some(Ending::Broken) => return self.end_stream(id, ErrorCode::Cancel),
            Some(Ending::Said) => return self.end_tunnel(id),
            None => {}
        }
        if credit > 0 && !stream.has_ended {
            let more = stream.inbound.release(credit);
            frame::write_window_update(self.output.bytes(), id, more);
        }
    }

    /// Ends a stream whose WebSocket has said everything.
    fn end_tunnel(&mut self, id: u32) {
        if let Some(stream) = self.remove(id) {
            self.output.data(id, true, 0, std::iter::empty());
            self.finish_stream(stream, End::default());
        }
    }

    /// Writes what a WebSocket has; `None` if that is nothing, or the window of the stream is empty.
    pub(super) fn send_of_tunnel(&mut self, id: u32) -> Option<Part> {
        let room = self.outbound.room();
        let stream = self.streams.get(id)?;
        let State::Tunnel(tunnel) = &mut stream.state else { return None };
        let length = tunnel.pipe.left().min(LARGEST).min(stream.outbound.room()).min(room);
        if length == 0 {
            tunnel.is_queued = false;
            return None;
        }
        let content = tunnel.pipe.take(length);
        self.output.data(id, false, length, std::iter::once(content));
        stream.outbound.take(length);
        self.outbound.take(length);
        Some(Part::Other)
    }
}

/// Runs a WebSocket to its end, or until its stream is closed.
async fn run(client: Rc<Client>, mut end: SocketEnd, talk: Talk) {
    let core = &client.worker.core;
    let pipe = end.pipe();
    let holder = Holder {
        client: &client,
        is_connection: false,
        stop: &mut Shutdown::new(&client.worker.stopped),
        deadline: &mut Deadline::within(core.clock, talk.ping_every),
        reservation: &mut Reservation::nothing(&core.memory_budget),
    };
    let ending = web_socket::run((&mut end, BytesMut::new()), talk, holder, &pipe.moved).await;
    end.stop_reading();
    // The last frame is written, and may wait for the window of the stream.
    let is_sent = timeout(LINGER, end.sent()).await.is_ok();
    end.end(if is_sent { ending } else { Ending::Broken });
}

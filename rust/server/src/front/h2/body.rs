//! A request's body on HTTP/2, gathered whole.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use tokio::time::timeout;

use crate::error::Error;
use crate::limits::{LINGER, LINGER_BYTES};

/// Room made before more than this has really arrived; an announced length alone reserves no more.
const FIRST_ROOM: usize = 64 * 1024;

/// Why there is no body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It is longer than the limit.
    TooLarge,
    /// It did not arrive in its time.
    TooSlow,
    /// There is no room for it.
    Refused(Error),
    /// The client broke off; nobody waits for an answer.
    Gone,
}

/// Gathers a body frame by frame. A body of one frame is handed on as it lies in the read buffer.
pub(super) struct Body {
    stream: RecvStream,
    limit: usize,
    first: Option<Bytes>,
    rest: Vec<u8>,
}

impl Body {
    /// A body of at most `limit` bytes.
    pub(super) fn new(stream: RecvStream, limit: usize) -> Self {
        Body { stream, limit, first: None, rest: Vec::new() }
    }

    /// Takes no more than `limit` bytes from now on, for somebody who is not known.
    pub(super) fn limit_to(&mut self, limit: usize) {
        self.limit = self.limit.min(limit);
    }

    /// The whole body, once it is there.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, BodyError>> {
        loop {
            let Some(frame) = ready!(self.stream.poll_data(cx)) else {
                return Poll::Ready(Ok(self.whole()));
            };
            let frame = frame.map_err(|_| BodyError::Gone)?;
            if self.first.is_none() && self.rest.is_empty() && self.stream.is_end_stream() {
                // Dropping the stream returns the window to the connection.
                return Poll::Ready(if frame.len() <= self.limit {
                    Ok(frame)
                } else {
                    Err(BodyError::TooLarge)
                });
            }
            self.add(frame)?;
        }
    }

    /// Lets a client that was answered already go on sending for a while. What it sends is thrown
    /// away; but many a client that may send no more does not hear the answer.
    pub(super) fn linger(mut self) {
        if self.stream.is_end_stream() {
            return;
        }
        (self.first, self.rest) = (None, Vec::new());
        tokio::task::spawn_local(async move {
            // However it ends, there is nothing left to tell.
            let _ = timeout(LINGER, self.discard()).await;
        });
    }

    async fn discard(&mut self) {
        let mut left = LINGER_BYTES;
        while left > 0 {
            let Some(Ok(frame)) = poll_fn(|cx| self.stream.poll_data(cx)).await else { return };
            if self.stream.flow_control().release_capacity(frame.len()).is_err() {
                return;
            }
            left = left.saturating_sub(frame.len());
        }
    }

    /// How many bytes of a body that is not all there are in memory.
    pub(super) fn held(&self) -> usize {
        self.first.as_ref().map_or(self.rest.len(), Bytes::len)
    }

    fn add(&mut self, frame: Bytes) -> Result<(), BodyError> {
        let held = self.held();
        let released = self.stream.flow_control().release_capacity(frame.len());
        released.map_err(|_| BodyError::Gone)?;
        if held + frame.len() > self.limit {
            return Err(BodyError::TooLarge);
        }
        if held == 0 {
            self.first = Some(frame);
            return Ok(());
        }
        if let Some(first) = self.first.take() {
            self.rest.reserve_exact(FIRST_ROOM.max(first.len() + frame.len()));
            self.rest.extend_from_slice(&first);
        }
        self.make_room(frame.len());
        self.rest.extend_from_slice(&frame);
        Ok(())
    }

    /// Past the first room, makes exactly as much as the gRPC length announces, so that a long value
    /// can be kept where it lies.
    fn make_room(&mut self, more: usize) {
        let needed = self.rest.len() + more;
        if needed <= self.rest.capacity() {
            return;
        }
        let announced = self.rest.get(1..5).map_or(0, |length| {
            5 + u32::from_be_bytes(length.try_into().expect("four bytes")) as usize
        });
        let target =
            if (needed..=self.limit).contains(&announced) { announced } else { needed * 2 };
        self.rest.reserve_exact(target - self.rest.len());
    }

    fn whole(&mut self) -> Bytes {
        self.first.take().unwrap_or_else(|| std::mem::take(&mut self.rest).into())
    }
}

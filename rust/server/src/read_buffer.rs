//! Reading from connections of which most are idle: what waits holds no memory.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

/// How much is read at once.
const ROOM: usize = 16 * 1024;

/// The room that one thread lends to whichever of its connections reads next.
#[derive(Default)]
pub(crate) struct SharedReadBuffer(RefCell<BytesMut>);

impl SharedReadBuffer {
    /// Reads once, behind what is in `input` already; nothing was read at the end.
    pub(crate) fn poll_read<I>(
        &self,
        io: &mut I,
        input: &mut BytesMut,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>>
    where
        I: AsyncRead + Unpin,
    {
        if !input.is_empty() {
            input.reserve(ROOM);
            let read = poll_read_buf(Pin::new(io), cx, input);
            if read.is_pending() {
                // What has arrived may have to wait for the rest, and needs no more than itself.
                *input = BytesMut::from(&input[..]);
            }
            return read;
        }
        let mut read_buffer = self.0.borrow_mut();
        if !read_buffer.try_reclaim(ROOM) {
            *read_buffer = BytesMut::with_capacity(ROOM);
        }
        let read = poll_read_buf(Pin::new(io), cx, &mut *read_buffer);
        if matches!(read, Poll::Ready(Ok(1..))) {
            // What is left of the room serves the next reader once this one is done with its part.
            *input = read_buffer.split();
        }
        read
    }
}

//! A read buffer that connections share, so that idle ones hold no memory.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

/// How much is read at once.
const ROOM: usize = 16 * 1024;

/// The buffer that one thread lends to the connection that reads next.
#[derive(Default)]
pub(crate) struct SharedReadBuffer(RefCell<BytesMut>);

impl SharedReadBuffer {
    /// Reads once and appends to `input`; ready with 0 at the end of the stream.
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
                // Input may wait for the rest of a request, so it is copied to a buffer of its own
                // size.
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
            // The rest of the buffer serves the next reader.
            *input = read_buffer.split();
        }
        read
    }
}

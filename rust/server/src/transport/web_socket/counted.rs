//! Counts what a library reads and writes, so that memory and time can be bounded.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes have moved, and how many wait to be read and are held meanwhile: those that a client
/// sends on a stream of HTTP/2.
#[derive(Default)]
pub(crate) struct Moved {
    pub(crate) read: Cell<usize>,
    pub(crate) written: Cell<usize>,
    pub(crate) waiting: Cell<usize>,
}

/// A connection, or a stream of one.
pub(super) struct Counted<'a, I> {
    pub(super) io: &'a mut I,
    pub(super) moved: &'a Moved,
}

fn add(count: &Cell<usize>, bytes: usize) {
    count.set(count.get().wrapping_add(bytes));
}

impl<I: AsyncRead + Unpin> AsyncRead for Counted<'_, I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut *self.io).poll_read(cx, buffer);
        add(&self.moved.read, buffer.filled().len() - before);
        read
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Counted<'_, I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut *self.io).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = written {
            add(&self.moved.written, written);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_shutdown(cx)
    }
}

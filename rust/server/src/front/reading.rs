//! Reading from connections of which most are idle: what waits holds no memory.

use std::cell::RefCell;
use std::future::poll_fn;
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
pub(crate) struct Spare(RefCell<BytesMut>);

impl Spare {
    /// Reads once, behind what is in `input` already; nothing was read at the end.
    pub(super) fn poll_read<I>(
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
        let mut spare = self.0.borrow_mut();
        if !spare.try_reclaim(ROOM) {
            *spare = BytesMut::with_capacity(ROOM);
        }
        let read = poll_read_buf(Pin::new(io), cx, &mut *spare);
        if matches!(read, Poll::Ready(Ok(1..))) {
            // What is left of the room serves the next reader once this one is done with its part.
            *input = spare.split();
        }
        read
    }
}

/// How HTTP/2 begins (RFC 9113 §3.4), as far as HTTP/1.1 never does.
const PREFACE: &[u8] = b"PRI ";

/// Reads into `first` until it is plain whether HTTP/2 is spoken.
///
/// # Errors
///
/// Those of the connection, and its end.
pub(super) async fn speaks_h2<I>(
    io: &mut I,
    spare: &Spare,
    first: &mut BytesMut,
) -> io::Result<bool>
where
    I: AsyncRead + Unpin,
{
    loop {
        let seen = first.len().min(PREFACE.len());
        if first[..seen] != PREFACE[..seen] {
            return Ok(false);
        }
        if seen == PREFACE.len() {
            return Ok(true);
        }
        if poll_fn(|cx| spare.poll_read(io, first, cx)).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn the_first_bytes_tell_what_is_spoken_and_are_kept() {
        for (said, is_h2) in [(&b"PRI * HTTP/2.0"[..], true), (b"PUT /", false), (b"G", false)] {
            let (mut client, mut server) = tokio::io::duplex(1);
            let (spare, mut first) = (Spare::default(), BytesMut::new());
            let mut write = async || {
                client.write_all(said).await.unwrap();
                std::future::pending::<()>().await;
            };
            let found = tokio::select! {
                found = speaks_h2(&mut server, &spare, &mut first) => found,
                () = write() => unreachable!("it waits for ever"),
            };
            assert_eq!(found.unwrap(), is_h2);
            assert!(said.starts_with(&first));
        }
    }
}

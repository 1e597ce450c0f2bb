//! Detects the protocol of a connection without TLS from its first bytes.

use std::future::poll_fn;
use std::io;

use bytes::BytesMut;
use tokio::io::AsyncRead;

use crate::read_buffer::SharedReadBuffer;

/// The start of the HTTP/2 preface (RFC 9113 §3.4), enough to tell it from HTTP/1.1.
const PREFACE: &[u8] = b"PRI ";

/// Reads into `first` until it is clear whether the client speaks HTTP/2.
///
/// # Errors
///
/// An error of the connection, or its end.
pub(super) async fn speaks_h2<I>(
    io: &mut I,
    read_buffer: &SharedReadBuffer,
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
        if poll_fn(|cx| read_buffer.poll_read(io, first, cx)).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn the_first_bytes_decide_the_protocol_and_are_kept() {
        for (said, is_h2) in [(&b"PRI * HTTP/2.0"[..], true), (b"PUT /", false), (b"G", false)] {
            let (mut client, mut server) = tokio::io::duplex(1);
            let (read_buffer, mut first) = (SharedReadBuffer::default(), BytesMut::new());
            let mut write = async || {
                client.write_all(said).await.unwrap();
                std::future::pending::<()>().await;
            };
            let found = tokio::select! {
                found = speaks_h2(&mut server, &read_buffer, &mut first) => found,
                () = write() => unreachable!("it waits for ever"),
            };
            assert_eq!(found.unwrap(), is_h2);
            assert!(said.starts_with(&first));
        }
    }
}

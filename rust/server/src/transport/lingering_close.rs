//! Closes a connection without losing its last response.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::turns::take_turns;
use crate::front::client::Client;
use crate::limits::{LINGER, LINGER_BYTES};

/// Closes so that the last response arrives. Closing a socket with unread input resets the
/// connection and may discard what was sent, so input is read and discarded for a while first.
pub(super) async fn lingering_close<I>(io: &mut I, client: &Client, may_send: bool)
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let hung_up = timeout(LINGER, poll_fn(|cx| Pin::new(&mut *io).poll_shutdown(cx))).await;
    if may_send && matches!(hung_up, Ok(Ok(()))) {
        // However this ends, there is nothing left to send.
        let _ = timeout(LINGER, discard(io, client)).await;
    }
}

async fn discard<I>(io: &mut I, client: &Client)
where
    I: AsyncRead + Unpin,
{
    let (mut left, mut reads) = (LINGER_BYTES, 0);
    while left > 0 {
        take_turns(&mut reads).await;
        let mut input = BytesMut::new();
        match poll_fn(|cx| client.worker.read_buffer.poll_read(io, &mut input, cx)).await {
            Ok(0) | Err(_) => return,
            Ok(read) => left = left.saturating_sub(read),
        }
    }
}

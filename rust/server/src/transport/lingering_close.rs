//! The end of a connection that has a last word for its client.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::front::client::Client;
use crate::limits::{LINGER, LINGER_BYTES};

/// Hangs up so that what was sent last arrives: a socket that is closed on bytes which nobody has
/// read takes back what it has sent. So whoever may still be sending is heard for a while.
pub(super) async fn lingering_close<I>(io: &mut I, client: &Client, may_send: bool)
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let hung_up = timeout(LINGER, poll_fn(|cx| Pin::new(&mut *io).poll_shutdown(cx))).await;
    if may_send && matches!(hung_up, Ok(Ok(()))) {
        // However it ends, there is nothing left to tell.
        let _ = timeout(LINGER, discard(io, client)).await;
    }
}

async fn discard<I>(io: &mut I, client: &Client)
where
    I: AsyncRead + Unpin,
{
    let mut left = LINGER_BYTES;
    while left > 0 {
        let mut input = BytesMut::new();
        match poll_fn(|cx| client.worker.read_buffer.poll_read(io, &mut input, cx)).await {
            Ok(0) | Err(_) => return,
            Ok(read) => left = left.saturating_sub(read),
        }
    }
}

//! Large answers on HTTP/2, sent as fast as the client takes them.
//!
//! What is short is handed to the `h2` crate at once. The rest stays with us until
//! the client has room for it, so that we know how much of it there is.

use std::future::poll_fn;
use std::rc::Rc;

use bytes::Bytes;
use h2::{Reason, SendStream};
use http::HeaderMap;
use tokio::time::timeout;

use crate::front::Visit;
use crate::front::room::Held;
use crate::limits::STALLED;

/// How much is handed over at once.
const STEP: usize = 64 * 1024;

/// Sends `data` and then `trailers` in a task of its own, which holds room for them until they have
/// left. A client that takes nothing for a minute loses the stream, and its connection if others
/// wait there for the same room.
pub(in crate::front) fn later(
    visit: &Rc<Visit>,
    mut stream: SendStream<Bytes>,
    data: Vec<Bytes>,
    trailers: Option<HeaderMap>,
    held: Held,
) {
    let visit = visit.clone();
    tokio::task::spawn_local(async move {
        // A stream that the client has reset takes nothing more: that is no error.
        if let Ok(Sent::Stalled) = send(&mut stream, data, trailers).await {
            visit.has_stalled.set(true);
            stream.send_reset(Reason::CANCEL);
        }
        drop(held);
    });
}

async fn send(
    stream: &mut SendStream<Bytes>,
    data: Vec<Bytes>,
    trailers: Option<HeaderMap>,
) -> Result<Sent, h2::Error> {
    let mut parts = data.into_iter().filter(|part| !part.is_empty()).peekable();
    while let Some(mut part) = parts.next() {
        while !part.is_empty() {
            let Some(room) = room(stream, part.len().min(STEP)).await? else {
                return Ok(Sent::Stalled);
            };
            let piece = part.split_to(room.min(part.len()));
            let ends = part.is_empty() && parts.peek().is_none() && trailers.is_none();
            stream.send_data(piece, ends)?;
        }
    }
    trailers.map_or(Ok(()), |trailers| stream.send_trailers(trailers))?;
    Ok(Sent::All)
}

enum Sent {
    All,
    /// The client took nothing for too long.
    Stalled,
}

/// How much may be sent now; `None` if that was nothing for too long, or is over.
async fn room(stream: &mut SendStream<Bytes>, wanted: usize) -> Result<Option<usize>, h2::Error> {
    stream.reserve_capacity(wanted);
    while stream.capacity() == 0 {
        match timeout(STALLED, poll_fn(|cx| stream.poll_capacity(cx))).await {
            Ok(Some(room)) => room?,
            Ok(None) | Err(_) => return Ok(None),
        };
    }
    Ok(Some(stream.capacity()))
}

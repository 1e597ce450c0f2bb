//! Answers on HTTP/2, sent as fast as the client takes them.
//!
//! What is short, or what the client has room for, is handed to the `h2` crate at
//! once. The rest stays with us until there is room, so that we know how much of it
//! there is.

use std::future::poll_fn;

use bytes::Bytes;
use h2::{Reason, SendStream};
use http::HeaderMap;
use tokio::time::timeout;

use crate::error::Result;
use crate::front::Visit;
use crate::front::room::Held;
use crate::limits::{AT_ONCE_BYTES, STALLED};

/// How much is handed over at once.
const STEP: usize = 64 * 1024;
/// So little is handed over without a look at the client's window.
const SHORT: usize = 1024;

/// Room for an answer of `bytes`; none is needed for what leaves at once.
///
/// # Errors
///
/// [`crate::error::Error::Overloaded`].
pub(in crate::front) fn room_for(visit: &Visit, bytes: usize) -> Result<Option<Held>> {
    if bytes <= AT_ONCE_BYTES {
        return Ok(None);
    }
    Held::for_answer(&visit.worker.core.room, &visit.unsent, bytes).map(Some)
}

/// Sends `data`, which has so many `bytes`, and then `trailers`. What cannot leave at once gets a
/// task of its own; a client that takes nothing of it for a minute loses the stream.
pub(in crate::front) fn send(
    visit: &Visit,
    mut stream: SendStream<Bytes>,
    (data, bytes): (impl Iterator<Item = Bytes>, usize),
    trailers: Option<HeaderMap>,
    held: Option<Held>,
) {
    if held.is_none() && fits(&mut stream, bytes) {
        // A stream that the client has reset takes nothing more: that is no error.
        let _ = at_once(&mut stream, data, trailers);
        return;
    }
    let held = match held {
        Some(held) => Ok(held),
        None => Held::for_answer(&visit.worker.core.room, &visit.unsent, bytes),
    };
    match held {
        Ok(held) => later(stream, data.collect(), trailers, held),
        Err(_) => stream.send_reset(Reason::ENHANCE_YOUR_CALM),
    }
}

fn fits(stream: &mut SendStream<Bytes>, bytes: usize) -> bool {
    if bytes <= SHORT {
        return true;
    }
    stream.reserve_capacity(bytes);
    stream.capacity() >= bytes
}

fn at_once(
    stream: &mut SendStream<Bytes>,
    data: impl Iterator<Item = Bytes>,
    trailers: Option<HeaderMap>,
) -> std::result::Result<(), h2::Error> {
    let mut parts = data.peekable();
    while let Some(part) = parts.next() {
        let ends = trailers.is_none() && parts.peek().is_none();
        stream.send_data(part, ends)?;
    }
    trailers.map_or(Ok(()), |trailers| stream.send_trailers(trailers))
}

fn later(mut stream: SendStream<Bytes>, data: Vec<Bytes>, trailers: Option<HeaderMap>, held: Held) {
    tokio::task::spawn_local(async move {
        if let Ok(Sent::Stalled) = in_steps(&mut stream, data, trailers).await {
            stream.send_reset(Reason::CANCEL);
        }
        drop(held);
    });
}

enum Sent {
    All,
    /// The client took nothing for too long.
    Stalled,
}

async fn in_steps(
    stream: &mut SendStream<Bytes>,
    data: Vec<Bytes>,
    trailers: Option<HeaderMap>,
) -> std::result::Result<Sent, h2::Error> {
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

/// How much may be sent now; `None` if that was nothing for too long, or is over.
async fn room(
    stream: &mut SendStream<Bytes>,
    wanted: usize,
) -> std::result::Result<Option<usize>, h2::Error> {
    stream.reserve_capacity(wanted);
    while stream.capacity() == 0 {
        match timeout(STALLED, poll_fn(|cx| stream.poll_capacity(cx))).await {
            Ok(Some(room)) => room?,
            Ok(None) | Err(_) => return Ok(None),
        };
    }
    Ok(Some(stream.capacity()))
}

//! HTTP/1.1 connections, by hyper.

use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Visit, http as plain};
use crate::error::{Error, Result};
use crate::limits::{REQUEST_BYTES, STRANGER_BYTES};

/// How long a request's headers may take from their first byte to their last, and a kept
/// connection may wait for its next request. Beyond the 350 s for which load balancers keep theirs.
const HEADERS: Duration = Duration::from_secs(400);

/// Serves one connection until it ends or the server drains.
pub(super) async fn serve<I>(io: I, visit: Rc<Visit>)
where
    I: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let mut stop = visit.worker.stopped.clone();
    let service = service_fn(|request| {
        let visit = visit.clone();
        async move { Ok::<_, Infallible>(answer(&visit, request).await.map(Full::new)) }
    });
    let connection = Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .serve_connection(TokioIo::new(io), service);
    let mut connection = pin!(connection);
    // What breaks a connection off is the client's affair and ends it only.
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                visit.closed_by_h1(&error);
            }
        }
        _ = stop.wait_for(|stop| *stop) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn answer(visit: &Visit, request: Request<Incoming>) -> Response<Bytes> {
    let (parts, body) = request.into_parts();
    // Who asks is found out when the request is answered; here it matters for large bodies only.
    let is_small = body.size_hint().upper().is_some_and(|most| most <= STRANGER_BYTES as u64);
    let limit = if is_small || visit.knows(&parts) { REQUEST_BYTES } else { STRANGER_BYTES };
    let Some(body) = whole(body, limit).await else {
        return plain::error_response(&Error::Malformed("the body broke off"));
    };
    if plain::is_data(&parts.uri) {
        let clock = visit.worker.core.clock;
        let response = plain::answer(visit, &parts, body, clock.now());
        visit.worker.stats.settle(clock.now());
        response
    } else {
        plain::forward(visit, parts, body).await
    }
}

/// The whole body, or `None` if it did not arrive.
async fn whole(body: Incoming, limit: usize) -> Option<Result<Bytes>> {
    if body.is_end_stream() {
        return Some(Ok(Bytes::new()));
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Some(Ok(collected.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Some(Err(Error::RequestTooLarge)),
        Err(_) => None,
    }
}

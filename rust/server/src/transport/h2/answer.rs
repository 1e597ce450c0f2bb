//! Answers requests, in the protocol in which they came.

use std::rc::Rc;

use bytes::Bytes;
use http::Method;

use super::request::{Request, Route};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::front::client::Client;
use crate::front::grpc::{self, Reply, Status, subscribe};
use crate::front::streamed::{Answered, Streamed};
use crate::front::web_socket::Upgrade;
use crate::front::{dispatch, rest};
use crate::message::Response;
use crate::stats::Via;
use crate::steps::Steps;
use crate::topics::Notifier;

/// The response to a request.
pub(super) enum Answer {
    Grpc(std::result::Result<Reply, Status>),
    Http {
        response: Response,
        /// Whether only the headers are sent.
        head_only: bool,
    },
    /// One that goes on.
    Streamed(Box<Streamed>),
    Upgraded(Box<Upgrade>),
}

impl Request {
    fn answered(&self, response: Response) -> Answer {
        Answer::Http { response, head_only: self.parts.method == Method::HEAD }
    }
}

/// Answers a request at once.
pub(super) fn now(
    client: &Client,
    request: &Request,
    body: Result<Bytes>,
    now: Now,
    steps: &Steps<'_>,
) -> Answer {
    let parts = &request.parts;
    match request.route {
        Route::Grpc => {
            let known = Some(&request.known);
            Answer::Grpc(grpc::answer(client, Via::Grpc, parts, known, body, now, steps))
        }
        Route::Http => {
            let known = Some(&request.known_rest);
            request.answered(dispatch::answer(client, parts, known, body, now, steps))
        }
    }
}

/// Answers a request asynchronously; a stream tells `notifier` when it has something to send.
pub(super) async fn later(
    client: &Client,
    request: Rc<Request>,
    body: Result<Bytes>,
    notifier: Notifier,
) -> Answer {
    match request.route {
        Route::Grpc if grpc::is_subscribe(request.parts.target.path()) => {
            match subscribe::subscribe(client, &request.parts, body, notifier).await {
                Ok(streamed) => Answer::Streamed(streamed.into()),
                Err(status) => Answer::Grpc(Err(status)),
            }
        }
        Route::Grpc => {
            Answer::Grpc(grpc::answer_async(client, Via::Grpc, &request.parts, body).await)
        }
        Route::Http => {
            let parts = request.parts.clone();
            // A WebSocket has subscriptions of its own, and numbers them.
            let notifier = if parts.is_for_stream() { Notifier::default() } else { notifier };
            match dispatch::answer_async(client, parts, body, notifier).await {
                Answered::Whole(response) => request.answered(response),
                Answered::Streamed(streamed) => Answer::Streamed(streamed),
                Answered::Upgraded(upgrade) => Answer::Upgraded(upgrade),
            }
        }
    }
}

/// Reports an error to a client.
pub(super) fn refusal(client: &Client, request: &Request, error: Error) -> Answer {
    match request.route {
        Route::Grpc => Answer::Grpc(Err(grpc::refused(client, Via::Grpc, error))),
        Route::Http => request.answered(dispatch::refusal(client, &request.parts, error)),
    }
}

/// Reports invalid headers to a client.
pub(super) fn of_headers(client: &Client, route: Route, error: Error) -> Answer {
    match route {
        Route::Grpc => Answer::Grpc(Err(grpc::refused(client, Via::Grpc, error))),
        Route::Http => Answer::Http { response: rest::refused(client, &error), head_only: false },
    }
}

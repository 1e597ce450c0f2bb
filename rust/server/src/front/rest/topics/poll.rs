//! Subscribing by long polls.
//!
//! A poll waits until there is a message, or half a minute. Its answer has the numbers by which the
//! next one goes on: so a client that polls in a loop misses nothing that the topic keeps.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use http::Method;
use serde::Serialize;
use tokio::time::timeout;

use super::super::json;
use super::super::query::{Query, WHOLE};
use super::item::Item;
use super::subscribe::{Wanted, subscribe};
use crate::error::Result;
use crate::front::client::Client;
use crate::gate::{Next, Subscription};
use crate::message::{Parts, Response};
use crate::stats::guarded;
use crate::topics::{Delivery, Notifier, Ready, Resume};

/// How long a poll waits for a message.
const WAIT: Duration = Duration::from_secs(30);
/// The most items of an answer, and about how many bytes they have at most beside the last one.
const MOST_ITEMS: usize = 100;
const MOST_BYTES: usize = 1 << 20;

/// Subscribes to a topic, and waits for messages.
///
/// # Errors
///
/// Those of [`crate::gate::Call::subscribe`], and the reason if the subscription ends meanwhile.
pub(super) async fn poll(
    client: &Client,
    parts: &Parts,
    (cache, topic): (&str, &str),
) -> Result<Response> {
    let notifier = Notifier::default();
    let ready = notifier.ready.clone();
    let mut subscription = guarded(|| {
        let query = Query::of(&parts.target)?;
        let resume = resume(&query);
        let wanted = resume.map(|resume| vec![Wanted { topic: topic.into(), resume }]);
        subscribe(client, parts, &query, (cache, wanted), &notifier)
    })?;
    if parts.method == Method::HEAD {
        // Nothing is delivered, since nothing would be sent.
        let headers = json::reply(&Items { items: Vec::new() })?.headers;
        return Ok(Response { headers, ..Response::without_content() });
    }
    let mut stopped = client.worker.stopped.clone();
    let found = tokio::select! {
        found = timeout(WAIT, deliveries(client, &mut subscription[0], &ready)) => found,
        // An error means that the server itself is gone, which is a stop as well.
        _ = stopped.wait_for(|stop| *stop) => Ok(Ok(Vec::new())),
    };
    let found = found.unwrap_or_else(|_| Ok(Vec::new()))?;
    json::reply(&Items { items: found.iter().map(|one| Item::of(None, one)).collect() })
}

/// Where the client goes on.
fn resume(query: &Query<'_>) -> Result<Resume> {
    let number = query.parsed("sequence_number", WHOLE)?.unwrap_or(0);
    let page = query.parsed("sequence_page", WHOLE)?.unwrap_or(0);
    Ok(Resume { number, page })
}

/// Waits until something is delivered.
async fn deliveries(
    client: &Client,
    subscription: &mut Subscription,
    ready: &Ready,
) -> Result<Vec<Delivery>> {
    loop {
        let found = available(client, subscription)?;
        if !found.is_empty() {
            return Ok(found);
        }
        poll_fn(|cx| {
            ready.wake(cx);
            if ready.pop().is_some() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

fn available(client: &Client, subscription: &mut Subscription) -> Result<Vec<Delivery>> {
    let (now, mut found, mut bytes) = (client.worker.core.clock.now(), Vec::new(), 0);
    while found.len() < MOST_ITEMS && bytes < MOST_BYTES {
        match subscription.next(now) {
            Next::Delivery(delivery) => {
                if let Delivery::Message(message) = &delivery {
                    bytes += message.weight();
                }
                found.push(delivery);
            }
            // What is there is delivered first; the next poll is refused.
            Next::Over(why) if found.is_empty() => return Err(why),
            Next::Nothing | Next::Over(_) => break,
        }
    }
    Ok(found)
}

/// The answer to a poll.
#[derive(Serialize)]
struct Items<'a> {
    items: Vec<Item<'a>>,
}

//! Server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>): a stream of
//! messages that browsers read with `EventSource`.
//!
//! An `EventSource` comes back by itself after a stream ends, and gives up for good after any status
//! but 200. So what will pass, such as the stop of the server or a limit that is met, is told in a
//! stream that ends at once; what will not has a status of its own. The last event of a stream is
//! `end`: where it is missing, something in between has cut the stream.

use std::borrow::Cow;

use bytes::Bytes;
use http::Method;

use super::super::query::Query;
use super::super::{events, status};
use super::encoded;
use super::item::Item;
use super::position::{self, All, Position};
use super::subscribe::{Wanted, subscribe};
use super::topic_path::NOT_A_NAME;
use crate::error::{Error, Result};
use crate::front::client::Client;
use crate::front::streamed::{Answered, End, From, Streamed, Wire};
use crate::gate::Subscription;
use crate::limits::STREAM_TOPICS;
use crate::message::{Parts, Response};
use crate::topics::{Delivery, Encoded, Notifier, Resume};

/// How long a browser waits before it comes back, in seconds.
const RETRY: u64 = 1;
/// A comment.
const HEARTBEAT: &[u8] = b":\n\n";

/// Begins a stream of the topic in the path, or of those in the query.
///
/// # Errors
///
/// Those of [`crate::gate::Call::subscribe`], and [`Error::Invalid`].
pub(super) fn begin(
    client: &Client,
    parts: &Parts,
    (cache, topic): (&str, Option<&str>),
    notifier: Notifier,
) -> Result<Answered> {
    let query = Query::of(&parts.target)?;
    let wanted = wanted(parts, &query, topic);
    let resumes: Vec<_> = wanted.iter().flatten().map(|wanted| wanted.resume).collect();
    let subscriptions = subscribe(client, parts, &query, (cache, wanted), &notifier)?;
    let start = |(resume, subscription): (Resume, &Subscription)| {
        Position::before(subscription.position().unwrap_or(resume))
    };
    let positions = resumes.into_iter().zip(&subscriptions).map(start).collect();
    let retry = events::retry(RETRY, client.worker.core.clock.now());
    let wire = Box::new(Events { positions, retry });
    if parts.method == Method::HEAD {
        let headers = events::headers();
        return Ok(Answered::Whole(Response { headers, ..Response::without_content() }));
    }
    let streamed = Streamed::new(
        events::response(Bytes::new()),
        (subscriptions, notifier.ready),
        wire,
        client.local,
    );
    Ok(Answered::Streamed(streamed.into()))
}

/// What is subscribed to: after the last event that the client has seen.
fn wanted<'a>(parts: &Parts, query: &Query<'_>, topic: Option<&'a str>) -> Result<Vec<Wanted<'a>>> {
    let topics = topics(query, topic)?;
    let positions = match events::last_id(parts, query)? {
        Some(id) => position::read(&id, topics.len())?,
        None => vec![Position::default(); topics.len()],
    };
    let wanted = topics.into_iter().zip(positions);
    Ok(wanted.map(|(topic, at)| Wanted { topic, resume: at.resume() }).collect())
}

/// The topics of a stream: that of the path, or those of the query.
fn topics<'a>(query: &Query<'_>, topic: Option<&'a str>) -> Result<Vec<Cow<'a, str>>> {
    if let Some(topic) = topic {
        return Ok(vec![topic.into()]);
    }
    let names = query.some_elements("topic")?;
    if names.len() > STREAM_TOPICS {
        return Err(Error::Invalid(format!("pass at most {STREAM_TOPICS} topics")));
    }
    if names.iter().enumerate().any(|(index, name)| names[..index].contains(name)) {
        return Err(Error::Invalid("topic: pass each name once".to_owned()));
    }
    let name = |name: Cow<'_, [u8]>| String::from_utf8(name.into_owned()).map_err(|_| NOT_A_NAME);
    names.into_iter().map(|each| name(each).map(Cow::Owned)).collect()
}

/// A stream of events.
struct Events {
    /// Those of its topics.
    positions: Vec<Position>,
    /// The field that says how long a browser waits before it comes back.
    retry: String,
}

impl Wire for Events {
    /// An event with an id, so that nothing is missed by a browser that has seen no message yet.
    /// Firefox and Safari take ids only from events with data.
    fn greeting(&self) -> Bytes {
        let Events { retry, positions } = self;
        format!("{retry}event: begin\nid: {}\ndata: {{}}\n\n", All(positions)).into()
    }

    fn delivery(&mut self, from: From<'_>, delivery: &Delivery) -> Encoded {
        self.positions[from.index] = Position::after(delivery);
        match delivery {
            Delivery::Message(message) => {
                let [own, data] = encoded::message(from.topic, message);
                // The id of a stream of one topic is the same for all of its subscribers.
                let is_own = self.positions.len() == 1;
                [if is_own { own } else { encoded::head(&self.positions).into() }, data]
            }
            Delivery::Gap(gap) => {
                let head = format!("event: discontinuity\n{}", encoded::head(&self.positions));
                [head.into(), encoded::data(&Item::gap(Some(from.topic), *gap), 0)]
            }
        }
    }

    fn heartbeat(&self) -> Bytes {
        Bytes::from_static(HEARTBEAT)
    }

    fn end(&self, why: Error) -> End {
        End {
            data: events::end(All(&self.positions), &status::response(&why).body),
            trailers: None,
        }
    }
}

//! What is kept, and for whom, where memory is short or messages are large.

use std::time::Duration;

use attimo_engine::{Limits, Moment};
use bytes::Bytes;

use super::super::*;
use super::{Arc, KEEPS, MEMORY, World, topic_name};
use crate::clock::{Clock, after};
use crate::directory::CacheId;
use crate::retention::Retention;

const LARGE: usize = 1 << 20;

fn publish(hub: &Hub, name: &str, bytes: usize) {
    let value = Value { bytes: Bytes::from(vec![0; bytes]), is_text: false };
    hub.publish(topic_name(1, name), value, "".into(), Retention::default(), Clock::start().now());
}

#[test]
fn messages_are_kept_where_memory_is_spare_and_go_before_items_do() {
    let World { hub, backend, now, .. } = World::new();
    (0..200).for_each(|topic| publish(&hub, &topic.to_string(), 10_000));
    let most = hub.reserved();
    assert!(most > MEMORY / 5 && most <= MEMORY / 4, "{most}");
    assert_eq!(backend.reserved(), most);

    let (limits, key) = (Limits::default(), |n: u32| n.to_le_bytes());
    let set = |n: u32| {
        use attimo_engine::commands::scalar::Set;
        use attimo_engine::{NewValue, Ttl};
        let key = key(n);
        let command = Set { key: &key, value: NewValue::Short(&[0; 1_000]), ttl: Ttl(60_000) };
        let namespace = attimo_engine::Namespace(1);
        let steps = crate::steps::Steps::one();
        backend.run(namespace, command, (&limits, None), now, &steps).unwrap();
    };
    (0..3_500).for_each(set);
    assert!(hub.reserved() < most);
    assert!(backend.take_evicted().is_empty(), "messages go first");
    (3_500..8_000).for_each(set);
    assert!(!backend.take_evicted().is_empty());
    assert!(hub.reserved() <= MEMORY / 64 + 8 * 1024, "{}", hub.reserved());
    publish(&hub, "new", 1_000);
    assert!(hub.reserved() > 0, "a small share stays");
}

#[test]
fn a_topic_keeps_what_the_server_and_the_plan_of_its_newest_publisher_allow() {
    let hub = World::new().hub;
    let now = Clock::start().now();
    let first_after = |name, most, times| {
        for _ in 0..times {
            let value = Value { bytes: vec![0; 1_000].into(), is_text: false };
            hub.publish(topic_name(1, name), value, "".into(), most, now);
        }
        let listed = hub.list(CacheId(1), name, "", 1, now);
        (listed[0].last, listed[0].messages)
    };

    let two = Retention { messages: 2, ..Retention::default() };
    assert_eq!(first_after("by number", two, 4), (4, 2));
    assert_eq!(first_after("by number", Retention::default(), 9), (13, KEEPS.messages));
    assert_eq!(first_after("by number", two, 1), (14, 2));
    let three = Retention { bytes: 3 * Message::weight_of(1_000), ..Retention::default() };
    assert_eq!(first_after("by size", three, 5), (5, 3));
    let none = Retention { time: Duration::ZERO, ..Retention::default() };
    assert_eq!(first_after("by age", none, 5), (5, 0));
}

#[test]
fn the_newest_message_is_kept_however_large_it_is_until_it_is_too_old() {
    let now = Clock::start().now().moment;
    let (mut topic, encodings) = (topic::Topic::new(1, KEEPS, now), message::encodings());
    let mut publish = |bytes: usize| {
        let value = Value { bytes: vec![0; bytes].into(), is_text: false };
        topic.publish(Arc::new(Message::new(value, "".into(), now, &encodings)), KEEPS);
        (topic.first(), topic.bytes())
    };

    publish(3);
    let (first, bytes) = publish(KEEPS.bytes);
    assert_eq!(first, 2);
    assert!(bytes > KEEPS.bytes);
    assert_eq!(publish(3).0, 3);

    topic.trim(Moment(after(now.0, KEEPS.time)));
    assert_eq!(topic.bytes(), 0);
}

/// Reads everything; whether that was all messages from `first` to `last`.
fn reads_all(world: &mut World, token: u32, first: u64, last: u64) -> bool {
    let reader = &mut world.subscribers.get_mut(&token).unwrap().reader;
    let numbers = std::iter::from_fn(|| reader.next()).map(|delivery| match delivery {
        Delivery::Message(message) => Some(message.number),
        Delivery::Gap(_) => None,
    });
    numbers.eq((first..=last).map(Some))
}

fn subscribe(world: &mut World, topic: usize) -> u32 {
    world.page(1, topic);
    world.subscribe(0, (1, topic), Resume::default());
    world.tokens
}

#[test]
fn large_messages_that_come_together_reach_a_subscriber_that_reads_them_later() {
    let mut world = World::with_memory(1 << 30);
    let token = subscribe(&mut world, 0);
    (0..4).for_each(|_| world.publish(1, 0, LARGE));
    world.locals[0].take_news(Vec::new());
    assert!(reads_all(&mut world, token, 1, 4), "they fit an inbox");

    for _ in 0..8 {
        world.publish(1, 0, LARGE * 2 / 3);
        world.locals[0].take_news(Vec::new());
    }
    assert!(reads_all(&mut world, token, 5, 12), "they fit a feed");
}

#[test]
fn a_slow_subscriber_takes_nothing_from_those_of_other_topics() {
    let mut world = World::new();
    let (slow, fast) = (subscribe(&mut world, 0), subscribe(&mut world, 1));
    for (topic, messages, bytes) in [(0, 15, LARGE / 2), (1, 40, 20_000)] {
        for _ in 0..messages {
            world.publish(1, topic, bytes);
            world.locals[0].take_news(Vec::new());
        }
    }

    assert!(reads_all(&mut world, fast, 1, 40));
    assert!(!reads_all(&mut world, slow, 1, 15));
}

/// A subscriber of a topic that has a part of the next message, which is published for it.
fn subscribe_and_stop_within(world: &mut World, topic: usize, bytes: usize) -> u32 {
    let token = subscribe(world, topic);
    let reader = &mut world.subscribers.get_mut(&token).unwrap().reader;
    while reader.next().is_some() {}
    world.publish(1, topic, bytes);
    world.locals[0].take_news(Vec::new());
    let reader = &mut world.subscribers.get_mut(&token).unwrap().reader;
    let Some(Delivery::Message(message)) = reader.next() else { panic!("it was published") };
    reader.put_back(Some(message));
    token
}

#[test]
fn a_message_that_a_client_has_in_part_is_kept_for_it_and_then_it_learns_what_it_misses() {
    let mut world = World::new();
    let before = world.hub.memory();
    let tokens = [0, 1].map(|_| subscribe_and_stop_within(&mut world, 0, LARGE));
    for _ in 0..40 {
        world.publish(1, 0, LARGE);
        world.locals[0].take_news(Vec::new());
    }

    for (number, token) in (1..).zip(tokens) {
        let reader = &mut world.subscribers.get_mut(&token).unwrap().reader;
        assert_eq!(reader.again().map(|message| message.number), Some(number));
        let (mut next, mut gaps) = (number + 1, 0);
        while let Some(delivery) = reader.next() {
            match delivery {
                Delivery::Message(message) => assert_eq!(message.number, next),
                Delivery::Gap(gap) => {
                    assert_eq!(gap.last, next - 1);
                    (next, gaps) = (gap.new, gaps + 1);
                }
            }
            next += 1;
        }
        assert_eq!((next - 1, gaps), (42, 1), "it goes on, and is told once what it misses");
    }
    world.subscribers.clear();
    world.hub.retain(|_| false);
    assert!(world.hub.memory() <= before + 2 * 64 * 1024, "{}", world.hub.memory());
}

#[test]
fn messages_that_clients_have_in_part_take_at_most_half_of_the_memory_of_feeds() {
    let mut world = World::new();
    let slow: Vec<_> = (0..12).map(|_| subscribe_and_stop_within(&mut world, 0, LARGE)).collect();
    for _ in 0..40 {
        world.publish(1, 0, LARGE);
        world.locals[0].take_news(Vec::new());
        assert!(world.hub.memory() < 16 << 20, "{}", world.hub.memory());
    }

    let fast = subscribe(&mut world, 1);
    for _ in 0..40 {
        world.publish(1, 1, 20_000);
        world.locals[0].take_news(Vec::new());
    }
    assert!(reads_all(&mut world, fast, 1, 40), "others have their part");
    let mut goes_on = |token| world.subscribers.get_mut(token).unwrap().reader.again().is_some();
    assert!(!slow.iter().all(&mut goes_on));
}

#[test]
fn what_a_message_is_encoded_to_counts_once_until_the_message_is_gone() {
    let mut world = World::new();
    let token = subscribe(&mut world, 0);
    world.publish(1, 0, 100_000);
    world.locals[0].take_news(Vec::new());
    let Some(Delivery::Message(message)) = world.subscribers.get_mut(&token).unwrap().reader.next()
    else {
        panic!("it was published")
    };
    let before = world.hub.memory();
    let encode = |message: &Message| [vec![0; 30].into(), message.value.bytes.clone()];
    let text = |_: &Message| [Bytes::new(), vec![0; 133_000].into()];
    for _ in 0..3 {
        message.encoded(Form::Grpc, encode);
        message.encoded(Form::GrpcText, text);
    }

    assert_eq!(world.hub.memory() - before, 30 + 133_000);
    world.subscribers.clear();
    world.hub.retain(|_| false);
    assert_eq!(world.hub.memory() / 133_000, 1, "somebody still has the message");
    drop(message);
    assert_eq!(world.hub.memory() / 133_000, 0);
}

#[test]
fn an_account_that_keeps_much_loses_its_own_messages_first() {
    let mut world = World::new();
    (0..5).for_each(|_| world.publish(2, 0, 1_000));
    (0..2_000).for_each(|topic| publish(&world.hub, &topic.to_string(), 10_000));
    world.hub.yield_memory(MEMORY / 8);
    world.page(2, 0);
    world.subscribe(0, (2, 0), Resume { number: 1, page: 0 });

    let token = world.tokens;
    world.subscribers.get_mut(&token).unwrap().reader.put_back(None);
    assert!(reads_all(&mut world, token, 1, 5));
}

#[test]
fn a_topic_of_a_server_that_was_started_in_the_same_second_has_another_page() {
    let page = || {
        let mut world = World::new();
        world.publish(1, 0, 1);
        world.page(1, 0)
    };
    let before = page();
    assert!(page() > before);
}

#[test]
fn what_subscriptions_need_is_counted_with_the_names_of_their_topics() {
    let world = World::new();
    let name = "n".repeat(1_000);
    let before = world.hub.memory();
    let all: Vec<_> = (0..1_000)
        .map(|n| {
            let (topic, notifier) = (format!("{n}{name}"), Notifier::default());
            let place = topic_name(1, &topic);
            Reader::subscribe(&world.locals[0], place, Resume::default(), notifier, world.now)
        })
        .collect();

    // Of each name, the hub, the feed and the subscription have one.
    assert!(world.hub.memory() - before > 1_000 * 3 * name.len() as u64);
    drop(all);
    world.hub.retain(|_| false);
    assert!(world.hub.memory() <= before + 3 * 64 * 1024);
}

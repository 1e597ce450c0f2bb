//! Topics on a server that is cut off and restarted; ATTIMO_STAGE is where that is asked for.
//!
//! Where a test says "this client", it shows what the client does that others do not.

use std::collections::BTreeSet;
use std::env::var;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use momento::auth::{ExpiresIn, GenerateDisposableTokenRequest, PermissionScopes};
use momento::cache::DeleteCacheResponse;
use momento::topics::{
    SubscribeRequest, Subscription, SubscriptionValue, ValueKind, configurations,
};
use momento::{AuthClient, CredentialProvider, MomentoErrorCode, TopicClient};

use crate::scene::{NO_CACHE, Scene, Test, address, every_byte, new_name, provider, provider_with, refused};

const KEPT: u64 = 1_000;
const BROKEN_AFTER: Duration = Duration::from_secs(60);

pub fn topics(provider: CredentialProvider) -> TopicClient {
    TopicClient::builder()
        .configuration(configurations::Laptop::latest())
        .credential_provider(provider)
        .build()
        .expect("a client for topics")
}

/// Lets something happen to the server, or to the way there.
pub fn stage(command: &str) -> String {
    let mut asked = TcpStream::connect(var("ATTIMO_STAGE").expect("a stage")).expect("a stage");
    write!(asked, "POST /{command} HTTP/1.0\r\n\r\n").expect("a request");
    let mut answer = String::new();
    asked.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    answer.split_once("\r\n\r\n").expect("a body").1.to_owned()
}

pub fn publish_past_the_block(cache: &str, topic: &str, count: u64) {
    stage(&format!("publish?cache={cache}&topic={topic}&count={count}"));
}

/// Waits until the server has no subscriptions, whatever the client thinks.
fn until_all_have_ended() {
    while stage("subscriptions") != "0" {}
}

pub async fn next(subscription: &mut Subscription) -> SubscriptionValue {
    let found = tokio::time::timeout(BROKEN_AFTER, subscription.next()).await;
    found.expect("nothing came").expect("the subscription ended")
}

async fn text(subscription: &mut Subscription) -> String {
    next(subscription).await.try_into().expect("text")
}

/// The numbers of the next messages, without those that come again.
async fn numbers(subscription: &mut Subscription, last: u64) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    while !found.contains(&last) {
        found.insert(next(subscription).await.topic_sequence_number);
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn text_and_bytes_arrive_as_they_were_published_the_newest_first() -> Test {
    let (scene, client) = (Scene::new().await, topics(provider()));
    for value in ["older", "newest"] {
        client.publish(&scene.cache, "t", value).await?;
    }
    let mut subscription = client.subscribe(&scene.cache, "t").await?;
    client.publish(&scene.cache, "t", every_byte()).await?;
    client.publish(&scene.cache, "t", "text ☃").await?;

    let text = |words: &str| ValueKind::Text(words.to_owned());
    for expected in [text("newest"), ValueKind::Binary(every_byte()), text("text ☃")] {
        assert_eq!(next(&mut subscription).await.kind, expected);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_messages_come_in_their_order() -> Test {
    let (scene, client) = (Scene::new().await, topics(provider()));
    let mut subscription = client.subscribe(&scene.cache, "t").await?;
    for number in 1..=200 {
        client.publish(&scene.cache, "t", number.to_string()).await?;
    }

    for number in 1..=200 {
        let item = next(&mut subscription).await;
        assert_eq!(item.topic_sequence_number, number);
        assert_eq!(item.kind, ValueKind::Text(number.to_string()));
    }
    Ok(())
}

/// This client says nothing of what is gone, and gets its last message again: the numbers tell both.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_cut_off_misses_nothing_that_is_kept() -> Test {
    let (scene, client) = (Scene::new().await, topics(provider()));
    let (few, many) = (new_name(), new_name());
    for topic in [&few, &many] {
        client.publish(&scene.cache, topic, "first").await?;
    }
    let mut of_few = client.subscribe(&scene.cache, &few).await?;
    let mut of_many = client.subscribe(&scene.cache, &many).await?;
    for subscription in [&mut of_few, &mut of_many] {
        assert_eq!(text(subscription).await, "first");
    }

    stage("block");
    publish_past_the_block(&scene.cache, &few, 5);
    publish_past_the_block(&scene.cache, &many, KEPT + 100);
    stage("unblock");

    assert_eq!(numbers(&mut of_few, 6).await, (1..=6).collect());
    assert_eq!(numbers(&mut of_many, KEPT + 101).await, (102..=KEPT + 101).collect());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_server_begins_a_new_page() -> Test {
    let (scene, client) = (Scene::new().await, topics(provider()));
    client.publish(&scene.cache, "t", "before").await?;
    let mut subscription = client.subscribe(&scene.cache, "t").await?;
    let before = next(&mut subscription).await;

    stage("restart");
    publish_past_the_block(&scene.cache, "t", 3);

    for number in 1..=3 {
        let item = next(&mut subscription).await;
        assert_eq!(item.topic_sequence_number, number);
        assert!(item.topic_sequence_page > before.topic_sequence_page);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_goes_on_where_it_was() -> Test {
    let (scene, client) = (Scene::new().await, topics(provider()));
    publish_past_the_block(&scene.cache, "t", KEPT + 100);
    let page = {
        let mut subscription = client.subscribe(&scene.cache, "t").await?;
        next(&mut subscription).await.topic_sequence_page
    };

    for (wanted, first) in [(7, 101), (500, 500)] {
        let asked = SubscribeRequest::new(&*scene.cache, "t", Some(wanted), Some(page));
        let mut subscription = client.send_request(asked).await?;
        assert_eq!(next(&mut subscription).await.topic_sequence_number, first);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_does_not_exist_is_not_found() -> Test {
    let client = topics(provider());
    let missing = MomentoErrorCode::CacheNotFoundError;

    assert_eq!(refused(client.publish(NO_CACHE, "t", "v").await), missing);
    assert_eq!(refused(client.subscribe(NO_CACHE, "t").await), missing);
    Ok(())
}

/// This client reports no end: it asks again until it is dropped, and goes on if the cache is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_cache_ends_its_subscriptions_on_the_server() -> Test {
    let (scene, client) = (Scene::new().await, topics(provider()));
    let mut subscription = client.subscribe(&scene.cache, "t").await?;
    let deleted = scene.client.delete_cache(&scene.cache).await?;
    assert!(matches!(deleted, DeleteCacheResponse { .. }));
    until_all_have_ended();

    scene.client.create_cache(&scene.cache).await?;
    client.publish(&scene.cache, "t", "back").await?;
    assert_eq!(text(&mut subscription).await, "back");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_ends_its_subscriptions_on_the_server() -> Test {
    let scene = Scene::new().await;
    let client = topics(provider_with(stage("key")));
    let _subscription = client.subscribe(&scene.cache, "t").await?;

    stage("revoke");
    until_all_have_ended();

    let again = client.subscribe(&scene.cache, "t").await;
    assert_eq!(refused(again), MomentoErrorCode::AuthenticationError);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_may_only_publish_or_only_subscribe() -> Test {
    let scene = Scene::new().await;
    let auth = AuthClient::builder().credential_provider(provider()).build()?;
    let mut users = Vec::new();
    for scope in [
        PermissionScopes::topic_publish_only(&*scene.cache, "room"),
        PermissionScopes::topic_subscribe_only(&*scene.cache, "room"),
    ] {
        let asked = GenerateDisposableTokenRequest::new(scope.into(), ExpiresIn::minutes(5));
        let made = auth.send_request(asked.token_id("ann".into())).await?;
        let inside = CredentialProvider::from_disposable_token(made.auth_token())?;
        users.push(topics(inside.insecure_endpoint_override(&address())));
    }
    let [publisher, subscriber] = &users[..] else { panic!("two users") };

    let mut subscription = subscriber.subscribe(&scene.cache, "room").await?;
    publisher.publish(&scene.cache, "room", "hello").await?;
    let item = next(&mut subscription).await;
    assert_eq!((item.kind, &*item.publisher_id), (ValueKind::Text("hello".into()), "ann"));

    let denied = MomentoErrorCode::PermissionError;
    assert_eq!(refused(subscriber.publish(&scene.cache, "room", "a").await), denied);
    assert_eq!(refused(publisher.subscribe(&scene.cache, "room").await), denied);
    assert_eq!(refused(publisher.publish(&scene.cache, "other", "a").await), denied);
    assert_eq!(refused(subscriber.subscribe(&scene.cache, "other").await), denied);
    Ok(())
}

/// This client has four connections, and never counts an ended subscription back.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_subscriptions_of_a_connection_get_each_message() -> Test {
    let (scene, client) = (Scene::new().await, topics(provider()));
    let asked = (0..400).map(|_| client.subscribe(&scene.cache, "t"));
    let mut subscriptions = Vec::new();
    for subscription in join_all(asked).await {
        subscriptions.push(subscription?);
    }
    client.publish(&scene.cache, "t", "to all").await?;

    for subscription in &mut subscriptions {
        assert_eq!(text(subscription).await, "to all");
    }
    drop(subscriptions);
    let one_more = client.subscribe(&scene.cache, "t").await;
    assert_eq!(refused(one_more), MomentoErrorCode::ClientResourceExhausted);
    Ok(())
}

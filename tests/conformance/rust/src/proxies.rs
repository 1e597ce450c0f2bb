//! Topics behind proxies, whose addresses ATTIMO_PROXIES names, and a server that is restarted.

use momento::{MomentoResult, TopicClient};
use momento::topics::{Subscription, ValueKind};

use crate::scene::{Scene, Test, every_byte, new_name, provider_at, said};
use crate::topics::{next, publish_past_the_block, stage, topics};

const MANY: u64 = 200;

/// Subscribes to a new topic, which gets many messages by the same client.
async fn subscribed(client: &TopicClient, cache: &str, topic: &str) -> MomentoResult<Subscription> {
    let mut subscription = client.subscribe(cache, topic).await?;
    for number in 1..=MANY {
        client.publish(cache, topic, number.to_string()).await?;
    }
    client.publish(cache, topic, every_byte()).await?;
    for number in 1..=MANY {
        let item = next(&mut subscription).await;
        assert_eq!(item.topic_sequence_number, number);
        assert_eq!(item.kind, ValueKind::Text(number.to_string()));
    }
    assert_eq!(next(&mut subscription).await.kind, ValueKind::Binary(every_byte()));
    Ok(subscription)
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_come_in_order_and_a_restart_begins_a_new_page() -> Test {
    let (scene, addresses) = (Scene::new().await, said("ATTIMO_PROXIES"));
    let mut all = Vec::new();
    for address in addresses.split_whitespace() {
        let client = topics(provider_at(&format!("http://{address}")));
        let topic = new_name();
        let subscription = subscribed(&client, &scene.cache, &topic).await?;
        all.push((client, topic, subscription));
    }
    assert!(!all.is_empty());

    stage("restart");

    for (_, topic, subscription) in &mut all {
        publish_past_the_block(&scene.cache, topic, 3);
        for number in 1..=3 {
            let item = next(subscription).await;
            assert_eq!(item.topic_sequence_number, number);
            assert_eq!(item.kind, ValueKind::Text(number.to_string()));
        }
    }
    Ok(())
}

//! How long things live: single values and collections alike.

use std::time::Duration;

use momento::cache::*;
use momento::{CacheClient, MomentoResult};

use crate::scene::{HOUR, MINUTE, Scene, Test};

/// Every write to a collection; each makes it if there is none.
const WRITES: [&str; 12] = [
    "dictionary_set_field",
    "dictionary_set_fields",
    "dictionary_increment",
    "list_push_back",
    "list_push_front",
    "list_concatenate_back",
    "list_concatenate_front",
    "set_add_elements",
    "sorted_set_put_element",
    "sorted_set_put_elements",
    "sorted_set_increment_score",
    "list_retain",
];

async fn sent<R: MomentoRequest>(client: &CacheClient, request: R) -> MomentoResult<()> {
    client.send_request(request).await.map(|_| ())
}

async fn write(
    Scene { client, cache }: &Scene,
    write: &str,
    key: &str,
    ttl: CollectionTtl,
) -> MomentoResult<()> {
    let c = cache.as_str();
    let one = vec!["v"];
    match write {
        "dictionary_set_field" => {
            sent(client, DictionarySetFieldRequest::new(c, key, "f", "v").ttl(ttl)).await
        }
        "dictionary_set_fields" => {
            let fields = vec![("f", "v")];
            sent(client, DictionarySetFieldsRequest::new(c, key, fields).ttl(ttl)).await
        }
        "dictionary_increment" => {
            sent(client, DictionaryIncrementRequest::new(c, key, "n", 1).ttl(ttl)).await
        }
        "list_push_back" => sent(client, ListPushBackRequest::new(c, key, "v").ttl(ttl)).await,
        "list_push_front" => sent(client, ListPushFrontRequest::new(c, key, "v").ttl(ttl)).await,
        "list_concatenate_back" => {
            sent(client, ListConcatenateBackRequest::new(c, key, one).ttl(ttl)).await
        }
        "list_concatenate_front" => {
            sent(client, ListConcatenateFrontRequest::new(c, key, one).ttl(ttl)).await
        }
        "list_retain" => {
            let there = client.key_exists(c, key).await?.exists;
            if !there {
                sent(client, ListPushBackRequest::new(c, key, "v").ttl(ttl)).await?;
            }
            sent(client, ListRetainRequest::new(c, key).ttl(ttl)).await
        }
        "set_add_elements" => sent(client, SetAddElementsRequest::new(c, key, one).ttl(ttl)).await,
        "sorted_set_put_element" => {
            sent(client, SortedSetPutElementRequest::new(c, key, "v", 1.0).ttl(ttl)).await
        }
        "sorted_set_put_elements" => {
            let elements = vec![("v", 1.0)];
            sent(client, SortedSetPutElementsRequest::new(c, key, elements).ttl(ttl)).await
        }
        _ => sent(client, SortedSetIncrementScoreRequest::new(c, key, "v", 1.0).ttl(ttl)).await,
    }
}

async fn left(Scene { client, cache }: &Scene, key: &str) -> MomentoResult<Duration> {
    client.item_get_ttl(cache, key).await?.try_into()
}

/// Less than what was given, and not much less.
fn assert_near(left: Duration, ttl: Duration, of: &str) {
    assert!(left < ttl, "{of}: {left:?} is not below {ttl:?}");
    assert!(left + Duration::from_secs(20) > ttl, "{of}: {left:?} is not near {ttl:?}");
}

#[tokio::test]
async fn what_is_left_is_less_than_what_was_given() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    client.set(cache, "unsaid", "value").await?;
    client.send_request(SetRequest::new(cache, "said", "value").ttl(HOUR)).await?;

    assert_near(left(&scene, "unsaid").await?, MINUTE, "the client's own");
    assert_near(left(&scene, "said").await?, HOUR, "what was said");
    Ok(())
}

#[tokio::test]
async fn an_absent_key_has_no_ttl() -> Test {
    let Scene { client, cache } = Scene::new().await;

    assert_eq!(client.item_get_ttl(&cache, "key").await?, ItemGetTtlResponse::Miss);
    assert_eq!(client.update_ttl(&cache, "key", MINUTE).await?, UpdateTtlResponse::Miss);
    assert_eq!(client.increase_ttl(&cache, "key", MINUTE).await?, IncreaseTtlResponse::Miss);
    assert_eq!(client.decrease_ttl(&cache, "key", MINUTE).await?, DecreaseTtlResponse::Miss);
    Ok(())
}

#[tokio::test]
async fn a_ttl_is_replaced_or_moved_one_way() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    client.set(cache, "key", "value").await?;

    assert_eq!(client.update_ttl(cache, "key", HOUR).await?, UpdateTtlResponse::Set);
    assert_near(left(&scene, "key").await?, HOUR, "updated");
    assert_eq!(client.increase_ttl(cache, "key", MINUTE).await?, IncreaseTtlResponse::NotSet);
    assert_near(left(&scene, "key").await?, HOUR, "not increased");
    assert_eq!(client.decrease_ttl(cache, "key", MINUTE).await?, DecreaseTtlResponse::Set);
    assert_near(left(&scene, "key").await?, MINUTE, "decreased");
    assert_eq!(client.decrease_ttl(cache, "key", HOUR).await?, DecreaseTtlResponse::NotSet);
    assert_near(left(&scene, "key").await?, MINUTE, "not decreased");
    assert_eq!(client.increase_ttl(cache, "key", HOUR).await?, IncreaseTtlResponse::Set);
    assert_near(left(&scene, "key").await?, HOUR, "increased");
    Ok(())
}

#[tokio::test]
async fn increment_replaces_the_ttl_of_a_value() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    client.set(cache, "key", "1").await?;

    client.send_request(IncrementRequest::new(cache, "key", 1).ttl(HOUR)).await?;

    assert_near(left(&scene, "key").await?, HOUR, "increment");
    Ok(())
}

#[tokio::test]
async fn a_new_collection_takes_the_ttl_and_keeps_it_until_a_refresh() -> Test {
    let scene = Scene::new().await;
    for each in WRITES {
        write(&scene, each, each, CollectionTtl::initialize_only(MINUTE)).await?;
        assert_near(left(&scene, each).await?, MINUTE, each);

        write(&scene, each, each, CollectionTtl::initialize_only(HOUR)).await?;
        assert_near(left(&scene, each).await?, MINUTE, each);

        write(&scene, each, each, CollectionTtl::refresh_on_update(HOUR)).await?;
        assert_near(left(&scene, each).await?, HOUR, each);
    }
    Ok(())
}

/// Time is the promise here: the miss must come after exactly half a second.
#[tokio::test]
async fn a_collection_is_a_miss_when_its_time_is_over() -> Test {
    let scene = Scene::new().await;
    let half = Duration::from_millis(500);
    for each in WRITES {
        write(&scene, each, each, CollectionTtl::refresh_on_update(half)).await?;
    }

    tokio::time::sleep(half).await;

    let told: Vec<bool> = scene.client.keys_exist(&scene.cache, WRITES.to_vec()).await?.into();
    assert_eq!(told, [false; 12]);
    Ok(())
}

#[tokio::test]
async fn every_item_tells_its_type() -> Test {
    let Scene { client, cache } = Scene::new().await;
    client.set(&cache, "scalar", "v").await?;
    client.dictionary_set_field(&cache, "dictionary", "f", "v").await?;
    client.list_push_back(&cache, "list", "v").await?;
    client.set_add_elements(&cache, "set", vec!["v"]).await?;
    client.sorted_set_put_element(&cache, "sorted set", "v", 1.0).await?;

    for (key, key_type) in [
        ("scalar", ItemType::Scalar),
        ("dictionary", ItemType::Dictionary),
        ("list", ItemType::List),
        ("set", ItemType::Set),
        ("sorted set", ItemType::SortedSet),
    ] {
        let told = client.item_get_type(&cache, key).await?;
        assert_eq!(told, ItemGetTypeResponse::Hit { key_type });
    }
    assert_eq!(client.item_get_type(&cache, "none").await?, ItemGetTypeResponse::Miss);
    Ok(())
}

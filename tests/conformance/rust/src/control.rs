//! Caches: made, listed, emptied, removed.

use momento::MomentoErrorCode::{AuthenticationError, CacheNotFoundError, InvalidArgumentError};
use momento::cache::{CreateCacheResponse, GetResponse, ListCachesResponse, ListFetchResponse};

use crate::scene::{NO_CACHE, Scene, Test, client, new_name, provider_with, refused};

fn listed(caches: &ListCachesResponse, name: &str) -> bool {
    caches.caches.iter().any(|cache| cache.name == name)
}

#[tokio::test]
async fn a_cache_is_made_once_and_gone_when_it_is_deleted() -> Test {
    let Scene { client, .. } = Scene::new().await;
    let name = new_name();

    assert_eq!(client.create_cache(&name).await?, CreateCacheResponse::Created);
    assert_eq!(client.create_cache(&name).await?, CreateCacheResponse::AlreadyExists);
    assert!(listed(&client.list_caches().await?, &name));
    client.set(&name, "key", "value").await?;

    client.delete_cache(&name).await?;
    assert!(!listed(&client.list_caches().await?, &name));
    assert_eq!(refused(client.delete_cache(&name).await), CacheNotFoundError);
    assert_eq!(refused(client.get(&name, "key").await), CacheNotFoundError);
    Ok(())
}

#[tokio::test]
async fn a_cache_that_comes_again_is_empty() -> Test {
    let Scene { client, cache } = Scene::new().await;
    client.set(&cache, "key", "value").await?;
    client.delete_cache(&cache).await?;

    client.create_cache(&cache).await?;

    assert_eq!(client.get(&cache, "key").await?, GetResponse::Miss);
    Ok(())
}

#[tokio::test]
async fn a_flushed_cache_is_empty_and_stays() -> Test {
    let Scene { client, cache } = Scene::new().await;
    client.set(&cache, "key", "value").await?;
    client.list_push_back(&cache, "list", "value").await?;

    client.flush_cache(&cache).await?;

    assert_eq!(client.get(&cache, "key").await?, GetResponse::Miss);
    assert_eq!(client.list_fetch(&cache, "list").await?, ListFetchResponse::Miss);
    assert!(listed(&client.list_caches().await?, &cache));
    Ok(())
}

#[tokio::test]
async fn a_cache_that_is_not_there_is_not_flushed() {
    let Scene { client, .. } = Scene::new().await;

    assert_eq!(refused(client.flush_cache(NO_CACHE).await), CacheNotFoundError);
}

const UNLIMITED: u32 = (1 << 31) - 1;

#[tokio::test]
async fn every_cache_tells_its_limits() -> Test {
    let Scene { client, cache } = Scene::new().await;
    let caches = client.list_caches().await?.caches;
    let found = caches.iter().find(|each| each.name == cache).expect("the cache is listed");

    assert_eq!(found.cache_limits.max_throughput_kbps, UNLIMITED);
    assert_eq!(found.cache_limits.max_traffic_rate, UNLIMITED);
    assert_eq!(found.cache_limits.max_item_size_kb, 4883);
    assert_eq!(found.cache_limits.max_ttl_seconds, u64::from(UNLIMITED));
    assert_eq!(found.topic_limits.max_publish_rate, UNLIMITED);
    assert_eq!(found.topic_limits.max_subscription_count, UNLIMITED);
    assert_eq!(found.topic_limits.max_publish_message_size_kb, 1_024);
    Ok(())
}

#[tokio::test]
async fn a_malformed_name_is_refused() {
    let Scene { client, .. } = Scene::new().await;
    for name in ["", "   ", "a/b"] {
        assert_eq!(refused(client.create_cache(name).await), InvalidArgumentError, "{name:?}");
    }
}

#[tokio::test]
async fn a_key_that_is_none_opens_nothing() {
    let Scene { cache, .. } = Scene::new().await;
    let key = "eyJhbGciOiJub25lIn0.eyJ0IjoiZyJ9.AAAA";
    let stranger = client(provider_with(key.into()));

    assert_eq!(refused(stranger.list_caches().await), AuthenticationError);
    assert_eq!(refused(stranger.get(&cache, "key").await), AuthenticationError);
    assert_eq!(refused(stranger.get(NO_CACHE, "key").await), AuthenticationError);
}

//! Sorted sets that are made of others: weights and aggregates.

use std::time::Duration;

use momento::MomentoErrorCode::{
    CacheNotFoundError, FailedPreconditionError, InvalidArgumentError,
};
use momento::MomentoResult;
use momento::cache::SortedSetAggregateFunction::{self, Max, Min, Sum};
use momento::cache::{
    CollectionTtl, SortedSetFetchResponse, SortedSetOrder, SortedSetUnionStoreRequest,
};

use crate::scene::{HOUR, MINUTE, NO_CACHE, Scene, Test, refused};

const INTO: &str = "into";

type Sources = Vec<(&'static str, f32)>;

/// The sets `one` and `two`, which share `b`.
async fn sources() -> MomentoResult<Scene> {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    client.sorted_set_put_elements(cache, "one", vec![("a", 1.0), ("b", 2.0)]).await?;
    client.sorted_set_put_elements(cache, "two", vec![("b", 10.0), ("c", 20.0)]).await?;
    Ok(scene)
}

async fn store(
    Scene { client, cache }: &Scene,
    sources: Sources,
    aggregate: SortedSetAggregateFunction,
) -> MomentoResult<u32> {
    let request = SortedSetUnionStoreRequest::new(cache, INTO, sources).aggregate(aggregate);
    Ok(client.send_request(request).await?.length)
}

async fn stored(Scene { client, cache }: &Scene) -> MomentoResult<Vec<(String, f64)>> {
    let ascending = SortedSetOrder::Ascending;
    client.sorted_set_fetch_by_rank(cache, INTO, ascending, None, None).await?.try_into()
}

fn scores(of: &[(&str, f64)]) -> Vec<(String, f64)> {
    of.iter().map(|&(value, score)| (value.into(), score)).collect()
}

#[tokio::test]
async fn scores_are_weighed_and_then_joined() -> Test {
    let scene = sources().await?;
    for (weights, aggregate, expected) in [
        ((1.0, 1.0), Sum, [("a", 1.0), ("b", 12.0), ("c", 20.0)]),
        ((1.0, 1.0), Min, [("a", 1.0), ("b", 2.0), ("c", 20.0)]),
        ((1.0, 1.0), Max, [("a", 1.0), ("b", 10.0), ("c", 20.0)]),
        ((2.0, 0.5), Sum, [("a", 2.0), ("b", 9.0), ("c", 10.0)]),
        ((8.0, 0.5), Min, [("b", 5.0), ("a", 8.0), ("c", 10.0)]),
        ((0.0, 0.0), Max, [("a", 0.0), ("b", 0.0), ("c", 0.0)]),
        ((-1.0, -1.0), Sum, [("c", -20.0), ("b", -12.0), ("a", -1.0)]),
    ] {
        let sources = vec![("one", weights.0), ("two", weights.1)];

        let length = store(&scene, sources, aggregate.clone()).await?;

        assert_eq!(length, 3);
        assert_eq!(stored(&scene).await?, scores(&expected), "{weights:?} {aggregate}");
    }
    Ok(())
}

#[tokio::test]
async fn a_set_may_be_joined_with_itself_and_with_nothing() -> Test {
    let scene = sources().await?;
    let sources = vec![("one", 1.0), ("one", 2.0), ("none", 1.0)];

    assert_eq!(store(&scene, sources, Sum).await?, 2);

    assert_eq!(stored(&scene).await?, scores(&[("a", 3.0), ("b", 6.0)]));
    Ok(())
}

#[tokio::test]
async fn what_was_there_is_replaced_even_by_itself() -> Test {
    let scene = sources().await?;
    let Scene { client, cache } = &scene;
    client.sorted_set_put_element(cache, INTO, "z", 1.0).await?;

    store(&scene, vec![("one", 1.0)], Sum).await?;
    assert_eq!(stored(&scene).await?, scores(&[("a", 1.0), ("b", 2.0)]));
    store(&scene, vec![(INTO, 2.0), ("one", 1.0)], Sum).await?;
    assert_eq!(stored(&scene).await?, scores(&[("a", 3.0), ("b", 6.0)]));
    Ok(())
}

#[tokio::test]
async fn a_union_of_nothing_is_nothing() -> Test {
    let scene = sources().await?;
    let Scene { client, cache } = &scene;
    client.sorted_set_put_element(cache, INTO, "z", 1.0).await?;

    assert_eq!(store(&scene, vec![("none", 1.0)], Sum).await?, 0);

    let ascending = SortedSetOrder::Ascending;
    let fetched = client.sorted_set_fetch_by_rank(cache, INTO, ascending, None, None).await?;
    assert_eq!(fetched, SortedSetFetchResponse::Miss);
    assert!(!client.key_exists(cache, INTO).await?.exists);
    Ok(())
}

#[tokio::test]
async fn the_union_has_the_ttl_of_the_call() -> Test {
    let Scene { client, cache } = sources().await?;
    client.sorted_set_put_element(&cache, INTO, "z", 1.0).await?;
    let request = SortedSetUnionStoreRequest::new(&cache, INTO, vec![("one", 1.0)]);

    client.send_request(request.ttl(CollectionTtl::refresh_on_update(HOUR))).await?;

    let left: Duration = client.item_get_ttl(&cache, INTO).await?.try_into()?;
    assert!(left > MINUTE && left < HOUR, "{left:?}");
    Ok(())
}

#[tokio::test]
async fn no_source_no_sorted_set_and_no_cache_are_refused() -> Test {
    let scene = sources().await?;
    let Scene { client, cache } = &scene;
    client.list_push_back(cache, "list", "a").await?;

    assert_eq!(refused(store(&scene, vec![], Sum).await), InvalidArgumentError);
    let wrong = store(&scene, vec![("one", 1.0), ("list", 1.0)], Sum).await;
    assert_eq!(refused(wrong), FailedPreconditionError);
    let nowhere = SortedSetUnionStoreRequest::new(NO_CACHE, INTO, vec![("one", 1.0)]);
    assert_eq!(refused(client.send_request(nowhere).await), CacheNotFoundError);
    Ok(())
}

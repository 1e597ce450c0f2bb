//! What every call says of a cache that is not there, and of an item of another type.

use momento::MomentoErrorCode::{
    self, CacheNotFoundError, FailedPreconditionError, InvalidArgumentError,
};
use momento::cache::SortedSetOrder::Ascending;
use momento::{CacheClient, MomentoResult};

use crate::scene::{MINUTE, NO_CACHE, Scene, Test, error_of};

/// A call by its name, and the error with which it ended, if it did.
type Answer = (&'static str, Option<MomentoErrorCode>);

const KEY: &str = "key";

fn said<T>(answer: MomentoResult<T>) -> Option<MomentoErrorCode> {
    answer.err().map(|error| error.error_code)
}

async fn scalars(client: &CacheClient, c: &str) -> Vec<Answer> {
    vec![
        ("get", said(client.get(c, KEY).await)),
        ("increment", said(client.increment(c, KEY, 1).await)),
        ("set_if_equal", said(client.set_if_equal(c, KEY, "v", "w").await)),
        ("set_if_not_equal", said(client.set_if_not_equal(c, KEY, "v", "w").await)),
        (
            "set_if_present_and_not_equal",
            said(client.set_if_present_and_not_equal(c, KEY, "v", "w").await),
        ),
        ("set_if_absent_or_equal", said(client.set_if_absent_or_equal(c, KEY, "v", "w").await)),
    ]
}

async fn of_any_type(client: &CacheClient, c: &str) -> Vec<Answer> {
    vec![
        ("set", said(client.set(c, KEY, "v").await)),
        ("set_if_absent", said(client.set_if_absent(c, KEY, "v").await)),
        ("set_if_present", said(client.set_if_present(c, KEY, "v").await)),
        ("set_batch", said(client.set_batch(c, [(KEY, "v")]).await)),
        ("get_batch", said(client.get_batch(c, vec![KEY]).await)),
        ("delete", said(client.delete(c, KEY).await)),
        ("key_exists", said(client.key_exists(c, KEY).await)),
        ("keys_exist", said(client.keys_exist(c, vec![KEY]).await)),
        ("item_get_type", said(client.item_get_type(c, KEY).await)),
        ("item_get_ttl", said(client.item_get_ttl(c, KEY).await)),
        ("update_ttl", said(client.update_ttl(c, KEY, MINUTE).await)),
        ("increase_ttl", said(client.increase_ttl(c, KEY, MINUTE).await)),
        ("decrease_ttl", said(client.decrease_ttl(c, KEY, MINUTE).await)),
    ]
}

async fn dictionaries(client: &CacheClient, c: &str) -> Vec<Answer> {
    vec![
        ("fetch", said(client.dictionary_fetch(c, KEY).await)),
        ("get_field", said(client.dictionary_get_field(c, KEY, "f").await)),
        ("get_fields", said(client.dictionary_get_fields(c, KEY, vec!["f"]).await)),
        ("set_field", said(client.dictionary_set_field(c, KEY, "f", "v").await)),
        ("set_fields", said(client.dictionary_set_fields(c, KEY, vec![("f", "v")]).await)),
        ("increment", said(client.dictionary_increment(c, KEY, "f", 1).await)),
        ("length", said(client.dictionary_length(c, KEY).await)),
        ("remove_field", said(client.dictionary_remove_field(c, KEY, "f").await)),
        ("remove_fields", said(client.dictionary_remove_fields(c, KEY, vec!["f"]).await)),
    ]
}

async fn lists(client: &CacheClient, c: &str) -> Vec<Answer> {
    vec![
        ("fetch", said(client.list_fetch(c, KEY).await)),
        ("length", said(client.list_length(c, KEY).await)),
        ("push_back", said(client.list_push_back(c, KEY, "v").await)),
        ("push_front", said(client.list_push_front(c, KEY, "v").await)),
        ("pop_back", said(client.list_pop_back(c, KEY).await)),
        ("pop_front", said(client.list_pop_front(c, KEY).await)),
        ("concatenate_back", said(client.list_concatenate_back(c, KEY, vec!["v"]).await)),
        ("concatenate_front", said(client.list_concatenate_front(c, KEY, vec!["v"]).await)),
        ("remove_value", said(client.list_remove_value(c, KEY, "v").await)),
        ("retain", said(client.list_retain(c, KEY, 0, 1).await)),
    ]
}

async fn sets(client: &CacheClient, c: &str) -> Vec<Answer> {
    vec![
        ("fetch", said(client.set_fetch(c, KEY).await)),
        ("add_elements", said(client.set_add_elements(c, KEY, vec!["v"]).await)),
        ("remove_elements", said(client.set_remove_elements(c, KEY, vec!["v"]).await)),
    ]
}

async fn sorted_sets(client: &CacheClient, c: &str) -> Vec<Answer> {
    let by_rank = client.sorted_set_fetch_by_rank(c, KEY, Ascending, None, None).await;
    let elements = vec![("v", 1.0)];
    vec![
        ("fetch_by_rank", said(by_rank)),
        ("fetch_by_score", said(client.sorted_set_fetch_by_score(c, KEY, Ascending).await)),
        ("get_rank", said(client.sorted_set_get_rank(c, KEY, "v").await)),
        ("get_score", said(client.sorted_set_get_score(c, KEY, "v").await)),
        ("get_scores", said(client.sorted_set_get_scores(c, KEY, vec!["v"]).await)),
        ("length", said(client.sorted_set_length(c, KEY).await)),
        ("length_by_score", said(client.sorted_set_length_by_score(c, KEY).await)),
        ("put_element", said(client.sorted_set_put_element(c, KEY, "v", 1.0).await)),
        ("put_elements", said(client.sorted_set_put_elements(c, KEY, elements).await)),
        ("increment_score", said(client.sorted_set_increment_score(c, KEY, "v", 1.0).await)),
        ("remove_elements", said(client.sorted_set_remove_elements(c, KEY, vec!["v"]).await)),
    ]
}

async fn all(client: &CacheClient, cache: &str) -> Vec<Answer> {
    let mut answers = scalars(client, cache).await;
    answers.extend(of_any_type(client, cache).await);
    answers.extend(dictionaries(client, cache).await);
    answers.extend(lists(client, cache).await);
    answers.extend(sets(client, cache).await);
    answers.extend(sorted_sets(client, cache).await);
    answers
}

fn assert_all(answers: Vec<Answer>, refusal: MomentoErrorCode) {
    for (call, error) in answers {
        assert_eq!(error.as_ref(), Some(&refusal), "{call}");
    }
}

#[tokio::test]
async fn a_cache_that_is_not_there_is_not_found() {
    let Scene { client, .. } = Scene::new().await;

    assert_all(all(&client, NO_CACHE).await, CacheNotFoundError);
}

#[tokio::test]
async fn the_client_refuses_an_empty_cache_name() {
    let Scene { client, .. } = Scene::new().await;

    assert_all(all(&client, "").await, InvalidArgumentError);
    assert_all(all(&client, "  ").await, InvalidArgumentError);
}

#[tokio::test]
async fn a_single_value_is_no_collection() -> Test {
    let Scene { client, cache } = Scene::new().await;
    client.set(&cache, KEY, "value").await?;

    assert_all(dictionaries(&client, &cache).await, FailedPreconditionError);
    assert_all(lists(&client, &cache).await, FailedPreconditionError);
    assert_all(sets(&client, &cache).await, FailedPreconditionError);
    assert_all(sorted_sets(&client, &cache).await, FailedPreconditionError);
    Ok(())
}

#[tokio::test]
async fn a_list_is_nothing_else() -> Test {
    let Scene { client, cache } = Scene::new().await;
    client.list_push_back(&cache, KEY, "value").await?;

    assert_all(scalars(&client, &cache).await, FailedPreconditionError);
    assert_all(dictionaries(&client, &cache).await, FailedPreconditionError);
    assert_all(sets(&client, &cache).await, FailedPreconditionError);
    assert_all(sorted_sets(&client, &cache).await, FailedPreconditionError);
    let error = error_of(client.set_fetch(&cache, KEY).await);
    let inner = format!("{:?}", error.inner_error);
    assert!(inner.contains("list") && inner.contains("set"), "{inner}");
    Ok(())
}

#[tokio::test]
async fn a_dictionary_is_no_list() -> Test {
    let Scene { client, cache } = Scene::new().await;
    client.dictionary_set_field(&cache, KEY, "field", "value").await?;

    assert_all(scalars(&client, &cache).await, FailedPreconditionError);
    assert_all(lists(&client, &cache).await, FailedPreconditionError);
    Ok(())
}

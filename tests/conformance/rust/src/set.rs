//! Sets.

use std::collections::BTreeSet;

use momento::MomentoErrorCode::LimitExceededError;
use momento::MomentoResult;
use momento::cache::SetFetchResponse;

use crate::scene::{Scene, Test, error_of, every_byte};

const NAME: &str = "set";

type Elements = BTreeSet<Vec<u8>>;

async fn all(Scene { client, cache }: &Scene) -> MomentoResult<Elements> {
    let fetched: Vec<Vec<u8>> = client.set_fetch(cache, NAME).await?.try_into()?;
    let elements: Elements = fetched.iter().cloned().collect();
    assert_eq!(elements.len(), fetched.len(), "an element stands twice");
    Ok(elements)
}

fn elements(of: &[&str]) -> Elements {
    of.iter().map(|each| each.as_bytes().to_vec()).collect()
}

async fn is_gone(Scene { client, cache }: &Scene) -> MomentoResult<bool> {
    let fetched = client.set_fetch(cache, NAME).await?;
    let there = client.key_exists(cache, NAME).await?.exists;
    assert_eq!(fetched == SetFetchResponse::Miss, !there);
    Ok(!there)
}

#[tokio::test]
async fn an_element_is_there_once() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    client.set_add_elements(cache, NAME, vec!["a", "b", "a", ""]).await?;

    client.set_add_elements(cache, NAME, vec!["b", "c"]).await?;

    assert_eq!(all(&scene).await?, elements(&["", "a", "b", "c"]));
    Ok(())
}

#[tokio::test]
async fn elements_may_be_any_bytes() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    let many = vec![every_byte(), vec![0], vec![7; 100_000]];
    client.set_add_elements(cache, NAME, many.clone()).await?;

    assert_eq!(all(&scene).await?, many.into_iter().collect());
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_is_a_miss_and_removing_from_it_succeeds() -> Test {
    let scene = Scene::new().await;

    scene.client.set_remove_elements(&scene.cache, NAME, vec!["a"]).await?;

    assert!(is_gone(&scene).await?);
    Ok(())
}

#[tokio::test]
async fn removed_elements_are_gone_and_the_set_with_the_last() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    client.set_add_elements(cache, NAME, vec!["a", "b", "c"]).await?;

    client.set_remove_elements(cache, NAME, vec!["a", "none"]).await?;
    assert_eq!(all(&scene).await?, elements(&["b", "c"]));
    client.set_remove_elements(cache, NAME, vec!["b", "c"]).await?;

    assert!(is_gone(&scene).await?);
    Ok(())
}

#[tokio::test]
async fn ten_thousand_elements_come_back() -> Test {
    let scene = Scene::new().await;
    let many: Vec<String> = (0..10_000).map(|i: u32| i.to_string()).collect();
    scene.client.set_add_elements(&scene.cache, NAME, many.clone()).await?;

    assert_eq!(all(&scene).await?, many.into_iter().map(String::into_bytes).collect());
    Ok(())
}

#[tokio::test]
async fn an_element_that_is_too_large_leaves_the_set_as_it_was() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    client.set_add_elements(cache, NAME, vec!["a"]).await?;
    let too_large = vec![vec![b'b'], vec![0; 200_000]];

    let error = error_of(client.set_add_elements(cache, NAME, too_large).await);

    assert_eq!(error.error_code, LimitExceededError);
    assert!(error.message.starts_with("Element size limit exceeded"), "{}", error.message);
    assert_eq!(all(&scene).await?, elements(&["a"]));
    Ok(())
}

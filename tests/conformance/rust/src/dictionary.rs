//! Dictionaries.

use std::collections::HashMap;

use momento::MomentoErrorCode::{FailedPreconditionError, LimitExceededError};
use momento::MomentoResult;
use momento::cache::{
    DictionaryFetchResponse, DictionaryGetFieldResponse, DictionaryGetFieldsResponse,
    DictionaryLengthResponse,
};

use crate::scene::{Scene, Test, error_of, every_byte, refused};

const NAME: &str = "dictionary";

type Fields = HashMap<String, String>;

fn fields(of: &[(&str, &str)]) -> Fields {
    of.iter().map(|&(field, value)| (field.into(), value.into())).collect()
}

async fn make(scene: &Scene, of: &[(&str, &str)]) -> MomentoResult<()> {
    let Scene { client, cache } = scene;
    client.dictionary_set_fields(cache, NAME, of.to_vec()).await.map(|_| ())
}

async fn all(Scene { client, cache }: &Scene) -> MomentoResult<Fields> {
    client.dictionary_fetch(cache, NAME).await?.try_into()
}

async fn is_gone(Scene { client, cache }: &Scene) -> MomentoResult<bool> {
    let length = client.dictionary_length(cache, NAME).await?;
    let there = client.key_exists(cache, NAME).await?.exists;
    assert_eq!(length == DictionaryLengthResponse::Miss, !there);
    Ok(!there)
}

#[tokio::test]
async fn fields_are_set_and_replaced() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    make(&scene, &[("a", "1"), ("b", "2")]).await?;

    client.dictionary_set_field(cache, NAME, "b", "3").await?;

    let got: String = client.dictionary_get_field(cache, NAME, "b").await?.try_into()?;
    assert_eq!(got, "3");
    assert_eq!(all(&scene).await?, fields(&[("a", "1"), ("b", "3")]));
    let length = client.dictionary_length(cache, NAME).await?;
    assert_eq!(length, DictionaryLengthResponse::Hit { length: 2 });
    Ok(())
}

#[tokio::test]
async fn fields_and_values_may_be_any_bytes() -> Test {
    let Scene { client, cache } = Scene::new().await;
    for value in [vec![], every_byte(), vec![7; 100_000]] {
        client.dictionary_set_field(&cache, NAME, every_byte(), value.clone()).await?;

        let fetched = client.dictionary_fetch(&cache, NAME).await?;

        let fetched: HashMap<Vec<u8>, Vec<u8>> = fetched.try_into()?;
        assert_eq!(fetched, HashMap::from([(every_byte(), value)]));
    }
    Ok(())
}

#[tokio::test]
async fn the_empty_field_is_a_field() -> Test {
    let scene = Scene::new().await;
    make(&scene, &[("", "")]).await?;

    assert_eq!(all(&scene).await?, fields(&[("", "")]));
    Ok(())
}

#[tokio::test]
async fn fields_are_answered_where_they_were_asked_for() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    make(&scene, &[("a", "1"), ("b", "2")]).await?;
    let asked = vec!["b", "none", "a", "b"];

    let got = client.dictionary_get_fields(cache, NAME, asked).await?;

    let DictionaryGetFieldsResponse::Hit { responses, .. } = got else { panic!("a miss") };
    let values: Vec<Option<String>> =
        responses.into_iter().map(|each| each.try_into().ok()).collect();
    let [one, two] = ["1", "2"].map(|value| Some(value.to_string()));
    assert_eq!(values, [two.clone(), None, one, two]);
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_is_a_miss() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    let miss = DictionaryGetFieldResponse::Miss;

    assert_eq!(client.dictionary_get_field(cache, NAME, "a").await?, miss);
    let many = client.dictionary_get_fields(cache, NAME, vec!["a"]).await?;
    assert!(matches!(many, DictionaryGetFieldsResponse::Miss));
    assert_eq!(client.dictionary_fetch(cache, NAME).await?, DictionaryFetchResponse::Miss);
    assert!(is_gone(&scene).await?);
    client.dictionary_remove_field(cache, NAME, "a").await?;
    client.dictionary_remove_fields(cache, NAME, vec!["a"]).await?;

    make(&scene, &[("a", "1")]).await?;
    assert_eq!(client.dictionary_get_field(cache, NAME, "none").await?, miss);
    Ok(())
}

#[tokio::test]
async fn removed_fields_are_gone_and_the_dictionary_with_the_last() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    make(&scene, &[("a", "1"), ("b", "2"), ("c", "3")]).await?;

    client.dictionary_remove_field(cache, NAME, "a").await?;
    assert_eq!(all(&scene).await?, fields(&[("b", "2"), ("c", "3")]));
    client.dictionary_remove_fields(cache, NAME, vec!["b", "none", "c"]).await?;

    assert!(is_gone(&scene).await?);
    Ok(())
}

#[tokio::test]
async fn increment_counts_from_nothing_up_and_down() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    let mut values = vec![];
    for amount in [1, 41, -1042, 0] {
        values.push(client.dictionary_increment(cache, NAME, "n", amount).await?.value);
    }

    assert_eq!(values, [1, 42, -1000, -1000]);
    assert_eq!(all(&scene).await?, fields(&[("n", "-1000")]));
    Ok(())
}

#[tokio::test]
async fn increment_refuses_what_is_no_number() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    for value in ["hello, world!", "", "1.5"] {
        make(&scene, &[("n", value)]).await?;

        let refusal = refused(client.dictionary_increment(cache, NAME, "n", 1).await);

        assert_eq!(refusal, FailedPreconditionError, "{value:?}");
        assert_eq!(all(&scene).await?, fields(&[("n", value)]));
    }
    Ok(())
}

#[tokio::test]
async fn ten_thousand_fields_come_back() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    let many: Fields = (0..10_000).map(|i: u32| (i.to_string(), i.to_string())).collect();
    client.dictionary_set_fields(cache, NAME, many.clone()).await?;

    assert_eq!(all(&scene).await?, many);
    Ok(())
}

#[tokio::test]
async fn a_value_that_is_too_large_leaves_the_dictionary_as_it_was() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    make(&scene, &[("a", "1")]).await?;

    let error = error_of(client.dictionary_set_field(cache, NAME, "b", vec![0; 200_000]).await);

    assert_eq!(error.error_code, LimitExceededError);
    assert!(error.message.starts_with("Element size limit exceeded"), "{}", error.message);
    assert_eq!(all(&scene).await?, fields(&[("a", "1")]));
    Ok(())
}

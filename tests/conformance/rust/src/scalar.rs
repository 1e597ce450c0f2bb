//! Single values.

use std::time::Duration;

use momento::MomentoErrorCode::{FailedPreconditionError, LimitExceededError};
use momento::cache::{DeleteResponse, GetResponse, SetRequest};

use crate::scene::{Scene, Test, error_of, every_byte, refused};

#[tokio::test]
async fn what_set_writes_get_reads() -> Test {
    let Scene { client, cache } = Scene::new().await;
    for size in [0, 1, 256, 100_000, 5_000_000] {
        let value: Vec<u8> = every_byte().into_iter().cycle().take(size).collect();

        client.set(&cache, "key", value.clone()).await?;

        let got: Vec<u8> = client.get(&cache, "key").await?.try_into()?;
        assert!(got == value, "{size} bytes");
    }
    Ok(())
}

#[tokio::test]
async fn every_key_is_a_key() -> Test {
    let Scene { client, cache } = Scene::new().await;
    let keys = [vec![], b"a b/c?d=e".to_vec(), "ключ".into(), every_byte()];
    for key in keys {
        assert_eq!(client.get(&cache, key.clone()).await?, GetResponse::Miss);

        client.set(&cache, key.clone(), "value").await?;

        let got = client.get(&cache, key.clone()).await?;
        assert_eq!(got, GetResponse::from("value"));
        client.delete(&cache, key.clone()).await?;
        assert_eq!(client.get(&cache, key).await?, GetResponse::Miss);
    }
    Ok(())
}

#[tokio::test]
async fn set_replaces_what_was_there() -> Test {
    let Scene { client, cache } = Scene::new().await;
    client.set(&cache, "key", "a long first value").await?;
    client.set(&cache, "key", "2nd").await?;

    assert_eq!(client.get(&cache, "key").await?, GetResponse::from("2nd"));
    Ok(())
}

#[tokio::test]
async fn deleting_what_is_not_there_succeeds() -> Test {
    let Scene { client, cache } = Scene::new().await;

    assert_eq!(client.delete(&cache, "key").await?, DeleteResponse {});
    Ok(())
}

#[tokio::test]
async fn increment_counts_from_nothing_up_and_down() -> Test {
    let Scene { client, cache } = Scene::new().await;
    let mut values = vec![];
    for amount in [1, 41, -1042, 0, i64::MAX] {
        values.push(client.increment(&cache, "key", amount).await?.value);
    }

    assert_eq!(values, [1, 42, -1000, -1000, i64::MAX - 1000]);
    let got: String = client.get(&cache, "key").await?.try_into()?;
    assert_eq!(got, (i64::MAX - 1000).to_string());
    Ok(())
}

#[tokio::test]
async fn increment_goes_on_from_a_number_that_was_set() -> Test {
    let Scene { client, cache } = Scene::new().await;
    client.set(&cache, "key", "10").await?;

    assert_eq!(client.increment(&cache, "key", 5).await?.value, 15);
    Ok(())
}

#[tokio::test]
async fn increment_refuses_what_is_no_number_and_what_would_be_too_great() -> Test {
    let Scene { client, cache } = Scene::new().await;
    let greatest = i64::MAX.to_string();
    for value in ["forty-one", "", "1.5", " 1", "99999999999999999999", &greatest] {
        client.set(&cache, "key", value).await?;

        let refusal = refused(client.increment(&cache, "key", 1).await);

        assert_eq!(refusal, FailedPreconditionError, "{value:?}");
        assert_eq!(client.get(&cache, "key").await?, GetResponse::from(value));
    }
    Ok(())
}

#[tokio::test]
async fn what_exists_is_told_in_the_order_asked() -> Test {
    let Scene { client, cache } = Scene::new().await;
    client.set(&cache, "a", "").await?;
    client.list_push_back(&cache, "b", "value").await?;

    assert!(client.key_exists(&cache, "a").await?.exists);
    assert!(!client.key_exists(&cache, "c").await?.exists);
    let told: Vec<bool> = client.keys_exist(&cache, vec!["c", "b", "a", "c"]).await?.into();
    assert_eq!(told, [false, true, true, false]);
    let none: Vec<bool> = client.keys_exist(&cache, Vec::<String>::new()).await?.into();
    assert_eq!(none, [false; 0]);
    Ok(())
}

#[tokio::test]
async fn more_than_the_limit_is_refused_by_name() -> Test {
    let Scene { client, cache } = Scene::new().await;

    let error = error_of(client.set(&cache, "key", vec![0; 5_300_000]).await);

    assert_eq!(error.error_code, LimitExceededError);
    assert!(error.message.starts_with("Request size limit exceeded"), "{}", error.message);
    assert_eq!(client.get(&cache, "key").await?, GetResponse::Miss);
    Ok(())
}

/// Time is the promise here: the miss must come after exactly one second.
#[tokio::test]
async fn an_item_is_a_miss_when_its_second_is_over() -> Test {
    let Scene { client, cache } = Scene::new().await;
    let second = Duration::from_secs(1);
    client.send_request(SetRequest::new(&cache, "key", "value").ttl(second)).await?;
    let over = tokio::time::Instant::now() + second;
    assert_eq!(client.get(&cache, "key").await?, GetResponse::from("value"));

    tokio::time::sleep_until(over).await;

    assert_eq!(client.get(&cache, "key").await?, GetResponse::Miss);
    Ok(())
}

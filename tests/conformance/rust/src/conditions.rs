//! Conditional writes: the whole truth table.

use std::fmt::Debug;
use std::time::Duration;

use momento::MomentoResult;
use momento::cache::{GetResponse, ItemGetTtlResponse, SetIfPresentRequest};

use crate::scene::{MINUTE, Scene, Test};

/// What a key may hold before, and each condition's verdict on it.
const BEFORE: [Option<&str>; 4] = [None, Some("old"), Some("other"), Some("")];
const VERDICTS: [(&str, [bool; 4]); 6] = [
    ("set_if_present", [false, true, true, true]),
    ("set_if_absent", [true, false, false, false]),
    ("set_if_equal", [false, true, false, false]),
    ("set_if_not_equal", [true, false, true, true]),
    ("set_if_present_and_not_equal", [false, false, true, true]),
    ("set_if_absent_or_equal", [true, true, false, false]),
];

/// Whether the answer is `Stored`; it must be that or `NotStored`.
fn stored<T: Debug>(answer: MomentoResult<T>) -> MomentoResult<bool> {
    let said = format!("{:?}", answer?);
    assert!(said == "Stored" || said == "NotStored", "{said}");
    Ok(said == "Stored")
}

async fn write(scene: &Scene, condition: &str) -> MomentoResult<bool> {
    let Scene { client, cache } = scene;
    let (key, new, old) = ("key", "new", "old");
    match condition {
        "set_if_present" => stored(client.set_if_present(cache, key, new).await),
        "set_if_absent" => stored(client.set_if_absent(cache, key, new).await),
        "set_if_equal" => stored(client.set_if_equal(cache, key, new, old).await),
        "set_if_not_equal" => stored(client.set_if_not_equal(cache, key, new, old).await),
        "set_if_present_and_not_equal" => {
            stored(client.set_if_present_and_not_equal(cache, key, new, old).await)
        }
        _ => stored(client.set_if_absent_or_equal(cache, key, new, old).await),
    }
}

#[tokio::test]
async fn a_value_is_stored_if_its_condition_holds() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    for (condition, verdicts) in VERDICTS {
        for (before, verdict) in BEFORE.into_iter().zip(verdicts) {
            client.delete(cache, "key").await?;
            if let Some(value) = before {
                client.set(cache, "key", value).await?;
            }

            let done = write(&scene, condition).await?;

            assert_eq!(done, verdict, "{condition} on {before:?}");
            let after = if verdict { Some("new") } else { before };
            let expected = after.map_or(GetResponse::Miss, GetResponse::from);
            assert_eq!(client.get(cache, "key").await?, expected, "{condition} on {before:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_ttl_is_that_of_the_write_that_was_stored() -> Test {
    let Scene { client, cache } = Scene::new().await;
    let day = Duration::from_secs(86_400);
    client.set(&cache, "key", "old").await?;

    assert!(!stored(client.set_if_absent(&cache, "key", "new").await)?);
    let short = client.item_get_ttl(&cache, "key").await?;
    let request = SetIfPresentRequest::new(&cache, "key", "new").ttl(day);
    assert!(stored(client.send_request(request).await)?);
    let long = client.item_get_ttl(&cache, "key").await?;

    assert!(matches!(short, ItemGetTtlResponse::Hit { remaining_ttl } if remaining_ttl < MINUTE));
    assert!(matches!(long, ItemGetTtlResponse::Hit { remaining_ttl } if remaining_ttl > MINUTE));
    Ok(())
}

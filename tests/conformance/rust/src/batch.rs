//! Many values at a time.

use std::collections::HashMap;

use momento::cache::{GetBatchResponse, GetResponse, SetBatchResponse, SetResponse};

use crate::scene::{Scene, Test, every_byte};

type Values = HashMap<Vec<u8>, GetResponse>;

#[tokio::test]
async fn what_a_batch_writes_a_batch_reads() -> Test {
    let Scene { client, cache } = Scene::new().await;
    let items = [("a", vec![]), ("b", every_byte())];

    let written: SetBatchResponse = client.set_batch(&cache, items.clone()).await?;

    let written: HashMap<String, SetResponse> = written.try_into()?;
    assert_eq!(written, HashMap::from(items.clone().map(|(key, _)| (key.into(), SetResponse {}))));
    let read: GetBatchResponse = client.get_batch(&cache, vec!["b", "none", "a"]).await?;
    let mut expected: Values = items.map(|(key, value)| (key.into(), value.into())).into();
    expected.insert("none".into(), GetResponse::Miss);
    assert_eq!(Values::from(read), expected);
    Ok(())
}

#[tokio::test]
async fn a_thousand_answers_come_each_to_its_key() -> Test {
    let Scene { client, cache } = Scene::new().await;
    let keys: Vec<String> = (0..1000).map(|i: u32| i.to_string()).collect();
    let items: HashMap<String, String> = keys.iter().map(|i| (i.clone(), i.clone())).collect();
    client.set_batch(&cache, items.clone()).await?;

    let read: HashMap<String, String> = client.get_batch(&cache, keys).await?.try_into()?;

    assert_eq!(read, items);
    Ok(())
}

#[tokio::test]
async fn an_empty_batch_is_answered_with_nothing() -> Test {
    let Scene { client, cache } = Scene::new().await;

    client.set_batch(&cache, Vec::<(String, String)>::new()).await?;
    let read: Values = client.get_batch(&cache, Vec::<String>::new()).await?.into();

    assert_eq!(read, Values::new());
    Ok(())
}

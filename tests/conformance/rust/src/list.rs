//! Lists.

use momento::MomentoErrorCode::LimitExceededError;
use momento::MomentoResult;
use momento::cache::{
    ListConcatenateBackRequest, ListConcatenateFrontRequest, ListFetchRequest, ListFetchResponse,
    ListLengthResponse, ListPopBackResponse, ListPopFrontResponse, ListPushBackRequest,
    ListPushFrontRequest, ListRetainResponse,
};

use crate::scene::{Scene, Test, error_of, every_byte};

const NAME: &str = "list";
const ENDS: [Option<i32>; 13] = [
    None,
    Some(-100),
    Some(-6),
    Some(-5),
    Some(-4),
    Some(-1),
    Some(0),
    Some(1),
    Some(3),
    Some(5),
    Some(6),
    Some(i32::MIN),
    Some(i32::MAX),
];

/// One value a letter.
fn letters(of: &str) -> Vec<String> {
    of.chars().map(String::from).collect()
}

async fn make(Scene { client, cache }: &Scene, of: &str) -> MomentoResult<()> {
    client.delete(cache, NAME).await?;
    client.list_concatenate_back(cache, NAME, letters(of)).await.map(|_| ())
}

async fn all(Scene { client, cache }: &Scene) -> MomentoResult<String> {
    let values: Vec<String> = client.list_fetch(cache, NAME).await?.try_into()?;
    let length = client.list_length(cache, NAME).await?;
    assert_eq!(length, ListLengthResponse::Hit { length: values.len() as u32 });
    Ok(values.concat())
}

async fn is_gone(Scene { client, cache }: &Scene) -> MomentoResult<bool> {
    let length = client.list_length(cache, NAME).await?;
    let there = client.key_exists(cache, NAME).await?.exists;
    assert_eq!(length == ListLengthResponse::Miss, !there);
    Ok(!there)
}

/// What Python makes of a slice of `abcde`.
fn sliced(start: Option<i32>, end: Option<i32>) -> String {
    let at = |index: i64| if index < 0 { (index + 5).max(0) } else { index.min(5) } as usize;
    let start = start.map_or(0, |index| at(index.into()));
    let end = end.map_or(5, |index| at(index.into()));
    "abcde".get(start..end.max(start)).expect("a slice").into()
}

#[tokio::test]
async fn values_are_pushed_and_joined_at_both_ends() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;

    client.list_push_back(cache, NAME, "d").await?;
    client.list_push_front(cache, NAME, "c").await?;
    client.list_concatenate_front(cache, NAME, letters("ab")).await?;
    client.list_concatenate_back(cache, NAME, letters("ef")).await?;

    assert_eq!(all(&scene).await?, "abcdef");
    Ok(())
}

#[tokio::test]
async fn values_may_be_any_bytes() -> Test {
    let Scene { client, cache } = Scene::new().await;
    let values = vec![vec![], every_byte(), vec![7; 100_000]];

    client.list_concatenate_back(&cache, NAME, values.clone()).await?;

    let fetched: Vec<Vec<u8>> = client.list_fetch(&cache, NAME).await?.try_into()?;
    assert_eq!(fetched, values);
    Ok(())
}

#[tokio::test]
async fn values_are_popped_from_both_ends_until_the_list_is_gone() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    make(&scene, "abc").await?;

    assert_eq!(client.list_pop_back(cache, NAME).await?, ListPopBackResponse::from("c"));
    assert_eq!(client.list_pop_front(cache, NAME).await?, ListPopFrontResponse::from("a"));
    assert_eq!(client.list_pop_front(cache, NAME).await?, ListPopFrontResponse::from("b"));

    assert!(is_gone(&scene).await?);
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_is_a_miss_and_removing_from_it_succeeds() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;

    assert_eq!(client.list_fetch(cache, NAME).await?, ListFetchResponse::Miss);
    assert_eq!(client.list_pop_back(cache, NAME).await?, ListPopBackResponse::Miss);
    assert_eq!(client.list_pop_front(cache, NAME).await?, ListPopFrontResponse::Miss);
    assert_eq!(client.list_retain(cache, NAME, 0, 1).await?, ListRetainResponse::Miss);
    client.list_remove_value(cache, NAME, "a").await?;
    assert!(is_gone(&scene).await?);
    Ok(())
}

#[tokio::test]
async fn pushing_at_one_end_cuts_the_other() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    for (size, back, front) in
        [(1, "z", "z"), (3, "dez", "zab"), (6, "abcdez", "zabcde"), (7, "abcdez", "zabcde")]
    {
        make(&scene, "abcde").await?;
        let request = ListPushBackRequest::new(cache, NAME, "z").truncate_front_to_size(size);
        client.send_request(request).await?;
        assert_eq!(all(&scene).await?, back, "{size}");

        make(&scene, "abcde").await?;
        let request = ListPushFrontRequest::new(cache, NAME, "z").truncate_back_to_size(size);
        client.send_request(request).await?;
        assert_eq!(all(&scene).await?, front, "{size}");
    }
    Ok(())
}

#[tokio::test]
async fn joining_at_one_end_cuts_the_other() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    let more = || letters("yz");
    for (size, back, front) in [(1, "z", "y"), (4, "deyz", "yzab"), (8, "abcdeyz", "yzabcde")] {
        make(&scene, "abcde").await?;
        let request = ListConcatenateBackRequest::new(cache, NAME, more());
        client.send_request(request.truncate_front_to_size(size)).await?;
        assert_eq!(all(&scene).await?, back, "{size}");

        make(&scene, "abcde").await?;
        let request = ListConcatenateFrontRequest::new(cache, NAME, more());
        client.send_request(request.truncate_back_to_size(size)).await?;
        assert_eq!(all(&scene).await?, front, "{size}");
    }
    Ok(())
}

#[tokio::test]
async fn a_slice_is_what_python_makes_of_it_and_an_empty_one_a_miss() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    make(&scene, "abcde").await?;
    for (start, end) in ENDS.into_iter().flat_map(|start| ENDS.map(|end| (start, end))) {
        let request = ListFetchRequest::new(cache, NAME).start_index(start).end_index(end);

        let fetched = client.send_request(request).await?;

        let slice = sliced(start, end);
        let expected = match slice.as_str() {
            "" => ListFetchResponse::Miss,
            _ => ListFetchResponse::from(letters(&slice)),
        };
        assert_eq!(fetched, expected, "{start:?}..{end:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_retained_is_the_slice_and_an_empty_one_removes_the_list() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    for (start, end) in ENDS.into_iter().flat_map(|start| ENDS.map(|end| (start, end))) {
        make(&scene, "abcde").await?;

        let left = client.list_retain(cache, NAME, start, end).await?;

        let slice = sliced(start, end);
        let length = slice.len() as u32;
        assert_eq!(left, ListRetainResponse::Hit { length }, "{start:?}..{end:?}");
        match slice.as_str() {
            "" => assert!(is_gone(&scene).await?),
            _ => assert_eq!(all(&scene).await?, slice),
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_value_is_removed_wherever_it_stands() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    make(&scene, "abacad").await?;

    client.list_remove_value(cache, NAME, "a").await?;
    client.list_remove_value(cache, NAME, "none").await?;

    assert_eq!(all(&scene).await?, "bcd");
    for letter in letters("bcd") {
        client.list_remove_value(cache, NAME, letter).await?;
    }
    assert!(is_gone(&scene).await?);
    Ok(())
}

#[tokio::test]
async fn a_value_that_is_too_large_leaves_the_list_as_it_was() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    make(&scene, "a").await?;

    let error = error_of(client.list_push_back(cache, NAME, vec![0; 200_000]).await);

    assert_eq!(error.error_code, LimitExceededError);
    assert!(error.message.starts_with("Element size limit exceeded"), "{}", error.message);
    assert_eq!(all(&scene).await?, "a");
    Ok(())
}

//! Sorted sets: scores, ranks and ranges.

use momento::MomentoErrorCode::{InvalidArgumentError, LimitExceededError};
use momento::MomentoResult;
use momento::cache::SortedSetOrder::{Ascending, Descending};
use momento::cache::{
    ScoreBound, SortedSetFetchByScoreRequest, SortedSetFetchResponse, SortedSetGetRankRequest,
    SortedSetGetRankResponse, SortedSetGetScoreResponse, SortedSetGetScoresResponse,
    SortedSetLengthByScoreRequest, SortedSetLengthByScoreResponse, SortedSetLengthResponse,
    SortedSetOrder,
};

use crate::scene::{Scene, Test, every_byte, refused};

const NAME: &str = "ranking";
const SCORES: [(&str, f64); 5] = [("a", 1.0), ("b", 2.0), ("c", 2.0), ("d", 3.5), ("e", 10.0)];
const INFINITE: f64 = f64::INFINITY;

async fn make(Scene { client, cache }: &Scene, scores: &[(&str, f64)]) -> MomentoResult<()> {
    client.sorted_set_put_elements(cache, NAME, scores.to_vec()).await.map(|_| ())
}

/// The values in a row.
fn values(fetched: SortedSetFetchResponse) -> MomentoResult<String> {
    let found: Vec<(String, f64)> = fetched.try_into()?;
    Ok(found.into_iter().map(|(value, _)| value).collect())
}

async fn by_rank(
    Scene { client, cache }: &Scene,
    order: SortedSetOrder,
    start: Option<i32>,
    end: Option<i32>,
) -> MomentoResult<String> {
    values(client.sorted_set_fetch_by_rank(cache, NAME, order, start, end).await?)
}

async fn all(scene: &Scene) -> MomentoResult<String> {
    by_rank(scene, Ascending, None, None).await
}

fn by_score(scene: &Scene, order: SortedSetOrder) -> SortedSetFetchByScoreRequest<&'static str> {
    SortedSetFetchByScoreRequest::new(&scene.cache, NAME).order(order)
}

async fn rank(
    Scene { client, cache }: &Scene,
    value: &'static str,
    order: SortedSetOrder,
) -> MomentoResult<SortedSetGetRankResponse> {
    let request = SortedSetGetRankRequest::new(cache, NAME, value).order(order);
    client.send_request(request).await
}

async fn is_gone(Scene { client, cache }: &Scene) -> MomentoResult<bool> {
    let length = client.sorted_set_length(cache, NAME).await?;
    let there = client.key_exists(cache, NAME).await?.exists;
    assert_eq!(length == SortedSetLengthResponse::Miss, !there);
    Ok(!there)
}

#[tokio::test]
async fn values_come_in_the_order_of_their_scores_then_of_their_bytes() -> Test {
    let scene = Scene::new().await;
    make(&scene, &SCORES).await?;
    make(&scene, &[("B", 2.0), ("ä", 2.0), ("", 2.0), ("bb", 2.0)]).await?;

    assert_eq!(all(&scene).await?, "aBbbbcäde");
    assert_eq!(by_rank(&scene, Descending, None, None).await?, "edäcbbbBa");
    let length = scene.client.sorted_set_length(&scene.cache, NAME).await?;
    assert_eq!(length, SortedSetLengthResponse::Hit { length: 9 });
    Ok(())
}

#[tokio::test]
async fn a_value_that_is_put_again_moves() -> Test {
    let scene = Scene::new().await;
    make(&scene, &SCORES).await?;

    scene.client.sorted_set_put_element(&scene.cache, NAME, "a", 5.0).await?;

    assert_eq!(all(&scene).await?, "bcdae");
    Ok(())
}

#[tokio::test]
async fn values_may_be_any_bytes() -> Test {
    let Scene { client, cache } = Scene::new().await;
    let elements = vec![(vec![], 1.0), (every_byte(), 2.0)];
    client.sorted_set_put_elements(&cache, NAME, elements.clone()).await?;

    let fetched = client.sorted_set_fetch_by_rank(&cache, NAME, Ascending, None, None).await?;

    let fetched: Vec<(Vec<u8>, f64)> = fetched.try_into()?;
    assert_eq!(fetched, elements);
    Ok(())
}

#[tokio::test]
async fn infinite_scores_stand_at_the_ends() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    make(&scene, &[("z", -INFINITE), ("m", 0.0), ("a", INFINITE), ("b", f64::MAX)]).await?;

    assert_eq!(all(&scene).await?, "zmba");
    let score = client.sorted_set_get_score(cache, NAME, "z").await?;
    assert_eq!(score, SortedSetGetScoreResponse::Hit { score: -INFINITE });
    let above = by_score(&scene, Ascending).min_score(ScoreBound::Exclusive(f64::MAX));
    assert_eq!(values(client.send_request(above).await?)?, "a");
    let finite = by_score(&scene, Ascending)
        .min_score(ScoreBound::Exclusive(-INFINITE))
        .max_score(ScoreBound::Exclusive(INFINITE));
    assert_eq!(values(client.send_request(finite).await?)?, "mb");
    Ok(())
}

#[tokio::test]
async fn no_score_is_not_a_number() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    make(&scene, &[("a", INFINITE)]).await?;

    let put = client.sorted_set_put_element(cache, NAME, "b", f64::NAN).await;
    let counted = client.sorted_set_increment_score(cache, NAME, "a", -INFINITE).await;

    assert_eq!(refused(put), InvalidArgumentError);
    assert_eq!(refused(counted), InvalidArgumentError);
    assert_eq!(all(&scene).await?, "a");
    Ok(())
}

#[tokio::test]
async fn a_range_of_ranks_is_a_slice_after_ordering_and_an_empty_one_a_hit() -> Test {
    let scene = Scene::new().await;
    make(&scene, &SCORES).await?;
    for (start, end, up, down) in [
        (None, None, "abcde", "edcba"),
        (Some(0), Some(2), "ab", "ed"),
        (Some(1), Some(4), "bcd", "dcb"),
        (Some(-2), None, "de", "ba"),
        (None, Some(-2), "abc", "edc"),
        (Some(-4), Some(-1), "bcd", "dcb"),
        (Some(-100), Some(100), "abcde", "edcba"),
        (Some(i32::MIN), Some(i32::MAX), "abcde", "edcba"),
        (Some(4), Some(100), "e", "a"),
        (Some(5), None, "", ""),
        (Some(100), Some(101), "", ""),
        (Some(3), Some(3), "", ""),
        (Some(3), Some(1), "", ""),
        (None, Some(-5), "", ""),
    ] {
        assert_eq!(by_rank(&scene, Ascending, start, end).await?, up, "{start:?}..{end:?}");
        assert_eq!(by_rank(&scene, Descending, start, end).await?, down, "{start:?}..{end:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_range_of_scores_holds_its_inclusive_ends() -> Test {
    use ScoreBound::{Exclusive, Inclusive};
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    make(&scene, &SCORES).await?;
    for (low, high, found) in [
        (None, None, "abcde"),
        (Some(Inclusive(2.0)), None, "bcde"),
        (Some(Exclusive(2.0)), None, "de"),
        (None, Some(Inclusive(2.0)), "abc"),
        (None, Some(Exclusive(2.0)), "a"),
        (Some(Inclusive(2.0)), Some(Inclusive(2.0)), "bc"),
        (Some(Exclusive(2.0)), Some(Inclusive(2.0)), ""),
        (Some(Exclusive(1.0)), Some(Exclusive(10.0)), "bcd"),
        (Some(Inclusive(11.0)), None, ""),
        (Some(Inclusive(3.0)), Some(Inclusive(1.0)), ""),
    ] {
        let up = by_score(&scene, Ascending).min_score(low.clone()).max_score(high.clone());
        let down = by_score(&scene, Descending).min_score(low.clone()).max_score(high.clone());
        let count = SortedSetLengthByScoreRequest::new(cache, NAME)
            .min_score(low.clone())
            .max_score(high.clone());

        let reversed: String = found.chars().rev().collect();
        assert_eq!(values(client.send_request(up).await?)?, found, "{low:?}..{high:?}");
        assert_eq!(values(client.send_request(down).await?)?, reversed, "{low:?}..{high:?}");
        let length = found.len() as u32;
        let counted = client.send_request(count).await?;
        assert_eq!(counted, SortedSetLengthByScoreResponse::Hit { length }, "{low:?}..{high:?}");
    }
    let all = client.sorted_set_length_by_score(cache, NAME).await?;
    assert_eq!(all, SortedSetLengthByScoreResponse::Hit { length: 5 });
    Ok(())
}

#[tokio::test]
async fn offset_and_count_come_after_ordering() -> Test {
    let scene = Scene::new().await;
    let client = &scene.client;
    make(&scene, &SCORES).await?;
    for (offset, count, up, down) in [
        (0, Some(2), "bc", "ed"),
        (1, Some(2), "cd", "dc"),
        (3, Some(10), "e", "b"),
        (4, Some(1), "", ""),
        (2, None, "de", "cb"),
        (2, Some(-1), "de", "cb"),
    ] {
        for (order, found) in [(Ascending, up), (Descending, down)] {
            let request = by_score(&scene, order).min_score(ScoreBound::Inclusive(2.0));
            let request = request.offset(offset).count(count);

            assert_eq!(values(client.send_request(request).await?)?, found, "{offset} {count:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_rank_is_counted_from_the_side_that_is_asked_for() -> Test {
    let scene = Scene::new().await;
    make(&scene, &SCORES).await?;

    for (value, up, down) in [("a", 0, 4), ("c", 2, 2), ("e", 4, 0)] {
        let hit = |rank| SortedSetGetRankResponse::Hit { rank };
        assert_eq!(rank(&scene, value, Ascending).await?, hit(up));
        assert_eq!(rank(&scene, value, Descending).await?, hit(down));
    }
    let unsaid = scene.client.sorted_set_get_rank(&scene.cache, NAME, "a").await?;
    assert_eq!(unsaid, SortedSetGetRankResponse::Hit { rank: 0 });
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_has_no_rank_and_no_score() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    for set_is_there in [false, true] {
        if set_is_there {
            make(&scene, &SCORES).await?;
        }
        assert_eq!(rank(&scene, "none", Ascending).await?, SortedSetGetRankResponse::Miss);
        let score = client.sorted_set_get_score(cache, NAME, "none").await?;
        assert_eq!(score, SortedSetGetScoreResponse::Miss);
    }
    Ok(())
}

#[tokio::test]
async fn a_set_that_is_not_there_is_a_miss_and_removing_from_it_succeeds() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    let miss = SortedSetFetchResponse::Miss;

    let fetched = client.sorted_set_fetch_by_rank(cache, NAME, Ascending, None, None).await?;
    assert_eq!(fetched, miss);
    assert_eq!(client.sorted_set_fetch_by_score(cache, NAME, Ascending).await?, miss);
    let scores = client.sorted_set_get_scores(cache, NAME, vec!["a"]).await?;
    assert!(matches!(scores, SortedSetGetScoresResponse::Miss));
    let length = client.sorted_set_length_by_score(cache, NAME).await?;
    assert_eq!(length, SortedSetLengthByScoreResponse::Miss);
    client.sorted_set_remove_elements(cache, NAME, vec!["a"]).await?;
    assert!(is_gone(&scene).await?);
    Ok(())
}

#[tokio::test]
async fn scores_stand_where_they_were_asked_for() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    make(&scene, &SCORES).await?;

    let got = client.sorted_set_get_scores(cache, NAME, vec!["e", "none", "a"]).await?;

    let SortedSetGetScoresResponse::Hit { responses, .. } = got else { panic!("a miss") };
    let hit = |score| SortedSetGetScoreResponse::Hit { score };
    assert_eq!(responses, [hit(10.0), SortedSetGetScoreResponse::Miss, hit(1.0)]);
    Ok(())
}

#[tokio::test]
async fn increment_counts_from_nothing_and_moves_the_value() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    make(&scene, &[("a", 1.0)]).await?;

    assert_eq!(client.sorted_set_increment_score(cache, NAME, "b", 2.5).await?.score, 2.5);
    assert_eq!(client.sorted_set_increment_score(cache, NAME, "b", -3.0).await?.score, -0.5);

    assert_eq!(all(&scene).await?, "ba");
    Ok(())
}

#[tokio::test]
async fn removed_values_are_gone_and_the_set_with_the_last() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    make(&scene, &SCORES).await?;

    client.sorted_set_remove_elements(cache, NAME, vec!["c", "none"]).await?;
    assert_eq!(all(&scene).await?, "abde");
    client.sorted_set_remove_elements(cache, NAME, vec!["a", "b", "d", "e"]).await?;

    assert!(is_gone(&scene).await?);
    Ok(())
}

#[tokio::test]
async fn a_value_that_is_too_large_leaves_the_set_as_it_was() -> Test {
    let scene = Scene::new().await;
    let Scene { client, cache } = &scene;
    make(&scene, &SCORES).await?;

    let put = client.sorted_set_put_element(cache, NAME, vec![0; 200_000], 1.0).await;

    assert_eq!(refused(put), LimitExceededError);
    assert_eq!(all(&scene).await?, "abcde");
    Ok(())
}

//! Leaderboards. An element is written as id:rank.

use momento::MomentoErrorCode::{CacheNotFoundError, InvalidArgumentError};
use momento::leaderboard::Order::{Ascending, Descending};
use momento::leaderboard::messages::data::fetch::FetchResponse;
use momento::leaderboard::messages::data::get_competition_rank::GetCompetitionRankRequest;
use momento::leaderboard::{
    FetchByRankRequest, FetchByScoreRequest, GetRankRequest, LeaderboardRequest, ScoreRange,
};
use momento::{Leaderboard, MomentoResult};

use crate::scene::{NO_CACHE, Scene, Test, boards, refused};

const SCORES: [(u32, f64); 5] = [(1, 10.0), (2, 20.0), (3, 20.0), (4, 20.0), (5, 50.5)];

async fn board() -> MomentoResult<Leaderboard> {
    let board = Scene::new().await.board();
    board.upsert(SCORES).await?;
    Ok(board)
}

fn ranks(fetched: FetchResponse) -> String {
    let each = fetched.elements().iter().map(|each| format!("{}:{}", each.id, each.rank));
    each.collect::<Vec<_>>().join(" ")
}

async fn ranked<R>(board: &Leaderboard, request: R) -> MomentoResult<String>
where
    R: LeaderboardRequest<Response = FetchResponse>,
{
    Ok(ranks(board.send_request(request).await?))
}

#[tokio::test]
async fn ids_are_ranked_by_their_scores_over_the_whole_board() -> Test {
    let board = board().await?;
    for (range, up, down) in [
        (0..10, "1:0 2:1 3:2 4:3 5:4", "5:0 4:1 3:2 2:3 1:4"),
        (1..3, "2:1 3:2", "4:1 3:2"),
        (4..100, "5:4", "1:4"),
        (5..100, "", ""),
        (0..8192, "1:0 2:1 3:2 4:3 5:4", "5:0 4:1 3:2 2:3 1:4"),
    ] {
        assert_eq!(ranks(board.fetch_by_rank(range.clone()).await?), up);
        let request = FetchByRankRequest::new(range).order(Descending);
        assert_eq!(ranked(&board, request).await?, down);
    }
    let first = board.fetch_by_rank(0..1).await?.into_elements().remove(0);
    assert_eq!((first.id, first.rank, first.score), (1, 0, 10.0));
    assert_eq!(board.len().await?.length(), 5);
    Ok(())
}

#[tokio::test]
async fn a_range_of_scores_is_half_open() -> Test {
    let board = board().await?;
    for (low, high, found) in [
        (None, None, "1:0 2:1 3:2 4:3 5:4"),
        (Some(20.0), None, "2:1 3:2 4:3 5:4"),
        (None, Some(20.0), "1:0"),
        (Some(10.0), Some(50.5), "1:0 2:1 3:2 4:3"),
        (Some(60.0), None, ""),
        (Some(f64::NEG_INFINITY), Some(f64::INFINITY), "1:0 2:1 3:2 4:3 5:4"),
    ] {
        let fetched = board.fetch_by_score(ScoreRange::new(low, high)).await?;
        assert_eq!(ranks(fetched), found, "{low:?}..{high:?}");
    }
    Ok(())
}

#[tokio::test]
async fn offset_and_count_turn_the_pages_of_a_range() -> Test {
    let board = board().await?;
    let from_20 = || FetchByScoreRequest::new(20.0..);
    for (request, found) in [
        (from_20().offset(0).count(2), "2:1 3:2"),
        (from_20().offset(2).count(2), "4:3 5:4"),
        (from_20().offset(4).count(2), ""),
        (from_20().offset(1).count(2).order(Descending), "4:1 3:2"),
    ] {
        assert_eq!(ranked(&board, request).await?, found);
    }
    Ok(())
}

#[tokio::test]
async fn ranks_of_ids_come_in_the_order_asked_without_the_unknown() -> Test {
    let board = board().await?;
    let asked = [5, 999, 1];

    assert_eq!(ranks(board.get_rank(asked).await?), "5:4 1:0");
    let down = GetRankRequest::new(asked).order(Descending);
    assert_eq!(ranked(&board, down).await?, "5:0 1:4");
    Ok(())
}

#[tokio::test]
async fn equal_scores_share_a_competition_rank_and_the_highest_is_first() -> Test {
    let board = board().await?;
    let asked = [1, 2, 3, 4, 5, 999];

    let unsaid = board.get_competition_rank(asked).await?;
    let up = GetCompetitionRankRequest::new(asked).order(Ascending);

    assert_eq!(ranks(unsaid), "1:4 2:1 3:1 4:1 5:0");
    assert_eq!(ranked(&board, up).await?, "1:0 2:1 3:1 4:1 5:4");
    Ok(())
}

#[tokio::test]
async fn an_id_that_is_written_again_moves_and_a_removed_one_is_gone() -> Test {
    let board = board().await?;

    board.upsert([(1, 100.0), (u32::MAX, -1.0)]).await?;
    board.remove_elements([3, 999]).await?;

    let all = ranks(board.fetch_by_rank(0..10).await?);
    assert_eq!(all, "4294967295:0 2:1 4:2 5:3 1:4");
    Ok(())
}

#[tokio::test]
async fn a_deleted_board_is_empty_as_one_that_never_was() -> Test {
    let board = board().await?;

    board.delete().await?;
    board.delete().await?;
    board.remove_elements([1]).await?;

    assert_eq!(board.len().await?.length(), 0);
    assert_eq!(ranks(board.fetch_by_rank(0..10).await?), "");
    assert_eq!(ranks(board.fetch_by_score(ScoreRange::unbounded()).await?), "");
    assert_eq!(ranks(board.get_rank([1]).await?), "");
    assert_eq!(ranks(board.get_competition_rank([1]).await?), "");
    Ok(())
}

#[tokio::test]
async fn a_score_that_is_no_finite_number_refuses_them_all() -> Test {
    let board = board().await?;
    for score in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let refusal = refused(board.upsert([(6, 1.0), (7, score)]).await);

        assert_eq!(refusal, InvalidArgumentError, "{score}");
        assert_eq!(board.len().await?.length(), 5);
    }
    Ok(())
}

#[tokio::test]
async fn a_call_takes_8192_elements() -> Test {
    let board = Scene::new().await.board();

    board.upsert((0..8192).map(|id| (id, f64::from(id)))).await?;

    assert_eq!(board.len().await?.length(), 8192);
    let fetched = board.fetch_by_rank(0..8192).await?.into_elements();
    assert_eq!(fetched.last().map(|each| (each.id, each.rank)), Some((8191, 8191)));
    Ok(())
}

#[tokio::test]
async fn a_cache_that_is_not_there_is_not_found_and_an_empty_name_refused() {
    for (cache, refusal) in [(NO_CACHE, CacheNotFoundError), ("", InvalidArgumentError)] {
        let board = boards().leaderboard(cache, "board");

        assert_eq!(refused(board.upsert(SCORES).await), refusal);
        assert_eq!(refused(board.fetch_by_rank(0..1).await), refusal);
        assert_eq!(refused(board.fetch_by_score(1.0..).await), refusal);
        assert_eq!(refused(board.get_rank([1]).await), refusal);
        assert_eq!(refused(board.get_competition_rank([1]).await), refusal);
        assert_eq!(refused(board.len().await), refusal);
        assert_eq!(refused(board.remove_elements([1]).await), refusal);
        assert_eq!(refused(board.delete().await), refusal);
    }
}

package attimo;

import static attimo.Scene.BOARDS;
import static attimo.Scene.NO_CACHE;
import static attimo.Scene.is;
import static attimo.Scene.newBoard;
import static attimo.Scene.refused;
import static momento.sdk.responses.SortOrder.ASCENDING;
import static momento.sdk.responses.SortOrder.DESCENDING;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import momento.sdk.ILeaderboard;
import momento.sdk.exceptions.BadRequestException;
import momento.sdk.exceptions.CacheNotFoundException;
import momento.sdk.exceptions.InvalidArgumentException;
import momento.sdk.responses.leaderboard.DeleteResponse;
import momento.sdk.responses.leaderboard.FetchResponse;
import momento.sdk.responses.leaderboard.LengthResponse;
import momento.sdk.responses.leaderboard.RemoveElementsResponse;
import momento.sdk.responses.leaderboard.UpsertResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Leaderboards. An element is written as id:rank. */
class LeaderboardTest {
  private static final Map<Integer, Double> SCORES =
      Map.of(1, 10.0, 2, 20.0, 3, 20.0, 4, 20.0, 5, 50.5);

  private final ILeaderboard board = newBoard();

  private void make(Map<Integer, Double> scores) {
    is(UpsertResponse.Success.class, board.upsert(scores));
  }

  private static String ranks(CompletableFuture<FetchResponse> fetched) {
    return is(FetchResponse.Success.class, fetched).elementsList().stream()
        .map(each -> each.getId() + ":" + each.getRank())
        .collect(Collectors.joining(" "));
  }

  private int length() {
    return is(LengthResponse.Success.class, board.length()).length();
  }

  @Test
  void idsAreRankedByTheirScores() {
    make(SCORES);

    assertEquals("1:0 2:1 3:2 4:3 5:4", ranks(board.fetchByRank(0, 10, ASCENDING)));
    assertEquals("5:0 4:1 3:2 2:3 1:4", ranks(board.fetchByRank(0, 10, DESCENDING)));
    assertEquals(5, length());
    final var scores = is(FetchResponse.Success.class, board.fetchByRank(3, 5, null));
    assertEquals(20.0, scores.elementsList().get(0).getScore());
    assertEquals(50.5, scores.elementsList().get(1).getScore());
  }

  @Test
  void ranksAreThoseOfTheWholeBoard() {
    make(SCORES);

    assertEquals("2:1 3:2", ranks(board.fetchByRank(1, 3, ASCENDING)));
    assertEquals("5:4", ranks(board.fetchByRank(4, 100, ASCENDING)));
    assertEquals("2:3 1:4", ranks(board.fetchByRank(3, 5, DESCENDING)));
    assertEquals("", ranks(board.fetchByRank(5, 100, ASCENDING)));
  }

  @ParameterizedTest
  @CsvSource({
    ",, 1:0 2:1 3:2 4:3 5:4",
    "20,, 2:1 3:2 4:3 5:4",
    ", 20, 1:0",
    "10, 50.5, 1:0 2:1 3:2 4:3",
    "20, 20, ''",
    "60,, ''",
  })
  void aRangeOfScoresIsHalfOpen(Double low, Double high, String found) {
    make(SCORES);

    assertEquals(found, ranks(board.fetchByScore(low, high, ASCENDING)));
  }

  @Test
  void offsetAndCountTurnThePagesOfARange() {
    make(SCORES);

    assertEquals("2:1 3:2", ranks(board.fetchByScore(20.0, null, ASCENDING, 0, 2)));
    assertEquals("4:3 5:4", ranks(board.fetchByScore(20.0, null, ASCENDING, 2, 2)));
    assertEquals("", ranks(board.fetchByScore(20.0, null, ASCENDING, 4, 2)));
    assertEquals("4:1 3:2", ranks(board.fetchByScore(20.0, null, DESCENDING, 1, 2)));
    assertEquals("1:0 2:1 3:2 4:3 5:4", ranks(board.fetchByScore()));
  }

  @Test
  void ranksOfIdsComeInTheOrderAskedWithoutTheUnknown() {
    make(SCORES);

    assertEquals("5:4 1:0", ranks(board.getRank(List.of(5, 999, 1), ASCENDING)));
    assertEquals("5:0 1:4", ranks(board.getRank(List.of(5, 999, 1), DESCENDING)));
  }

  @Test
  void equalScoresShareACompetitionRankAndTheHighestIsFirst() {
    make(SCORES);
    final var ids = List.of(1, 2, 3, 4, 5, 999);

    assertEquals("1:4 2:1 3:1 4:1 5:0", ranks(board.getCompetitionRank(ids)));
    assertEquals("1:4 2:1 3:1 4:1 5:0", ranks(board.getCompetitionRank(ids, DESCENDING)));
    assertEquals("1:0 2:1 3:1 4:1 5:4", ranks(board.getCompetitionRank(ids, ASCENDING)));
  }

  @Test
  void anIdThatIsWrittenAgainMoves() {
    make(SCORES);

    make(Map.of(1, 100.0, 6, -1.0));

    assertEquals("6:0 2:1 3:2 4:3 5:4 1:5", ranks(board.fetchByRank(0, 10, ASCENDING)));
  }

  @Test
  void removedIdsAreGone() {
    make(SCORES);

    is(RemoveElementsResponse.Success.class, board.removeElements(List.of(1, 3, 999)));

    assertEquals("2:0 4:1 5:2", ranks(board.fetchByRank(0, 10, ASCENDING)));
  }

  @Test
  void aDeletedBoardIsEmpty() {
    make(SCORES);

    is(DeleteResponse.Success.class, board.delete());

    assertEquals(0, length());
    assertEquals("", ranks(board.fetchByRank(0, 10, ASCENDING)));
  }

  @Test
  void aBoardThatIsNotThereIsAnEmptyOne() {
    assertEquals(0, length());
    assertEquals("", ranks(board.fetchByRank(0, 10, ASCENDING)));
    assertEquals("", ranks(board.fetchByScore()));
    assertEquals("", ranks(board.getRank(List.of(1), ASCENDING)));
    assertEquals("", ranks(board.getCompetitionRank(List.of(1))));
    is(RemoveElementsResponse.Success.class, board.removeElements(List.of(1)));
    is(DeleteResponse.Success.class, board.delete());
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
  void aScoreThatIsNoFiniteNumberRefusesThemAll(double score) {
    make(Map.of(1, 1.0));

    refused(BadRequestException.class, board.upsert(Map.of(1, 2.0, 2, score)));

    assertEquals("1:0", ranks(board.fetchByRank(0, 10, ASCENDING)));
    assertEquals("1:0", ranks(board.fetchByScore(1.0, 2.0, ASCENDING)));
  }

  @Test
  void aCallTakes8192Elements() {
    final var most =
        IntStream.range(0, 8192)
            .boxed()
            .collect(Collectors.toMap(Function.identity(), Integer::doubleValue));
    make(most);

    assertEquals(8192, length());
    final var fetched = is(FetchResponse.Success.class, board.fetchByRank(0, 8192, ASCENDING));
    assertEquals(8191, fetched.elementsList().get(8191).getId());
  }

  @Test
  void theClientRefusesWhatIsNoRange() {
    refused(InvalidArgumentException.class, board.fetchByRank(2, 2, ASCENDING));
    refused(InvalidArgumentException.class, board.fetchByScore(2.0, 1.0, ASCENDING));
    refused(InvalidArgumentException.class, board.upsert(Map.of()));
  }

  @Test
  void aCacheThatIsNotThereIsNotFound() {
    final var nowhere = BOARDS.leaderboard(NO_CACHE, "board");

    refused(CacheNotFoundException.class, nowhere.upsert(SCORES));
    refused(CacheNotFoundException.class, nowhere.fetchByRank(0, 1, ASCENDING));
    refused(CacheNotFoundException.class, nowhere.fetchByScore());
    refused(CacheNotFoundException.class, nowhere.getRank(List.of(1), ASCENDING));
    refused(CacheNotFoundException.class, nowhere.getCompetitionRank(List.of(1)));
    refused(CacheNotFoundException.class, nowhere.length());
    refused(CacheNotFoundException.class, nowhere.removeElements(List.of(1)));
    refused(CacheNotFoundException.class, nowhere.delete());
  }

  @Test
  void anEmptyCacheNameIsRefused() {
    refused(BadRequestException.class, BOARDS.leaderboard("", "board").length());
  }
}

package attimo;

import static attimo.Scene.BYTES;
import static attimo.Scene.CACHE;
import static attimo.Scene.CLIENT;
import static attimo.Scene.is;
import static attimo.Scene.newName;
import static attimo.Scene.refused;
import static momento.sdk.responses.SortOrder.ASCENDING;
import static momento.sdk.responses.SortOrder.DESCENDING;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import momento.sdk.exceptions.BadRequestException;
import momento.sdk.exceptions.LimitExceededException;
import momento.sdk.responses.SortOrder;
import momento.sdk.responses.cache.sortedset.ScoredElement;
import momento.sdk.responses.cache.sortedset.SortedSetFetchResponse;
import momento.sdk.responses.cache.sortedset.SortedSetGetRankResponse;
import momento.sdk.responses.cache.sortedset.SortedSetGetScoreResponse;
import momento.sdk.responses.cache.sortedset.SortedSetGetScoresResponse;
import momento.sdk.responses.cache.sortedset.SortedSetIncrementScoreResponse;
import momento.sdk.responses.cache.sortedset.SortedSetPutElementResponse;
import momento.sdk.responses.cache.sortedset.SortedSetPutElementsResponse;
import momento.sdk.responses.cache.sortedset.SortedSetRemoveElementResponse;
import momento.sdk.responses.cache.sortedset.SortedSetRemoveElementsResponse;
import momento.sdk.responses.cache.ttl.ItemGetTtlResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sorted sets: scores, ranks and ranges. */
class SortedSetTest {
  private static final double NONE = Double.NaN;
  private static final double LEAST = Double.NEGATIVE_INFINITY;
  private static final double MOST = Double.POSITIVE_INFINITY;
  private static final Map<String, Double> SCORES =
      Map.of("a", 1.0, "b", 2.0, "c", 2.0, "d", 3.5, "e", 10.0);

  private final String name = newName();

  private void make(Map<String, Double> scores) {
    final var made = CLIENT.sortedSetPutElements(CACHE, name, scores);
    is(SortedSetPutElementsResponse.Success.class, made);
  }

  private static String values(CompletableFuture<SortedSetFetchResponse> fetched) {
    return is(SortedSetFetchResponse.Hit.class, fetched).elementsList().stream()
        .map(ScoredElement::getValue)
        .collect(Collectors.joining());
  }

  private String all() {
    return values(CLIENT.sortedSetFetchByRank(CACHE, name));
  }

  private long rank(String value, SortOrder order) {
    final var got = CLIENT.sortedSetGetRank(CACHE, name, value, order);
    return is(SortedSetGetRankResponse.Hit.class, got).rank();
  }

  private double score(String value) {
    final var got = CLIENT.sortedSetGetScore(CACHE, name, value);
    return is(SortedSetGetScoreResponse.Hit.class, got).score();
  }

  private void assertGone() {
    is(SortedSetFetchResponse.Miss.class, CLIENT.sortedSetFetchByRank(CACHE, name));
    is(ItemGetTtlResponse.Miss.class, CLIENT.itemGetTtl(CACHE, name));
  }

  @Test
  void valuesComeInTheOrderOfTheirScoresThenOfTheirBytes() {
    make(SCORES);
    make(Map.of("B", 2.0, "ä", 2.0, "", 2.0, "bb", 2.0));

    final var up = CLIENT.sortedSetFetchByRank(CACHE, name, null, null, ASCENDING);
    final var down = CLIENT.sortedSetFetchByRank(CACHE, name, null, null, DESCENDING);

    assertEquals("aBbbbcäde", values(up));
    assertEquals("edäcbbbBa", values(down));
    final var scores = is(SortedSetFetchResponse.Hit.class, up).elementsList();
    assertEquals(
        List.of(1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 3.5, 10.0),
        scores.stream().map(ScoredElement::getScore).toList());
  }

  @Test
  void aValueThatIsPutAgainMoves() {
    make(SCORES);

    final var moved = CLIENT.sortedSetPutElement(CACHE, name, "a", 5);

    is(SortedSetPutElementResponse.Success.class, moved);
    assertEquals("bcdae", all());
  }

  @Test
  void elementsMayBePutAsScoredElements() {
    final var elements = List.of(new ScoredElement("a", 2), new ScoredElement("b", 1));

    final var put = CLIENT.sortedSetPutElements(CACHE, name, elements);

    is(SortedSetPutElementsResponse.Success.class, put);
    assertEquals("ba", all());
  }

  @Test
  void valuesMayBeAnyBytes() {
    is(
        SortedSetPutElementResponse.Success.class,
        CLIENT.sortedSetPutElement(CACHE, name, BYTES, 1));
    is(
        SortedSetPutElementsResponse.Success.class,
        CLIENT.sortedSetPutElementsByteArray(CACHE, name, Map.of(new byte[0], 2.0)));

    final var up = CLIENT.sortedSetFetchByRank(CACHE, name);
    final var first = is(SortedSetFetchResponse.Hit.class, up).elementsList().get(0);
    assertArrayEquals(BYTES, first.getElementByteArray());
    final var rank = CLIENT.sortedSetGetRank(CACHE, name, new byte[0], ASCENDING);
    assertEquals(1, is(SortedSetGetRankResponse.Hit.class, rank).rank());
    final var score = CLIENT.sortedSetGetScore(CACHE, name, BYTES);
    assertEquals(1.0, is(SortedSetGetScoreResponse.Hit.class, score).score());
    final var scores = CLIENT.sortedSetGetScoresByteArray(CACHE, name, List.of(BYTES));
    assertEquals(1, is(SortedSetGetScoresResponse.Hit.class, scores).scoredElements().size());
    final var counted = CLIENT.sortedSetIncrementScore(CACHE, name, BYTES, 5);
    assertEquals(6.0, is(SortedSetIncrementScoreResponse.Success.class, counted).score());
    is(
        SortedSetRemoveElementResponse.Success.class,
        CLIENT.sortedSetRemoveElement(CACHE, name, BYTES));
    is(
        SortedSetRemoveElementsResponse.Success.class,
        CLIENT.sortedSetRemoveElementsByteArray(CACHE, name, List.of(new byte[0])));
    assertGone();
  }

  @Test
  void infiniteScoresStandAtTheEnds() {
    make(Map.of("least", LEAST, "none", 0.0, "most", MOST, "greatest", Double.MAX_VALUE));

    assertEquals("leastnonegreatestmost", all());
    assertEquals(LEAST, score("least"));
    assertEquals(MOST, score("most"));
    assertEquals(
        "leastnonegreatestmost",
        values(CLIENT.sortedSetFetchByScore(CACHE, name, LEAST, MOST, ASCENDING)));
    assertEquals(
        "most", values(CLIENT.sortedSetFetchByScore(CACHE, name, MOST, null, ASCENDING)));
  }

  @Test
  void noScoreIsNotANumber() {
    make(Map.of("most", MOST));

    refused(BadRequestException.class, CLIENT.sortedSetPutElement(CACHE, name, "none", NONE));
    refused(
        BadRequestException.class,
        CLIENT.sortedSetIncrementScore(CACHE, name, "most", Double.NEGATIVE_INFINITY));

    assertEquals("most", all());
    assertEquals(MOST, score("most"));
  }

  @ParameterizedTest
  @CsvSource({
    ",, abcde, edcba", "0, 2, ab, ed", "1, 4, bcd, dcb", "-2,, de, ba", ", -2, abc, edc",
    "-4, -1, bcd, dcb", "-100, 100, abcde, edcba", "4, 100, e, a",
    "-2147483648, 2147483647, abcde, edcba",
  })
  void aRangeOfRanksIsASliceAfterOrdering(Integer start, Integer end, String up, String down) {
    make(SCORES);

    assertEquals(up, values(CLIENT.sortedSetFetchByRank(CACHE, name, start, end, ASCENDING)));
    assertEquals(down, values(CLIENT.sortedSetFetchByRank(CACHE, name, start, end, DESCENDING)));
  }

  @ParameterizedTest
  @CsvSource({"5,", "5, 100", ", -5", ", 0", "100, 101"})
  void anEmptyRangeIsAHit(Integer start, Integer end) {
    make(SCORES);

    assertEquals("", values(CLIENT.sortedSetFetchByRank(CACHE, name, start, end, ASCENDING)));
    assertEquals("", values(CLIENT.sortedSetFetchByRank(CACHE, name, start, end, DESCENDING)));
  }

  @ParameterizedTest
  @CsvSource({
    ",, abcde", "2, 2, bc", "2,, bcde", ", 2, abc", "1.5, 3.5, bcd", "-5, 0.5, ''", "11,, ''",
  })
  void aRangeOfScoresHoldsBothItsEnds(Double low, Double high, String found) {
    make(SCORES);

    assertEquals(found, values(CLIENT.sortedSetFetchByScore(CACHE, name, low, high, ASCENDING)));
    assertEquals(
        new StringBuilder(found).reverse().toString(),
        values(CLIENT.sortedSetFetchByScore(CACHE, name, low, high, DESCENDING)));
  }

  @ParameterizedTest
  @CsvSource({"0, 2, bc, ed", "1, 2, cd, dc", "3, 10, e, b", "4, 1, '', ''", "2,, de, cb"})
  void offsetAndCountComeAfterOrdering(int offset, Integer count, String up, String down) {
    make(SCORES);

    assertEquals(
        up, values(CLIENT.sortedSetFetchByScore(CACHE, name, 2.0, null, ASCENDING, offset, count)));
    assertEquals(
        down,
        values(CLIENT.sortedSetFetchByScore(CACHE, name, 2.0, null, DESCENDING, offset, count)));
  }

  @Test
  void aRankIsCountedFromTheSideThatIsAskedFor() {
    make(SCORES);

    assertEquals(2, rank("c", ASCENDING));
    assertEquals(2, rank("c", DESCENDING));
    assertEquals(0, rank("a", null));
    assertEquals(4, rank("a", DESCENDING));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatIsNotThereHasNoRankAndNoScore(boolean setIsThere) {
    if (setIsThere) {
      make(SCORES);
    }

    is(
        SortedSetGetRankResponse.Miss.class,
        CLIENT.sortedSetGetRank(CACHE, name, "none", ASCENDING));
    is(SortedSetGetScoreResponse.Miss.class, CLIENT.sortedSetGetScore(CACHE, name, "none"));
  }

  @Test
  void aSetThatIsNotThereIsAMissAndRemovingFromItSucceeds() {
    assertGone();
    is(SortedSetFetchResponse.Miss.class, CLIENT.sortedSetFetchByScore(CACHE, name));
    is(
        SortedSetGetScoresResponse.Miss.class,
        CLIENT.sortedSetGetScores(CACHE, name, List.of("a", "b")));
    is(
        SortedSetRemoveElementResponse.Success.class,
        CLIENT.sortedSetRemoveElement(CACHE, name, "a"));
    is(
        SortedSetRemoveElementsResponse.Success.class,
        CLIENT.sortedSetRemoveElements(CACHE, name, List.of("a")));
  }

  @Test
  void scoresAreThoseOfTheValuesThatWereAskedFor() {
    make(SCORES);

    final var got = CLIENT.sortedSetGetScores(CACHE, name, List.of("e", "none", "a"));

    final var elements = is(SortedSetGetScoresResponse.Hit.class, got).scoredElements();
    assertEquals(List.of("e", "a"), elements.stream().map(ScoredElement::getValue).toList());
    assertEquals(List.of(10.0, 1.0), elements.stream().map(ScoredElement::getScore).toList());
  }

  @Test
  void incrementCountsFromNothingAndMovesTheValue() {
    make(Map.of("a", 1.0));
    final var first = CLIENT.sortedSetIncrementScore(CACHE, name, "b", 2.5);
    final var second = CLIENT.sortedSetIncrementScore(CACHE, name, "b", -3.0);

    assertEquals(2.5, is(SortedSetIncrementScoreResponse.Success.class, first).score());
    assertEquals(-0.5, is(SortedSetIncrementScoreResponse.Success.class, second).score());
    assertEquals("ba", all());
  }

  @Test
  void removedValuesAreGoneAndTheSetWithTheLast() {
    make(SCORES);

    is(
        SortedSetRemoveElementResponse.Success.class,
        CLIENT.sortedSetRemoveElement(CACHE, name, "c"));
    assertEquals("abde", all());
    is(
        SortedSetRemoveElementsResponse.Success.class,
        CLIENT.sortedSetRemoveElements(CACHE, name, List.of("a", "b", "none", "d", "e")));

    assertGone();
  }

  @Test
  void tenThousandValuesKeepTheirOrder() {
    make(
        IntStream.range(0, 10_000)
            .boxed()
            .collect(Collectors.toMap(i -> String.format("%04d", i), i -> (double) -i)));

    assertEquals(0, rank("9999", ASCENDING));
    assertEquals(5000, rank("5000", DESCENDING));
    assertEquals(
        "000200010000", values(CLIENT.sortedSetFetchByRank(CACHE, name, -3, null, ASCENDING)));
  }

  @Test
  void aValueThatIsTooLargeLeavesTheSetAsItWas() {
    make(SCORES);
    final var tooMuch = CLIENT.sortedSetPutElement(CACHE, name, new byte[200_000], 1);

    refused(LimitExceededException.class, tooMuch);

    assertEquals("abcde", all());
  }
}

package attimo;

import static attimo.Scene.BYTES;
import static attimo.Scene.CACHE;
import static attimo.Scene.CLIENT;
import static attimo.Scene.is;
import static attimo.Scene.newName;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import momento.sdk.batchutils.MomentoBatchUtils;
import momento.sdk.batchutils.request.BatchGetRequest;
import momento.sdk.batchutils.response.BatchGetResponse;
import momento.sdk.responses.cache.GetBatchResponse;
import momento.sdk.responses.cache.GetResponse;
import momento.sdk.responses.cache.SetBatchResponse;
import momento.sdk.responses.cache.SetResponse;
import org.junit.jupiter.api.Test;

/** Many values at a time. */
class BatchTest {
  private final String first = newName();
  private final String second = newName();
  private final String absent = newName();

  @Test
  void whatABatchWritesABatchReads() {
    final var set = CLIENT.setBatch(CACHE, Map.of(first, "1", second, ""));
    final var written = is(SetBatchResponse.Success.class, set).results();
    written.values().forEach(each -> assertInstanceOf(SetResponse.Success.class, each));
    assertEquals(2, written.size());

    final var read = CLIENT.getBatch(CACHE, List.of(first, absent, second));

    final var results = is(GetBatchResponse.Success.class, read).results();
    assertEquals("1", assertInstanceOf(GetResponse.Hit.class, results.get(first)).valueString());
    assertEquals("", assertInstanceOf(GetResponse.Hit.class, results.get(second)).valueString());
    assertInstanceOf(GetResponse.Miss.class, results.get(absent));
  }

  @Test
  void valuesMayBeAnyBytes() {
    final var set = CLIENT.setBatchStringBytes(CACHE, Map.of(first, BYTES));
    is(SetBatchResponse.Success.class, set);

    final var read = is(GetBatchResponse.Success.class, CLIENT.getBatch(CACHE, List.of(first)));

    assertArrayEquals(BYTES, read.valueMapStringByteArray().get(first));
  }

  @Test
  void aThousandAnswersComeEachToItsKey() {
    final var items =
        IntStream.range(0, 1000)
            .mapToObj(i -> first + "-" + i)
            .collect(Collectors.toMap(Function.identity(), Function.identity()));
    is(SetBatchResponse.Success.class, CLIENT.setBatch(CACHE, items));

    final var read = is(GetBatchResponse.Success.class, CLIENT.getBatch(CACHE, items.keySet()));

    assertEquals(items, read.valueMapStringString());
  }

  @Test
  void anEmptyBatchIsAnsweredWithNothing() {
    final var written = is(SetBatchResponse.Success.class, CLIENT.setBatch(CACHE, Map.of()));
    final var read = is(GetBatchResponse.Success.class, CLIENT.getBatch(CACHE, List.of()));

    assertEquals(Map.of(), written.results());
    assertEquals(Map.of(), read.results());
  }

  @Test
  void theClientsOwnBatchesOfSingleGetsAreAnswered() {
    CLIENT.set(CACHE, first, "1").join();
    try (var batches = MomentoBatchUtils.builder(CLIENT).build()) {
      final var keys = new BatchGetRequest.StringKeyBatchGetRequest(List.of(first, absent));

      final var got = batches.batchGet(CACHE, keys);

      final var summary = is(BatchGetResponse.StringKeyBatchGetSummary.class, got);
      assertEquals(2, summary.getSummaries().size());
      assertInstanceOf(GetResponse.Hit.class, summary.getSummaries().get(0).getGetResponse());
      assertInstanceOf(GetResponse.Miss.class, summary.getSummaries().get(1).getGetResponse());
    }
  }
}

package attimo;

import static attimo.Scene.CACHE;
import static attimo.Scene.CLIENT;
import static attimo.Scene.HOUR;
import static attimo.Scene.MINUTE;
import static attimo.Scene.is;
import static attimo.Scene.newName;
import static attimo.Scene.refused;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import momento.sdk.exceptions.InvalidArgumentException;
import momento.sdk.requests.CollectionTtl;
import momento.sdk.responses.cache.GetResponse;
import momento.sdk.responses.cache.SetResponse;
import momento.sdk.responses.cache.ttl.DecreaseTtlResponse;
import momento.sdk.responses.cache.ttl.IncreaseTtlResponse;
import momento.sdk.responses.cache.ttl.ItemGetTtlResponse;
import momento.sdk.responses.cache.ttl.UpdateTtlResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** How long things live: single values and collections alike. */
class TtlTest {
  private final String key = newName();

  /** A write to a collection, which makes it if there is none. */
  interface Write {
    CompletableFuture<?> to(String name, CollectionTtl ttl);
  }

  static Stream<Arguments> writes() {
    return Stream.of(
        write("dictionarySetField", (k, t) -> CLIENT.dictionarySetField(CACHE, k, "f", "v", t)),
        write(
            "dictionarySetFields",
            (k, t) -> CLIENT.dictionarySetFields(CACHE, k, Map.of("f", "v"), t)),
        write("dictionaryIncrement", (k, t) -> CLIENT.dictionaryIncrement(CACHE, k, "n", 1, t)),
        write("listPushBack", (k, t) -> CLIENT.listPushBack(CACHE, k, "v", null, t)),
        write("listPushFront", (k, t) -> CLIENT.listPushFront(CACHE, k, "v", null, t)),
        write(
            "listConcatenateBack",
            (k, t) -> CLIENT.listConcatenateBack(CACHE, k, List.of("v"), null, t)),
        write(
            "listConcatenateFront",
            (k, t) -> CLIENT.listConcatenateFront(CACHE, k, List.of("v"), null, t)),
        write("setAddElement", (k, t) -> CLIENT.setAddElement(CACHE, k, "v", t)),
        write("setAddElements", (k, t) -> CLIENT.setAddElements(CACHE, k, List.of("v"), t)),
        write("sortedSetPutElement", (k, t) -> CLIENT.sortedSetPutElement(CACHE, k, "v", 1, t)),
        write(
            "sortedSetPutElements",
            (k, t) -> CLIENT.sortedSetPutElements(CACHE, k, Map.of("v", 1.0), t)),
        write(
            "sortedSetIncrementScore",
            (k, t) -> CLIENT.sortedSetIncrementScore(CACHE, k, "v", 1, t)));
  }

  private static Arguments write(String name, Write write) {
    return Arguments.of(name, write);
  }

  private long left(String name) {
    final var got = is(ItemGetTtlResponse.Hit.class, CLIENT.itemGetTtl(CACHE, name));
    return got.remainingTtlMillis();
  }

  private void assertLeft(Duration ttl, String name) {
    final long left = left(name);
    assertTrue(left < ttl.toMillis(), () -> left + " is not below " + ttl);
    assertTrue(left > ttl.toMillis() - 20_000, () -> left + " is not near " + ttl);
  }

  @Test
  void whatIsLeftIsLessThanWhatWasGiven() {
    is(SetResponse.Success.class, CLIENT.set(CACHE, key, "value", HOUR));

    assertLeft(HOUR, key);
  }

  @Test
  void theClientsOwnTtlIsGivenWhenNoneIsSaid() {
    is(SetResponse.Success.class, CLIENT.set(CACHE, key, "value"));

    assertLeft(MINUTE, key);
  }

  @Test
  void anAbsentKeyHasNoTtl() {
    is(ItemGetTtlResponse.Miss.class, CLIENT.itemGetTtl(CACHE, key));
    is(UpdateTtlResponse.Miss.class, CLIENT.updateTtl(CACHE, key, MINUTE));
    is(IncreaseTtlResponse.Miss.class, CLIENT.increaseTtl(CACHE, key, MINUTE));
    is(DecreaseTtlResponse.Miss.class, CLIENT.decreaseTtl(CACHE, key, MINUTE));
  }

  @Test
  void aTtlIsReplacedOrMovedOneWay() {
    CLIENT.set(CACHE, key, "value", MINUTE).join();

    is(UpdateTtlResponse.Set.class, CLIENT.updateTtl(CACHE, key, HOUR));
    assertLeft(HOUR, key);
    is(IncreaseTtlResponse.NotSet.class, CLIENT.increaseTtl(CACHE, key, MINUTE));
    assertLeft(HOUR, key);
    is(DecreaseTtlResponse.Set.class, CLIENT.decreaseTtl(CACHE, key, MINUTE));
    assertLeft(MINUTE, key);
    is(DecreaseTtlResponse.NotSet.class, CLIENT.decreaseTtl(CACHE, key, HOUR));
    assertLeft(MINUTE, key);
    is(IncreaseTtlResponse.Set.class, CLIENT.increaseTtl(CACHE, key, HOUR));
    assertLeft(HOUR, key);
  }

  @Test
  void everyWriteOfAValueReplacesItsTtl() {
    CLIENT.set(CACHE, key, "1", MINUTE).join();

    CLIENT.increment(CACHE, key, 1, HOUR).join();

    assertLeft(HOUR, key);
  }

  @Test
  void aTtlBelowZeroIsRefusedByTheClient() {
    final var below = CLIENT.set(CACHE, key, "value", Duration.ofSeconds(-1));

    refused(InvalidArgumentException.class, below);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("writes")
  void aNewCollectionTakesTheTtlAndKeepsItUntilARefresh(String name, Write write) {
    write.to(key, CollectionTtl.of(MINUTE).withNoRefreshTtlOnUpdates()).join();
    assertLeft(MINUTE, key);

    write.to(key, CollectionTtl.of(HOUR).withNoRefreshTtlOnUpdates()).join();
    assertLeft(MINUTE, key);

    write.to(key, CollectionTtl.of(HOUR)).join();
    assertLeft(HOUR, key);
  }

  @Test
  void theTtlOfACollectionIsReplacedLikeAnyOther() {
    CLIENT.listPushBack(CACHE, key, "value").join();

    is(UpdateTtlResponse.Set.class, CLIENT.updateTtl(CACHE, key, HOUR));

    assertLeft(HOUR, key);
  }

  /** Time is the promise here: the miss must come after exactly one second, or half a one. */
  @Test
  void everythingIsAMissWhenItsTimeIsOver() throws InterruptedException {
    final var half = CollectionTtl.of(Duration.ofMillis(500));
    for (Arguments each : writes().toList()) {
      ((Write) each.get()[1]).to(key + each.get()[0], half).join();
    }
    CLIENT.set(CACHE, key, "value", Duration.ofSeconds(1)).join();
    final long written = System.nanoTime();
    is(GetResponse.Hit.class, CLIENT.get(CACHE, key));

    Thread.sleep(Math.max(0, 1000 - (System.nanoTime() - written) / 1_000_000));

    is(GetResponse.Miss.class, CLIENT.get(CACHE, key));
    for (Arguments each : writes().toList()) {
      is(ItemGetTtlResponse.Miss.class, CLIENT.itemGetTtl(CACHE, key + each.get()[0]));
    }
  }
}

package attimo;

import static attimo.Scene.CACHE;
import static attimo.Scene.CLIENT;
import static attimo.Scene.MINUTE;
import static attimo.Scene.NO_CACHE;
import static attimo.Scene.newName;
import static attimo.Scene.refused;
import static momento.sdk.responses.SortOrder.ASCENDING;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import momento.sdk.exceptions.BadRequestException;
import momento.sdk.exceptions.CacheNotFoundException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What every call says of a cache that is not there, and of an item of another type. */
class RefusalTest {
  /** A call on an item of a cache. */
  interface Call {
    CompletableFuture<?> on(String cache, String name);
  }

  static Stream<Arguments> scalars() {
    return Stream.of(
        call("get", (c, k) -> CLIENT.get(c, k)),
        call("increment", (c, k) -> CLIENT.increment(c, k, 1)));
  }

  static Stream<Arguments> ofAnyType() {
    return Stream.of(
        call("set", (c, k) -> CLIENT.set(c, k, "v")),
        call("setIfNotExists", (c, k) -> CLIENT.setIfNotExists(c, k, "v")),
        call("delete", (c, k) -> CLIENT.delete(c, k)),
        call("getBatch", (c, k) -> CLIENT.getBatch(c, List.of(k))),
        call("setBatch", (c, k) -> CLIENT.setBatch(c, Map.of(k, "v"))),
        call("updateTtl", (c, k) -> CLIENT.updateTtl(c, k, MINUTE)),
        call("increaseTtl", (c, k) -> CLIENT.increaseTtl(c, k, MINUTE)),
        call("decreaseTtl", (c, k) -> CLIENT.decreaseTtl(c, k, MINUTE)),
        call("itemGetTtl", (c, k) -> CLIENT.itemGetTtl(c, k)));
  }

  static Stream<Arguments> dictionaries() {
    return Stream.of(
        call("dictionaryFetch", (c, k) -> CLIENT.dictionaryFetch(c, k)),
        call("dictionaryGetField", (c, k) -> CLIENT.dictionaryGetField(c, k, "f")),
        call("dictionaryGetFields", (c, k) -> CLIENT.dictionaryGetFields(c, k, List.of("f"))),
        call("dictionarySetField", (c, k) -> CLIENT.dictionarySetField(c, k, "f", "v")),
        call("dictionarySetFields", (c, k) -> CLIENT.dictionarySetFields(c, k, Map.of("f", "v"))),
        call("dictionaryIncrement", (c, k) -> CLIENT.dictionaryIncrement(c, k, "f", 1)),
        call("dictionaryRemoveField", (c, k) -> CLIENT.dictionaryRemoveField(c, k, "f")),
        call(
            "dictionaryRemoveFields",
            (c, k) -> CLIENT.dictionaryRemoveFields(c, k, List.of("f"))));
  }

  static Stream<Arguments> lists() {
    final var values = List.of("v");
    return Stream.of(
        call("listFetch", (c, k) -> CLIENT.listFetch(c, k)),
        call("listLength", (c, k) -> CLIENT.listLength(c, k)),
        call("listPushBack", (c, k) -> CLIENT.listPushBack(c, k, "v")),
        call("listPushFront", (c, k) -> CLIENT.listPushFront(c, k, "v")),
        call("listPopBack", (c, k) -> CLIENT.listPopBack(c, k)),
        call("listPopFront", (c, k) -> CLIENT.listPopFront(c, k)),
        call("listConcatenateBack", (c, k) -> CLIENT.listConcatenateBack(c, k, values)),
        call("listConcatenateFront", (c, k) -> CLIENT.listConcatenateFront(c, k, values)),
        call("listRemoveValue", (c, k) -> CLIENT.listRemoveValue(c, k, "v")),
        call("listRetain", (c, k) -> CLIENT.listRetain(c, k, 0, 1)));
  }

  static Stream<Arguments> sets() {
    return Stream.of(
        call("setFetch", (c, k) -> CLIENT.setFetch(c, k)),
        call("setAddElement", (c, k) -> CLIENT.setAddElement(c, k, "v")),
        call("setAddElements", (c, k) -> CLIENT.setAddElements(c, k, List.of("v"))),
        call("setRemoveElement", (c, k) -> CLIENT.setRemoveElement(c, k, "v")),
        call("setRemoveElements", (c, k) -> CLIENT.setRemoveElements(c, k, List.of("v"))));
  }

  static Stream<Arguments> sortedSets() {
    final var one = List.of("v");
    return Stream.of(
        call("sortedSetFetchByRank", (c, k) -> CLIENT.sortedSetFetchByRank(c, k)),
        call("sortedSetFetchByScore", (c, k) -> CLIENT.sortedSetFetchByScore(c, k)),
        call("sortedSetGetRank", (c, k) -> CLIENT.sortedSetGetRank(c, k, "v", ASCENDING)),
        call("sortedSetGetScore", (c, k) -> CLIENT.sortedSetGetScore(c, k, "v")),
        call("sortedSetGetScores", (c, k) -> CLIENT.sortedSetGetScores(c, k, one)),
        call("sortedSetPutElement", (c, k) -> CLIENT.sortedSetPutElement(c, k, "v", 1)),
        call("sortedSetPutElements", (c, k) -> CLIENT.sortedSetPutElements(c, k, Map.of("v", 1.0))),
        call("sortedSetIncrementScore", (c, k) -> CLIENT.sortedSetIncrementScore(c, k, "v", 1)),
        call("sortedSetRemoveElement", (c, k) -> CLIENT.sortedSetRemoveElement(c, k, "v")),
        call("sortedSetRemoveElements", (c, k) -> CLIENT.sortedSetRemoveElements(c, k, one)));
  }

  static Stream<Arguments> collections() {
    return Stream.of(dictionaries(), lists(), sets(), sortedSets()).flatMap(calls -> calls);
  }

  static Stream<Arguments> all() {
    return Stream.of(scalars(), ofAnyType(), collections()).flatMap(calls -> calls);
  }

  static Stream<Arguments> allButLists() {
    return Stream.of(scalars(), dictionaries(), sets(), sortedSets()).flatMap(calls -> calls);
  }

  private static Arguments call(String name, Call call) {
    return Arguments.of(name, call);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("all")
  void aCacheThatIsNotThereIsNotFound(String method, Call call) {
    refused(CacheNotFoundException.class, call.on(NO_CACHE, "key"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("all")
  void anEmptyCacheNameIsRefused(String method, Call call) {
    refused(BadRequestException.class, call.on("", "key"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("collections")
  void aSingleValueIsNoCollection(String method, Call call) {
    final String key = newName();
    CLIENT.set(CACHE, key, "value").join();

    refused(BadRequestException.class, call.on(CACHE, key));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("allButLists")
  void aListIsNothingElse(String method, Call call) {
    final String key = newName();
    CLIENT.listPushBack(CACHE, key, "value").join();

    final var error = refused(BadRequestException.class, call.on(CACHE, key));

    final String said = error.getTransportErrorDetails().get().getGrpcErrorDetails().getDetails();
    assertTrue(said.startsWith("FAILED_PRECONDITION"), said);
    assertTrue(said.contains("list"), said);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("lists")
  void aDictionaryIsNoList(String method, Call call) {
    final String key = newName();
    CLIENT.dictionarySetField(CACHE, key, "field", "value").join();

    refused(BadRequestException.class, call.on(CACHE, key));
  }
}

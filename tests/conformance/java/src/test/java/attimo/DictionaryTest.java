package attimo;

import static attimo.Scene.BYTES;
import static attimo.Scene.CACHE;
import static attimo.Scene.CLIENT;
import static attimo.Scene.is;
import static attimo.Scene.newName;
import static attimo.Scene.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import momento.sdk.exceptions.BadRequestException;
import momento.sdk.exceptions.LimitExceededException;
import momento.sdk.responses.cache.dictionary.DictionaryFetchResponse;
import momento.sdk.responses.cache.dictionary.DictionaryGetFieldResponse;
import momento.sdk.responses.cache.dictionary.DictionaryGetFieldsResponse;
import momento.sdk.responses.cache.dictionary.DictionaryIncrementResponse;
import momento.sdk.responses.cache.dictionary.DictionaryRemoveFieldResponse;
import momento.sdk.responses.cache.dictionary.DictionaryRemoveFieldsResponse;
import momento.sdk.responses.cache.dictionary.DictionarySetFieldResponse;
import momento.sdk.responses.cache.dictionary.DictionarySetFieldsResponse;
import momento.sdk.responses.cache.ttl.ItemGetTtlResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Dictionaries. */
class DictionaryTest {
  private final String name = newName();

  private void make(Map<String, String> fields) {
    is(
        DictionarySetFieldsResponse.Success.class,
        CLIENT.dictionarySetFields(CACHE, name, fields));
  }

  private Map<String, String> all() {
    final var fetched = CLIENT.dictionaryFetch(CACHE, name);
    return is(DictionaryFetchResponse.Hit.class, fetched).valueMapStringString();
  }

  private String get(String field) {
    final var got = CLIENT.dictionaryGetField(CACHE, name, field);
    return is(DictionaryGetFieldResponse.Hit.class, got).valueString();
  }

  @Test
  void fieldsAreSetAndReplaced() {
    make(Map.of("a", "1", "b", "2"));

    final var set = CLIENT.dictionarySetField(CACHE, name, "b", "3");

    is(DictionarySetFieldResponse.Success.class, set);
    assertEquals("3", get("b"));
    assertEquals(Map.of("a", "1", "b", "3"), all());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 256, 100_000})
  void valuesMayBeAnyBytes(int size) {
    final byte[] value = Arrays.copyOf(BYTES, size);
    is(
        DictionarySetFieldResponse.Success.class,
        CLIENT.dictionarySetField(CACHE, name, "one", value));
    is(
        DictionarySetFieldsResponse.Success.class,
        CLIENT.dictionarySetFieldsStringBytes(CACHE, name, Map.of("many", value)));

    final var fetched =
        is(DictionaryFetchResponse.Hit.class, CLIENT.dictionaryFetch(CACHE, name))
            .valueMapStringByteArray();

    assertArrayEquals(value, fetched.get("one"));
    assertArrayEquals(value, fetched.get("many"));
  }

  @Test
  void theEmptyFieldIsAField() {
    make(Map.of("", ""));

    assertEquals("", get(""));
    assertEquals(Map.of("", ""), all());
  }

  @Test
  void fieldsAreAnsweredWhereTheyWereAskedFor() {
    make(Map.of("a", "1", "b", "2"));

    final var got = CLIENT.dictionaryGetFields(CACHE, name, List.of("b", "none", "a"));

    final var hit = is(DictionaryGetFieldsResponse.Hit.class, got);
    final var values =
        hit.perFieldResponses().stream()
            .map(each -> each instanceof DictionaryGetFieldResponse.Hit ? one(each) : "a miss")
            .toList();
    assertEquals(List.of("2", "a miss", "1"), values);
    assertInstanceOf(DictionaryGetFieldResponse.Miss.class, hit.perFieldResponses().get(1));
    assertEquals(Map.of("a", "1", "b", "2"), hit.valueMapStringString());
  }

  private static String one(DictionaryGetFieldResponse response) {
    return ((DictionaryGetFieldResponse.Hit) response).valueString();
  }

  @Test
  void anAbsentFieldIsAMiss() {
    make(Map.of("a", "1"));

    is(DictionaryGetFieldResponse.Miss.class, CLIENT.dictionaryGetField(CACHE, name, "none"));
  }

  @Test
  void whatIsNotThereIsAMiss() {
    is(DictionaryFetchResponse.Miss.class, CLIENT.dictionaryFetch(CACHE, name));
    is(DictionaryGetFieldResponse.Miss.class, CLIENT.dictionaryGetField(CACHE, name, "a"));
    is(
        DictionaryGetFieldsResponse.Miss.class,
        CLIENT.dictionaryGetFields(CACHE, name, List.of("a", "b")));
  }

  @Test
  void removingFromNothingSucceeds() {
    is(
        DictionaryRemoveFieldResponse.Success.class,
        CLIENT.dictionaryRemoveField(CACHE, name, "a"));
    is(
        DictionaryRemoveFieldsResponse.Success.class,
        CLIENT.dictionaryRemoveFields(CACHE, name, List.of("a")));
  }

  @Test
  void removedFieldsAreGoneAndTheDictionaryWithTheLast() {
    make(Map.of("a", "1", "b", "2", "c", "3"));

    is(
        DictionaryRemoveFieldResponse.Success.class,
        CLIENT.dictionaryRemoveField(CACHE, name, "a"));
    assertEquals(Map.of("b", "2", "c", "3"), all());
    is(
        DictionaryRemoveFieldsResponse.Success.class,
        CLIENT.dictionaryRemoveFields(CACHE, name, List.of("b", "none", "c")));

    is(DictionaryFetchResponse.Miss.class, CLIENT.dictionaryFetch(CACHE, name));
    is(ItemGetTtlResponse.Miss.class, CLIENT.itemGetTtl(CACHE, name));
  }

  @Test
  void incrementCountsFromNothingUpAndDown() {
    final List<Integer> values =
        List.of(1L, 41L, -1042L, 0L).stream()
            .map(amount -> CLIENT.dictionaryIncrement(CACHE, name, "n", amount))
            .map(counted -> is(DictionaryIncrementResponse.Success.class, counted).value())
            .toList();

    assertEquals(List.of(1, 42, -1000, -1000), values);
    assertEquals("-1000", get("n"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"hello, world!", "", "1.5"})
  void incrementRefusesWhatIsNoNumber(String value) {
    make(Map.of("n", value));

    refused(BadRequestException.class, CLIENT.dictionaryIncrement(CACHE, name, "n", 1));

    assertEquals(Map.of("n", value), all());
  }

  @Test
  void tenThousandFieldsComeBack() {
    final var fields =
        IntStream.range(0, 10_000)
            .mapToObj(Integer::toString)
            .collect(Collectors.toMap(Function.identity(), Function.identity()));
    make(fields);

    assertEquals(fields, all());
  }

  @Test
  void aValueThatIsTooLargeLeavesTheDictionaryAsItWas() {
    make(Map.of("a", "1"));
    final var tooMuch = CLIENT.dictionarySetField(CACHE, name, "b", new byte[200_000]);

    final var error = refused(LimitExceededException.class, tooMuch);

    assertTrue(error.getMessage().startsWith("Element size limit exceeded"), error::getMessage);
    assertEquals(Map.of("a", "1"), all());
  }
}

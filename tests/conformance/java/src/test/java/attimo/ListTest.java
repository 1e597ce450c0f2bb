package attimo;

import static attimo.Scene.BYTES;
import static attimo.Scene.CACHE;
import static attimo.Scene.CLIENT;
import static attimo.Scene.is;
import static attimo.Scene.newName;
import static attimo.Scene.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import momento.sdk.exceptions.InvalidArgumentException;
import momento.sdk.exceptions.LimitExceededException;
import momento.sdk.responses.cache.list.ListConcatenateBackResponse;
import momento.sdk.responses.cache.list.ListConcatenateFrontResponse;
import momento.sdk.responses.cache.list.ListFetchResponse;
import momento.sdk.responses.cache.list.ListLengthResponse;
import momento.sdk.responses.cache.list.ListPopBackResponse;
import momento.sdk.responses.cache.list.ListPopFrontResponse;
import momento.sdk.responses.cache.list.ListPushBackResponse;
import momento.sdk.responses.cache.list.ListPushFrontResponse;
import momento.sdk.responses.cache.list.ListRemoveValueResponse;
import momento.sdk.responses.cache.list.ListRetainResponse;
import momento.sdk.responses.cache.ttl.ItemGetTtlResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Lists. */
class ListTest {
  private final String name = newName();

  private static List<String> letters(String letters) {
    return letters.isEmpty() ? List.of() : List.of(letters.split(""));
  }

  private void make(String letters) {
    final var made = CLIENT.listConcatenateBack(CACHE, name, letters(letters));
    final int length = is(ListConcatenateBackResponse.Success.class, made).getListLength();
    assertEquals(letters.length(), length);
  }

  private List<String> all() {
    return is(ListFetchResponse.Hit.class, CLIENT.listFetch(CACHE, name)).valueListString();
  }

  private void assertGone() {
    is(ListFetchResponse.Miss.class, CLIENT.listFetch(CACHE, name));
    is(ListLengthResponse.Miss.class, CLIENT.listLength(CACHE, name));
    is(ItemGetTtlResponse.Miss.class, CLIENT.itemGetTtl(CACHE, name));
  }

  @Test
  void valuesArePushedAtBothEnds() {
    final var first = CLIENT.listPushBack(CACHE, name, "b");
    assertEquals(1, is(ListPushBackResponse.Success.class, first).getListLength());
    final var second = CLIENT.listPushFront(CACHE, name, "a");
    assertEquals(2, is(ListPushFrontResponse.Success.class, second).getListLength());

    assertEquals(letters("ab"), all());
  }

  @Test
  void listsAreJoinedInTheOrderGivenAtBothEnds() {
    make("c");

    final var front = CLIENT.listConcatenateFront(CACHE, name, letters("ab"));
    final var back = CLIENT.listConcatenateBack(CACHE, name, letters("de"));

    assertEquals(3, is(ListConcatenateFrontResponse.Success.class, front).getListLength());
    assertEquals(5, is(ListConcatenateBackResponse.Success.class, back).getListLength());
    assertEquals(letters("abcde"), all());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 256, 100_000})
  void valuesMayBeAnyBytes(int size) {
    final byte[] value = Arrays.copyOf(BYTES, size);
    CLIENT.listPushBack(CACHE, name, value).join();
    CLIENT.listPushFront(CACHE, name, value).join();
    CLIENT.listConcatenateBackByteArray(CACHE, name, List.of(value)).join();
    CLIENT.listConcatenateFrontByteArray(CACHE, name, List.of(value)).join();

    final var fetched = is(ListFetchResponse.Hit.class, CLIENT.listFetch(CACHE, name));

    assertEquals(4, fetched.valueListByteArray().size());
    fetched.valueListByteArray().forEach(each -> assertArrayEquals(value, each));
    final var popped = is(ListPopBackResponse.Hit.class, CLIENT.listPopBack(CACHE, name));
    assertArrayEquals(value, popped.valueByteArray());
    is(ListRemoveValueResponse.Success.class, CLIENT.listRemoveValue(CACHE, name, value));
    assertGone();
  }

  @Test
  void theNameMayBeBytes() {
    final byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    final List<byte[]> values = List.of(BYTES, new byte[0]);
    final var made = CLIENT.listConcatenateFrontByteArray(CACHE, bytes, values);
    assertEquals(2, is(ListConcatenateFrontResponse.Success.class, made).getListLength());

    is(ListRetainResponse.Success.class, CLIENT.listRetain(CACHE, bytes, 0, 1));

    final var fetched = is(ListFetchResponse.Hit.class, CLIENT.listFetch(CACHE, bytes));
    assertArrayEquals(BYTES, fetched.valueListByteArray().get(0));
    assertEquals(1, fetched.valueListByteArray().size());
  }

  @Test
  void valuesArePoppedFromBothEndsUntilTheListIsGone() {
    make("abc");

    final var back = is(ListPopBackResponse.Hit.class, CLIENT.listPopBack(CACHE, name));
    final var front = is(ListPopFrontResponse.Hit.class, CLIENT.listPopFront(CACHE, name));
    final var last = is(ListPopFrontResponse.Hit.class, CLIENT.listPopFront(CACHE, name));

    assertEquals("c", back.valueString());
    assertEquals("a", front.valueString());
    assertEquals("b", last.valueString());
    assertGone();
  }

  @Test
  void whatIsNotThereIsAMissAndRemovingFromItSucceeds() {
    assertGone();
    is(ListPopBackResponse.Miss.class, CLIENT.listPopBack(CACHE, name));
    is(ListPopFrontResponse.Miss.class, CLIENT.listPopFront(CACHE, name));
    is(ListRemoveValueResponse.Success.class, CLIENT.listRemoveValue(CACHE, name, "a"));
    is(ListRetainResponse.Success.class, CLIENT.listRetain(CACHE, name, 0, 1));
    assertGone();
  }

  @Test
  void theLengthIsTheNumberOfValues() {
    make("abcde");

    final var length = is(ListLengthResponse.Hit.class, CLIENT.listLength(CACHE, name));

    assertEquals(5, length.getListLength());
  }

  @ParameterizedTest
  @CsvSource({"1, z", "3, dez", "6, abcdez", "7, abcdez"})
  void pushingAtTheBackCutsTheFront(int size, String kept) {
    make("abcde");

    final var pushed = CLIENT.listPushBack(CACHE, name, "z", size);

    final int length = is(ListPushBackResponse.Success.class, pushed).getListLength();
    assertEquals(kept.length(), length);
    assertEquals(letters(kept), all());
  }

  @ParameterizedTest
  @CsvSource({"1, z", "3, zab", "6, zabcde", "7, zabcde"})
  void pushingAtTheFrontCutsTheBack(int size, String kept) {
    make("abcde");

    final var pushed = CLIENT.listPushFront(CACHE, name, "z", size);

    final int length = is(ListPushFrontResponse.Success.class, pushed).getListLength();
    assertEquals(kept.length(), length);
    assertEquals(letters(kept), all());
  }

  @ParameterizedTest
  @CsvSource({"1, z, y", "4, deyz, yzab", "8, abcdeyz, yzabcde"})
  void joiningCutsTheOtherEnd(int size, String back, String front) {
    make("abcde");
    final var behind = CLIENT.listConcatenateBack(CACHE, name, letters("yz"), size);
    is(ListConcatenateBackResponse.Success.class, behind);
    assertEquals(letters(back), all());

    CLIENT.delete(CACHE, name).join();
    make("abcde");
    final var before = CLIENT.listConcatenateFront(CACHE, name, letters("yz"), size);
    is(ListConcatenateFrontResponse.Success.class, before);
    assertEquals(letters(front), all());
  }

  @ParameterizedTest
  @CsvSource({
    ",, abcde", "0, 5, abcde", "1, 3, bc", "-2,, de", ", -2, abc", "-4, -1, bcd",
    "-100, 100, abcde", "4, 100, e", ", 2, ab", "3,, de", "-2147483648, 2147483647, abcde",
  })
  void aSliceIsWhatPythonMakesOfIt(Integer start, Integer end, String slice) {
    make("abcde");

    final var fetched = CLIENT.listFetch(CACHE, name, start, end);

    assertEquals(letters(slice), is(ListFetchResponse.Hit.class, fetched).valueListString());
    is(ListRetainResponse.Success.class, CLIENT.listRetain(CACHE, name, start, end));
    assertEquals(letters(slice), all());
  }

  @ParameterizedTest
  @CsvSource({"5,", "5, 100", ", -5", ", 0", ", -100", "100, 101"})
  void anEmptySliceIsAMissAndRetainingItRemovesTheList(Integer start, Integer end) {
    make("abcde");

    is(ListFetchResponse.Miss.class, CLIENT.listFetch(CACHE, name, start, end));
    assertEquals(letters("abcde"), all());

    is(ListRetainResponse.Success.class, CLIENT.listRetain(CACHE, name, start, end));
    assertGone();
  }

  @Test
  void theClientRefusesAnEndBeforeTheStart() {
    refused(InvalidArgumentException.class, CLIENT.listFetch(CACHE, name, 2, 2));
    refused(InvalidArgumentException.class, CLIENT.listPushBack(CACHE, name, "a", 0));
  }

  @Test
  void aValueIsRemovedWhereverItStands() {
    make("abacad");

    is(ListRemoveValueResponse.Success.class, CLIENT.listRemoveValue(CACHE, name, "a"));
    is(ListRemoveValueResponse.Success.class, CLIENT.listRemoveValue(CACHE, name, "none"));

    assertEquals(letters("bcd"), all());
  }

  @Test
  void tenThousandValuesComeBack() {
    final var values = Collections.nCopies(10_000, "value");
    CLIENT.listConcatenateBack(CACHE, name, values).join();

    assertEquals(values, all());
  }

  @Test
  void aValueThatIsTooLargeLeavesTheListAsItWas() {
    make("a");
    final var tooMuch = CLIENT.listPushBack(CACHE, name, new byte[200_000]);

    final var error = refused(LimitExceededException.class, tooMuch);

    assertTrue(error.getMessage().startsWith("Element size limit exceeded"), error::getMessage);
    assertEquals(letters("a"), all());
  }
}

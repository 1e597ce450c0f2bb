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

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import momento.sdk.exceptions.LimitExceededException;
import momento.sdk.responses.cache.set.SetAddElementResponse;
import momento.sdk.responses.cache.set.SetAddElementsResponse;
import momento.sdk.responses.cache.set.SetFetchResponse;
import momento.sdk.responses.cache.set.SetRemoveElementResponse;
import momento.sdk.responses.cache.set.SetRemoveElementsResponse;
import momento.sdk.responses.cache.ttl.ItemGetTtlResponse;
import org.junit.jupiter.api.Test;

/** Sets. */
class SetTest {
  private final String name = newName();

  private void add(Iterable<String> elements) {
    is(SetAddElementsResponse.Success.class, CLIENT.setAddElements(CACHE, name, elements));
  }

  private Set<String> all() {
    return is(SetFetchResponse.Hit.class, CLIENT.setFetch(CACHE, name)).valueSetString();
  }

  @Test
  void anElementIsThereOnce() {
    add(List.of("a", "b", "a"));

    is(SetAddElementResponse.Success.class, CLIENT.setAddElement(CACHE, name, "b"));

    assertEquals(Set.of("a", "b"), all());
  }

  @Test
  void elementsMayBeAnyBytes() {
    is(SetAddElementResponse.Success.class, CLIENT.setAddElement(CACHE, name, BYTES));
    is(
        SetAddElementsResponse.Success.class,
        CLIENT.setAddElementsByteArray(CACHE, name, List.of(BYTES)));

    final var fetched = is(SetFetchResponse.Hit.class, CLIENT.setFetch(CACHE, name));

    assertEquals(1, fetched.valueSetByteArray().size());
    assertArrayEquals(BYTES, fetched.valueSetByteArray().iterator().next());
    is(SetRemoveElementResponse.Success.class, CLIENT.setRemoveElement(CACHE, name, BYTES));
    is(SetFetchResponse.Miss.class, CLIENT.setFetch(CACHE, name));
  }

  @Test
  void theEmptyElementIsAnElement() {
    add(List.of(""));

    assertEquals(Set.of(""), all());
  }

  @Test
  void whatIsNotThereIsAMissAndRemovingFromItSucceeds() {
    is(SetFetchResponse.Miss.class, CLIENT.setFetch(CACHE, name));
    is(SetRemoveElementResponse.Success.class, CLIENT.setRemoveElement(CACHE, name, "a"));
    is(
        SetRemoveElementsResponse.Success.class,
        CLIENT.setRemoveElements(CACHE, name, List.of("a")));
    is(SetFetchResponse.Miss.class, CLIENT.setFetch(CACHE, name));
  }

  @Test
  void removedElementsAreGoneAndTheSetWithTheLast() {
    add(List.of("a", "b", "c"));

    is(SetRemoveElementResponse.Success.class, CLIENT.setRemoveElement(CACHE, name, "a"));
    is(SetRemoveElementResponse.Success.class, CLIENT.setRemoveElement(CACHE, name, "none"));
    assertEquals(Set.of("b", "c"), all());
    is(
        SetRemoveElementsResponse.Success.class,
        CLIENT.setRemoveElements(CACHE, name, List.of("b", "c", "none")));

    is(SetFetchResponse.Miss.class, CLIENT.setFetch(CACHE, name));
    is(ItemGetTtlResponse.Miss.class, CLIENT.itemGetTtl(CACHE, name));
  }

  @Test
  void elementsAreRemovedByTheirBytes() {
    is(
        SetAddElementsResponse.Success.class,
        CLIENT.setAddElementsByteArray(CACHE, name, List.of(BYTES, new byte[0])));

    is(
        SetRemoveElementsResponse.Success.class,
        CLIENT.setRemoveElementsByteArray(CACHE, name, List.of(BYTES)));

    assertEquals(Set.of(""), all());
  }

  @Test
  void tenThousandElementsComeBack() {
    final var elements =
        IntStream.range(0, 10_000).mapToObj(Integer::toString).collect(Collectors.toSet());
    add(elements);

    assertEquals(elements, all());
  }

  @Test
  void anElementThatIsTooLargeLeavesTheSetAsItWas() {
    add(List.of("a"));
    final var tooMuch = CLIENT.setAddElement(CACHE, name, new byte[200_000]);

    final var error = refused(LimitExceededException.class, tooMuch);

    assertTrue(error.getMessage().startsWith("Element size limit exceeded"), error::getMessage);
    assertEquals(Set.of("a"), all());
  }
}

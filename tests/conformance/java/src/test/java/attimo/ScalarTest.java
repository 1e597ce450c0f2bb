package attimo;

import static attimo.Scene.BYTES;
import static attimo.Scene.CACHE;
import static attimo.Scene.CLIENT;
import static attimo.Scene.is;
import static attimo.Scene.newCache;
import static attimo.Scene.newName;
import static attimo.Scene.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import momento.sdk.exceptions.BadRequestException;
import momento.sdk.exceptions.LimitExceededException;
import momento.sdk.responses.cache.DeleteResponse;
import momento.sdk.responses.cache.GetResponse;
import momento.sdk.responses.cache.IncrementResponse;
import momento.sdk.responses.cache.SetIfNotExistsResponse;
import momento.sdk.responses.cache.SetResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Single values. */
class ScalarTest {
  private final String key = newName();

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 256, 100_000, 5_000_000})
  void whatSetWritesGetReads(int size) {
    final byte[] value = Arrays.copyOf(BYTES, size);

    is(SetResponse.Success.class, CLIENT.set(CACHE, key.getBytes(StandardCharsets.UTF_8), value));

    assertArrayEquals(value, is(GetResponse.Hit.class, CLIENT.get(CACHE, key)).valueByteArray());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b/c?d=e", "ключ", "\u0000"})
  void everyKeyIsAKey(String odd) {
    final String cache = newCache();
    is(GetResponse.Miss.class, CLIENT.get(cache, odd));

    is(SetResponse.Success.class, CLIENT.set(cache, odd, "grüße"));

    assertEquals("grüße", is(GetResponse.Hit.class, CLIENT.get(cache, odd)).valueString());
    is(DeleteResponse.Success.class, CLIENT.delete(cache, odd));
    is(GetResponse.Miss.class, CLIENT.get(cache, odd));
  }

  @Test
  void keysMayBeAnyBytes() {
    is(SetResponse.Success.class, CLIENT.set(CACHE, BYTES, BYTES));

    assertArrayEquals(BYTES, is(GetResponse.Hit.class, CLIENT.get(CACHE, BYTES)).valueByteArray());
    is(DeleteResponse.Success.class, CLIENT.delete(CACHE, BYTES));
    is(GetResponse.Miss.class, CLIENT.get(CACHE, BYTES));
  }

  @Test
  void setReplacesWhatWasThere() {
    is(SetResponse.Success.class, CLIENT.set(CACHE, key, "a long first value"));
    is(SetResponse.Success.class, CLIENT.set(CACHE, key, "2nd"));

    assertEquals("2nd", is(GetResponse.Hit.class, CLIENT.get(CACHE, key)).valueString());
  }

  @Test
  void deletingWhatIsNotThereSucceeds() {
    is(DeleteResponse.Success.class, CLIENT.delete(CACHE, key));
  }

  @Test
  void incrementCountsFromNothingUpAndDown() {
    final List<Integer> values =
        List.of(1L, 41L, -1042L, 0L).stream()
            .map(amount -> CLIENT.increment(CACHE, key, amount))
            .map(counted -> is(IncrementResponse.Success.class, counted).valueNumber())
            .toList();

    assertEquals(List.of(1, 42, -1000, -1000), values);
    assertEquals("-1000", is(GetResponse.Hit.class, CLIENT.get(CACHE, key)).valueString());
  }

  @Test
  void incrementGoesOnFromANumberThatWasSet() {
    CLIENT.set(CACHE, key, "10").join();

    final var counted = is(IncrementResponse.Success.class, CLIENT.increment(CACHE, key, 5));

    assertEquals(15, counted.valueNumber());
  }

  @ParameterizedTest
  @ValueSource(strings = {"forty-one", "", "1.5", " 1", "999999999999999999999"})
  void incrementRefusesWhatIsNoNumber(String value) {
    CLIENT.set(CACHE, key, value).join();

    refused(BadRequestException.class, CLIENT.increment(CACHE, key, 1));

    assertEquals(value, is(GetResponse.Hit.class, CLIENT.get(CACHE, key)).valueString());
  }

  @Test
  void setIfNotExistsWritesOnce() {
    is(SetIfNotExistsResponse.Stored.class, CLIENT.setIfNotExists(CACHE, key, "1"));
    is(SetIfNotExistsResponse.NotStored.class, CLIENT.setIfNotExists(CACHE, key, "2"));

    assertEquals("1", is(GetResponse.Hit.class, CLIENT.get(CACHE, key)).valueString());
  }

  @Test
  void anEmptyValueExists() {
    is(SetIfNotExistsResponse.Stored.class, CLIENT.setIfNotExists(CACHE, key, ""));
    is(SetIfNotExistsResponse.NotStored.class, CLIENT.setIfNotExists(CACHE, key, "2"));
  }

  @Test
  void cachesShareNoKeys() {
    CLIENT.set(CACHE, key, "here").join();

    is(GetResponse.Miss.class, CLIENT.get(newCache(), key));
  }

  @Test
  void moreThanTheLimitIsRefusedByName() {
    final byte[] tooMuch = new byte[5_300_000];
    final var set = CLIENT.set(CACHE, key.getBytes(StandardCharsets.UTF_8), tooMuch);

    final var error = refused(LimitExceededException.class, set);

    assertTrue(error.getMessage().startsWith("Request size limit exceeded"), error::getMessage);
    is(GetResponse.Miss.class, CLIENT.get(CACHE, key));
  }
}

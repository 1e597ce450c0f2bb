package attimo;

import static attimo.Scene.CACHE;
import static attimo.Scene.CLIENT;
import static attimo.Scene.MINUTE;
import static attimo.Scene.NO_CACHE;
import static attimo.Scene.is;
import static attimo.Scene.newCache;
import static attimo.Scene.newName;
import static attimo.Scene.refused;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import momento.sdk.exceptions.AuthenticationException;
import momento.sdk.exceptions.BadRequestException;
import momento.sdk.exceptions.CacheAlreadyExistsException;
import momento.sdk.exceptions.CacheNotFoundException;
import momento.sdk.exceptions.InvalidArgumentException;
import momento.sdk.responses.cache.GetResponse;
import momento.sdk.responses.cache.control.CacheCreateResponse;
import momento.sdk.responses.cache.control.CacheDeleteResponse;
import momento.sdk.responses.cache.control.CacheFlushResponse;
import momento.sdk.responses.cache.control.CacheListResponse;
import momento.sdk.responses.cache.list.ListFetchResponse;
import momento.sdk.responses.cache.signing.SigningKey;
import momento.sdk.responses.cache.signing.SigningKeyCreateResponse;
import momento.sdk.responses.cache.signing.SigningKeyListResponse;
import momento.sdk.responses.cache.signing.SigningKeyRevokeResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Caches: made, listed, emptied, removed. */
class ControlTest {
  private static boolean listed(String name) {
    final var caches = is(CacheListResponse.Success.class, CLIENT.listCaches()).getCaches();
    return caches.stream().anyMatch(cache -> cache.name().equals(name));
  }

  @Test
  void aCacheIsMadeOnceAndGoneWhenItIsDeleted() {
    final String name = newName();

    is(CacheCreateResponse.Success.class, CLIENT.createCache(name));
    refused(CacheAlreadyExistsException.class, CLIENT.createCache(name));
    assertTrue(listed(name));
    CLIENT.set(name, "key", "value").join();

    is(CacheDeleteResponse.Success.class, CLIENT.deleteCache(name));
    assertFalse(listed(name));
    refused(CacheNotFoundException.class, CLIENT.deleteCache(name));
    refused(CacheNotFoundException.class, CLIENT.get(name, "key"));
  }

  @Test
  void aCacheThatComesAgainIsEmpty() {
    final String name = newCache();
    CLIENT.set(name, "key", "value").join();
    CLIENT.deleteCache(name).join();

    is(CacheCreateResponse.Success.class, CLIENT.createCache(name));

    is(GetResponse.Miss.class, CLIENT.get(name, "key"));
  }

  @Test
  void aFlushedCacheIsEmptyAndStays() {
    final String name = newCache();
    CLIENT.set(name, "key", "value").join();
    CLIENT.listPushBack(name, "list", "value").join();

    is(CacheFlushResponse.Success.class, CLIENT.flushCache(name));

    is(GetResponse.Miss.class, CLIENT.get(name, "key"));
    is(ListFetchResponse.Miss.class, CLIENT.listFetch(name, "list"));
    assertTrue(listed(name));
  }

  @Test
  void aCacheThatIsNotThereIsNotFlushed() {
    refused(CacheNotFoundException.class, CLIENT.flushCache(NO_CACHE));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "      ", "a/b"})
  void theServerRefusesANameThatIsNone(String name) {
    refused(BadRequestException.class, CLIENT.createCache(name));
  }

  @Test
  void theClientRefusesNoNameAtAll() {
    refused(InvalidArgumentException.class, CLIENT.createCache(null));
    refused(InvalidArgumentException.class, CLIENT.get(null, "key"));
  }

  @Test
  void theDataPlaneRefusesAnEmptyName() {
    refused(BadRequestException.class, CLIENT.get("", "key"));
    refused(BadRequestException.class, CLIENT.listFetch("", "key"));
  }

  @Test
  void aSigningKeyIsMadeListedAndRevoked() {
    final var made = is(SigningKeyCreateResponse.Success.class, CLIENT.createSigningKey(MINUTE));
    assertTrue(signingKeys().contains(made.getKeyId()));

    is(SigningKeyRevokeResponse.Success.class, CLIENT.revokeSigningKey(made.getKeyId()));

    assertFalse(signingKeys().contains(made.getKeyId()));
  }

  private static List<String> signingKeys() {
    final var listed = is(SigningKeyListResponse.Success.class, CLIENT.listSigningKeys());
    return listed.signingKeys().stream().map(SigningKey::getKeyId).toList();
  }

  @Test
  void aKeyThatIsNoneOpensNothing() {
    try (var stranger = Scene.client(Scene.withToken("no-key"))) {
      refused(AuthenticationException.class, stranger.listCaches());
      refused(AuthenticationException.class, stranger.get(CACHE, "key"));
      refused(AuthenticationException.class, stranger.get(NO_CACHE, "key"));
    }
  }
}

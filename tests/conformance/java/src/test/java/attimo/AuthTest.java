package attimo;

import static attimo.Scene.CACHE;
import static attimo.Scene.NO_CACHE;
import static attimo.Scene.is;
import static attimo.Scene.newName;
import static attimo.Scene.refused;
import static org.junit.jupiter.api.Assertions.assertTrue;

import momento.sdk.AuthClient;
import momento.sdk.CacheClient;
import momento.sdk.auth.CredentialProvider;
import momento.sdk.auth.accessControl.CacheSelector;
import momento.sdk.auth.accessControl.DisposableTokenScope;
import momento.sdk.auth.accessControl.DisposableTokenScopes;
import momento.sdk.auth.accessControl.ExpiresIn;
import momento.sdk.exceptions.PermissionDeniedException;
import momento.sdk.exceptions.SdkException;
import momento.sdk.responses.auth.GenerateDisposableTokenResponse;
import momento.sdk.responses.cache.GetResponse;
import momento.sdk.responses.cache.SetResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The auth client, which knows TLS and port 443 alone, and what its tokens open. */
final class AuthTest {
  private static final AuthClient AUTH = AuthClient.create(Scene.overTls());
  private static final ExpiresIn FIVE_MINUTES = ExpiresIn.minutes(5);

  /** A client of who was given a token for this. */
  private static CacheClient user(DisposableTokenScope scope) {
    final var made =
        is(
            GenerateDisposableTokenResponse.Success.class,
            AUTH.generateDisposableTokenAsync(scope, FIVE_MINUTES));
    final String token = CredentialProvider.fromString(made.authToken()).getAuthToken();
    return Scene.client(Scene.withToken(token));
  }

  @Test
  void aTokenSaysUntilWhenItIsGood() {
    final var made =
        is(
            GenerateDisposableTokenResponse.Success.class,
            AUTH.generateDisposableTokenAsync(
                DisposableTokenScopes.cacheReadWrite(CACHE), FIVE_MINUTES, "ann"));

    assertTrue(made.expiresAt().doesExpire());
  }

  @Test
  void aPrefixToReadIsNeitherWrittenNorLeft() {
    try (var user = user(DisposableTokenScopes.cacheKeyPrefixReadOnly(CACHE, "u/7/"))) {
      is(GetResponse.Miss.class, user.get(CACHE, "u/7/x"));
      refused(PermissionDeniedException.class, user.set(CACHE, "u/7/x", "v"));
      refused(PermissionDeniedException.class, user.get(CACHE, "u/8/x"));
      refused(PermissionDeniedException.class, user.get(NO_CACHE, "u/7/x"));
      refused(PermissionDeniedException.class, user.createCache(newName()));
      refused(PermissionDeniedException.class, user.deleteCache(CACHE));
    }
  }

  @Test
  void aKeyIsWrittenInEveryCache() {
    final var one = DisposableTokenScopes.cacheKeyReadWrite(CacheSelector.AllCaches, "one");
    try (var user = user(one)) {
      is(SetResponse.Success.class, user.set(CACHE, "one", "v"));
      is(GetResponse.Hit.class, user.get(CACHE, "one"));
      refused(PermissionDeniedException.class, user.set(CACHE, "two", "v"));
    }
  }

  @Test
  void whoWritesOnlyLearnsNothing() {
    try (var user = user(DisposableTokenScopes.cacheWriteOnly(CACHE))) {
      is(SetResponse.Success.class, user.set(CACHE, "drop", "v"));
      refused(PermissionDeniedException.class, user.get(CACHE, "drop"));
      refused(PermissionDeniedException.class, user.setIfNotExists(CACHE, "drop", "v"));
      refused(PermissionDeniedException.class, user.increment(CACHE, "drop", 1));
    }
  }

  @Test
  void topicsGiveNoRightToCaches() {
    try (var user = user(DisposableTokenScopes.topicPublishSubscribe(CACHE, "topic"))) {
      refused(PermissionDeniedException.class, user.get(CACHE, "key"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"key", "prefix", "cache", "topic"})
  void aGrantWithoutANameIsRefused(String what) {
    final DisposableTokenScope scope =
        switch (what) {
          case "key" -> DisposableTokenScopes.cacheKeyReadOnly(CACHE, "");
          case "prefix" -> DisposableTokenScopes.cacheKeyPrefixReadOnly(CACHE, "");
          case "cache" -> DisposableTokenScopes.cacheReadOnly("");
          default -> DisposableTokenScopes.topicPublishOnly(CACHE, "");
        };

    refused(SdkException.class, AUTH.generateDisposableTokenAsync(scope, FIVE_MINUTES));
  }
}

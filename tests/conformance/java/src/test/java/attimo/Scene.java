package attimo;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import momento.sdk.CacheClient;
import momento.sdk.ILeaderboard;
import momento.sdk.LeaderboardClient;
import momento.sdk.auth.CredentialProvider;
import momento.sdk.auth.MomentoLocalProvider;
import momento.sdk.config.Configurations;
import momento.sdk.config.LeaderboardConfigurations;
import momento.sdk.exceptions.SdkException;
import momento.sdk.responses.cache.control.CacheCreateResponse;

/**
 * The running server as the environment describes it, Momento's clients, and a cache for the tests.
 *
 * <p>ATTIMO_HTTP is its plaintext address. ATTIMO_WAY is {@code local}, without a key; {@code key},
 * with the one in MOMENTO_API_KEY; or {@code tls}, with that in ATTIMO_V1_TOKEN, which names the
 * host. The client for leaderboards knows TLS and port 443 alone, whatever its provider says.
 */
final class Scene {
  static final Duration MINUTE = Duration.ofMinutes(1);
  static final Duration HOUR = Duration.ofHours(1);
  static final String NO_CACHE = "no-such-cache";
  static final byte[] BYTES = allBytes();

  private static final AtomicInteger NAMES = new AtomicInteger();

  static final CacheClient CLIENT = client(provider());
  static final LeaderboardClient BOARDS =
      LeaderboardClient.builder(overTls(), LeaderboardConfigurations.Laptop.latest()).build();
  static final String CACHE = newCache();

  private Scene() {}

  static CacheClient client(CredentialProvider provider) {
    final var patient = Configurations.Laptop.latest().withTimeout(Duration.ofSeconds(20));
    return CacheClient.builder(provider, patient, MINUTE).build();
  }

  static CredentialProvider provider() {
    return switch (System.getenv("ATTIMO_WAY")) {
      case "local" -> new MomentoLocalProvider(host(), port());
      case "key" -> withToken(System.getenv("MOMENTO_API_KEY"));
      default -> overTls();
    };
  }

  static CredentialProvider overTls() {
    return CredentialProvider.fromEnvVar("ATTIMO_V1_TOKEN");
  }

  /** Momento's local provider, given a token; its own is empty. */
  static CredentialProvider withToken(String token) {
    return new MomentoLocalProvider(host(), port()) {
      @Override
      public String getAuthToken() {
        return token;
      }
    };
  }

  private static String host() {
    return System.getenv("ATTIMO_HTTP").split(":")[0];
  }

  private static int port() {
    return Integer.parseInt(System.getenv("ATTIMO_HTTP").split(":")[1]);
  }

  /** A name that nothing else has. */
  static String newName() {
    return "java-" + ProcessHandle.current().pid() + "-" + NAMES.incrementAndGet();
  }

  /** A new cache, by its name; the server ends with the run, and the cache with the server. */
  static String newCache() {
    final String name = newName();
    is(CacheCreateResponse.Success.class, CLIENT.createCache(name));
    return name;
  }

  static ILeaderboard newBoard() {
    return BOARDS.leaderboard(CACHE, newName());
  }

  /** The answer, which must be of this class; if not, it is shown. */
  static <T> T is(Class<T> kind, CompletableFuture<?> answer) {
    final Object came = answer.join();
    return assertInstanceOf(kind, came, () -> String.valueOf(came));
  }

  /** The exception inside an answer that must be an error. */
  static <T extends SdkException> T refused(Class<T> kind, CompletableFuture<?> answer) {
    final Object came = answer.join();
    final SdkException error = assertInstanceOf(SdkException.class, came, () -> "answered " + came);
    assertTrue(came.getClass().getSimpleName().equals("Error"), () -> "answered " + came);
    return assertInstanceOf(kind, error.getCause(), error::toString);
  }

  private static byte[] allBytes() {
    final byte[] bytes = new byte[256];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) i;
    }
    return bytes;
  }
}

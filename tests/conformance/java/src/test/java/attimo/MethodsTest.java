package attimo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import momento.sdk.AuthClient;
import momento.sdk.CacheClient;
import momento.sdk.ILeaderboard;
import momento.sdk.TopicClient;
import org.junit.jupiter.api.Test;

/** What the client can do, and whether {@code methods.json} knows all of it. Needs no server. */
class MethodsTest {
  private static final Pattern NAMES = Pattern.compile("\": \"([^\"]+)\"");

  private static Stream<String> calls(Class<?> client) {
    return Arrays.stream(client.getMethods())
        .filter(method -> Modifier.isPublic(method.getModifiers()))
        .filter(method -> method.getReturnType() == CompletableFuture.class)
        .map(Method::getName);
  }

  @Test
  void everyMethodOfTheClientHasItsMethodOnTheWire() throws IOException {
    final Set<String> known =
        NAMES
            .matcher(Files.readString(Path.of("methods.json")))
            .results()
            .flatMap(found -> Arrays.stream(found.group(1).split(", ")))
            .collect(Collectors.toCollection(TreeSet::new));

    final Set<String> has =
        Stream.of(CacheClient.class, ILeaderboard.class, AuthClient.class, TopicClient.class)
            .flatMap(MethodsTest::calls)
            .collect(Collectors.toCollection(TreeSet::new));

    assertEquals(has, known);
  }
}

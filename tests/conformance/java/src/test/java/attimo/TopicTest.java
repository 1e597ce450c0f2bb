package attimo;

import static attimo.Scene.BYTES;
import static attimo.Scene.CLIENT;
import static attimo.Scene.NO_CACHE;
import static attimo.Scene.is;
import static attimo.Scene.newCache;
import static attimo.Scene.newName;
import static attimo.Scene.refused;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import momento.sdk.AuthClient;
import momento.sdk.TopicClient;
import momento.sdk.auth.CredentialProvider;
import momento.sdk.auth.accessControl.DisposableTokenScope;
import momento.sdk.auth.accessControl.DisposableTokenScopes;
import momento.sdk.auth.accessControl.ExpiresIn;
import momento.sdk.config.TopicConfigurations;
import momento.sdk.exceptions.AuthenticationException;
import momento.sdk.exceptions.CacheNotFoundException;
import momento.sdk.exceptions.PermissionDeniedException;
import momento.sdk.responses.auth.GenerateDisposableTokenResponse;
import momento.sdk.responses.cache.control.CacheDeleteResponse;
import momento.sdk.responses.topic.TopicMessage;
import momento.sdk.responses.topic.TopicPublishResponse;
import momento.sdk.responses.topic.TopicSubscribeResponse;
import org.junit.jupiter.api.Test;

/** Topics on a server that is cut off and restarted; the client knows TLS and port 443 alone. */
final class TopicTest {
  private static final TopicClient TOPICS = topics(Scene.overTls());
  private static final String CACHE = newCache();
  private static final int KEPT = 1_000;

  private static TopicClient topics(CredentialProvider provider) {
    return TopicClient.create(provider, TopicConfigurations.Laptop.latest());
  }

  /** A client with another key. */
  private static TopicClient topicsWith(String key) {
    return topics(key, "localhost");
  }

  /** A client of a host. */
  static TopicClient topics(String key, String host) {
    final String inside = "{\"endpoint\":\"" + host + "\",\"api_key\":\"" + key + "\"}";
    final byte[] v1 = Base64.getEncoder().encode(inside.getBytes(UTF_8));
    return topics(CredentialProvider.fromString(new String(v1, UTF_8)));
  }

  /** A client of who was given a token for this, by the name of Ann. */
  private static TopicClient user(DisposableTokenScope scope) {
    final var asked =
        AuthClient.create(Scene.overTls())
            .generateDisposableTokenAsync(scope, ExpiresIn.minutes(5), "ann");
    final var made = is(GenerateDisposableTokenResponse.Success.class, asked);
    return topicsWith(CredentialProvider.fromString(made.authToken()).getAuthToken());
  }

  private static void publish(String topic, String value) {
    is(TopicPublishResponse.Success.class, TOPICS.publish(CACHE, topic, value));
  }

  private static Inbox subscribe(TopicClient by, String cache, String topic) {
    final Inbox inbox = new Inbox();
    is(TopicSubscribeResponse.Subscription.class, by.subscribe(cache, topic, inbox));
    return inbox;
  }

  private static Inbox subscribe(String topic) {
    return subscribe(TOPICS, CACHE, topic);
  }

  /** Let something happen to the server, or to the way there. */
  static String stage(String command) {
    final URI uri = URI.create("http://" + System.getenv("ATTIMO_STAGE") + "/" + command);
    final var asked = HttpRequest.newBuilder(uri).POST(BodyPublishers.noBody()).build();
    return HttpClient.newHttpClient()
        .sendAsync(asked, BodyHandlers.ofString())
        .join()
        .body();
  }

  static List<String> numbers(int first, int last) {
    return IntStream.rangeClosed(first, last).mapToObj(String::valueOf).toList();
  }

  @Test
  void textAndBytesArriveAsTheyWerePublishedTheNewestFirst() {
    final String topic = newName();
    publish(topic, "older");
    publish(topic, "newest");
    final Inbox inbox = subscribe(topic);
    is(TopicPublishResponse.Success.class, TOPICS.publish(CACHE, topic, BYTES));
    publish(topic, "text ☃");

    assertEquals(List.of("newest"), inbox.texts(1));
    assertArrayEquals(
        BYTES, assertInstanceOf(TopicMessage.Binary.class, inbox.item()).getValue());
    assertEquals(
        "text ☃", assertInstanceOf(TopicMessage.Text.class, inbox.item()).getValue());
  }

  @Test
  void manyMessagesComeInTheirOrder() {
    final String topic = newName();
    publish(topic, "1");
    final Inbox inbox = subscribe(topic);
    numbers(2, 200).forEach(number -> publish(topic, number));

    assertEquals(numbers(1, 200), inbox.texts(200));
    assertFalse(inbox.hasGap());
  }

  @Test
  void whoIsCutOffMissesNothingThatIsKeptAndLearnsTheRest() {
    final String few = newName();
    final String many = newName();
    publish(few, "first");
    publish(many, "first");
    final Inbox ofFew = subscribe(few);
    final Inbox ofMany = subscribe(many);
    Stream.of(ofFew, ofMany).forEach(inbox -> assertEquals(List.of("first"), inbox.texts(1)));

    stage("block");
    Stream.of(ofFew, ofMany).forEach(Inbox::awaitLoss);
    stage("publish?cache=" + CACHE + "&topic=" + few + "&count=5");
    stage("publish?cache=" + CACHE + "&topic=" + many + "&count=" + (KEPT + 100));
    stage("unblock");

    assertEquals(numbers(1, 5), ofFew.texts(5));
    assertFalse(ofFew.hasGap());
    final var gap = ofMany.gap();
    assertEquals(List.of(1L, 101L), List.of(gap.getLastSequenceNumber(), gap.getNewSequenceNumber()));
    assertEquals(numbers(101, KEPT + 100), ofMany.texts(KEPT));
  }

  @Test
  void aRestartOfTheServerIsTold() {
    final String topic = newName();
    publish(topic, "before");
    final Inbox inbox = subscribe(topic);
    assertEquals(List.of("before"), inbox.texts(1));

    stage("restart");
    stage("publish?cache=" + CACHE + "&topic=" + topic + "&count=3");

    assertEquals(numbers(1, 3), inbox.texts(3));
    final var gap = inbox.gap();
    assertEquals(List.of(1L, 0L), List.of(gap.getLastSequenceNumber(), gap.getNewSequenceNumber()));
  }

  @Test
  void aCacheThatDoesNotExistIsNotFound() {
    refused(CacheNotFoundException.class, TOPICS.publish(NO_CACHE, "a", "b"));
    refused(CacheNotFoundException.class, TOPICS.subscribe(NO_CACHE, "a", new Inbox()));
  }

  /** The client reports such ends as a lost connection, and by nothing else. */
  @Test
  void aSubscriptionEndsWithItsCacheAndWithItsKey() {
    final String cache = newCache();
    final Inbox ofCache = subscribe(TOPICS, cache, "a");
    is(CacheDeleteResponse.Success.class, CLIENT.deleteCache(cache));
    ofCache.awaitLoss();
    refused(CacheNotFoundException.class, TOPICS.subscribe(cache, "a", new Inbox()));

    try (var reader = topicsWith(stage("key"))) {
      final Inbox ofKey = subscribe(reader, CACHE, "a");
      stage("revoke");
      ofKey.awaitLoss();
      refused(AuthenticationException.class, reader.subscribe(CACHE, "a", new Inbox()));
      assertEquals(List.of(), Stream.of(ofCache.ends, ofKey.ends).flatMap(List::stream).toList());
    }
  }

  @Test
  void aTokenMayOnlyPublishOrOnlySubscribe() {
    try (var publisher = user(DisposableTokenScopes.topicPublishOnly(CACHE, "room"));
        var subscriber = user(DisposableTokenScopes.topicSubscribeOnly(CACHE, "room"))) {
      final Inbox inbox = subscribe(subscriber, CACHE, "room");
      is(TopicPublishResponse.Success.class, publisher.publish(CACHE, "room", "hello"));
      final var item = assertInstanceOf(TopicMessage.Text.class, inbox.item());
      assertEquals(List.of("hello", "ann"), List.of(item.getValue(), item.getTokenId()));

      final var denied = PermissionDeniedException.class;
      refused(denied, subscriber.publish(CACHE, "room", "a"));
      refused(denied, publisher.subscribe(CACHE, "room", new Inbox()));
      refused(denied, publisher.publish(CACHE, "another", "a"));
      refused(denied, subscriber.subscribe(CACHE, "another", new Inbox()));
    }
  }

  @Test
  void aHundredSubscriptionsOfAConnectionGetEachMessage() {
    final String topic = newName();
    try (var one = topics(Scene.overTls())) {
      final var inboxes = Stream.generate(() -> subscribe(one, CACHE, topic)).limit(100).toList();
      publish(topic, "to all");
      inboxes.forEach(inbox -> assertEquals(List.of("to all"), inbox.texts(1)));
    }
  }
}

package attimo;

import static attimo.Scene.BYTES;
import static attimo.Scene.CACHE;
import static attimo.Scene.is;
import static attimo.Scene.newName;
import static attimo.TopicTest.numbers;
import static attimo.TopicTest.stage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.LinkedHashMap;
import java.util.Map;
import momento.sdk.TopicClient;
import momento.sdk.responses.topic.TopicMessage;
import momento.sdk.responses.topic.TopicPublishResponse;
import momento.sdk.responses.topic.TopicSubscribeResponse;
import org.junit.jupiter.api.Test;

/** Topics behind proxies, whose names ATTIMO_PROXIES has, and a server that is restarted. */
final class ProxyTest {
  private static final int MANY = 200;

  /** Subscribes to a new topic, which gets many messages by the same client. */
  private static Inbox subscribed(TopicClient client, String topic) {
    final Inbox inbox = new Inbox();
    is(TopicSubscribeResponse.Subscription.class, client.subscribe(CACHE, topic, inbox));
    for (String number : numbers(1, MANY)) {
      is(TopicPublishResponse.Success.class, client.publish(CACHE, topic, number));
    }
    is(TopicPublishResponse.Success.class, client.publish(CACHE, topic, BYTES));
    assertEquals(numbers(1, MANY), inbox.texts(MANY));
    final var bytes = assertInstanceOf(TopicMessage.Binary.class, inbox.item());
    assertArrayEquals(BYTES, bytes.getValue());
    assertFalse(inbox.hasGap());
    return inbox;
  }

  @Test
  void messagesComeInOrderAndARestartIsTold() {
    final Map<String, Inbox> inboxes = new LinkedHashMap<>();
    for (String host : System.getenv("ATTIMO_PROXIES").split(" ")) {
      final String topic = newName();
      final TopicClient client = TopicTest.topics(System.getenv("MOMENTO_API_KEY"), host);
      inboxes.put(topic, subscribed(client, topic));
    }

    stage("restart");

    inboxes.forEach(
        (topic, inbox) -> {
          stage("publish?cache=" + CACHE + "&topic=" + topic + "&count=3");
          assertEquals(numbers(1, 3), inbox.texts(3));
          assertEquals(0, inbox.gap().getNewSequenceNumber());
        });
  }
}

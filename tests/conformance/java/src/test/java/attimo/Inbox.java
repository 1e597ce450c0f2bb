package attimo;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import momento.sdk.ISubscriptionCallbacks;
import momento.sdk.responses.topic.TopicDiscontinuity;
import momento.sdk.responses.topic.TopicMessage;

/** What a subscription receives, as it comes, and what happens to it. */
final class Inbox implements ISubscriptionCallbacks {
  private static final int BROKEN_AFTER_SECONDS = 60;

  private final BlockingQueue<TopicMessage> items = new LinkedBlockingQueue<>();
  private final BlockingQueue<TopicDiscontinuity> gaps = new LinkedBlockingQueue<>();
  private final CompletableFuture<Void> lost = new CompletableFuture<>();

  /** What the client has told of its end, in its own words. */
  final List<String> ends = new CopyOnWriteArrayList<>();

  @Override
  public void onItem(TopicMessage item) {
    items.add(item);
  }

  @Override
  public void onDiscontinuity(TopicDiscontinuity gap) {
    gaps.add(gap);
  }

  @Override
  public void onConnectionLost() {
    lost.complete(null);
  }

  @Override
  public void onCompleted() {
    ends.add("completed");
  }

  @Override
  public void onError(Throwable error) {
    ends.add(error.toString());
  }

  /** The next message. */
  TopicMessage item() {
    return next(items);
  }

  /** The next messages as text. */
  List<String> texts(int count) {
    return Stream.generate(this::item).limit(count).map(Inbox::text).toList();
  }

  /** What was missed. */
  TopicDiscontinuity gap() {
    return next(gaps);
  }

  /** Whether something was missed. */
  boolean hasGap() {
    return !gaps.isEmpty();
  }

  /** Waits until the client says that the connection is lost. */
  void awaitLoss() {
    lost.orTimeout(BROKEN_AFTER_SECONDS, TimeUnit.SECONDS).join();
  }

  private static String text(TopicMessage item) {
    return item instanceof TopicMessage.Text text
        ? text.getValue()
        : new String(((TopicMessage.Binary) item).getValue(), StandardCharsets.ISO_8859_1);
  }

  private static <T> T next(BlockingQueue<T> queue) {
    try {
      final T found = queue.poll(BROKEN_AFTER_SECONDS, TimeUnit.SECONDS);
      assertNotNull(found, "nothing came");
      return found;
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }
}

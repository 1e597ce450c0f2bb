// Topics: publish, subscribe, resume, permissions.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  AuthClient,
  CreateCache,
  DeleteCache,
  DisposableTokenScopes,
  ExpiresIn,
  GenerateDisposableToken,
  TopicClient,
  TopicConfigurations,
  TopicPublish,
  TopicSubscribe,
} from '@gomomento/sdk';
import { is, isLocal, provider, providerWith, quiet, scene } from './server.mjs';

const here = scene();
const opened = [];

/** A client for topics, which is closed at the end. */
function topics(credentialProvider = provider()) {
  const configuration = TopicConfigurations.Default.latest(quiet);
  const client = new TopicClient({ configuration, credentialProvider });
  opened.push(client);
  return client;
}

let client;
before(() => {
  client = topics();
});
after(() => {
  for (const each of opened) each.close?.();
});

let names = 0;

/** A topic that no other test uses. */
const newTopic = () => `topic-${(names += 1)}`;

/** What a subscription receives, as it comes, and what ends it. */
class Inbox {
  #waiting = [];
  items = [];
  discontinuities = [];
  heartbeats = 0;
  error = undefined;

  callbacks() {
    return {
      onItem: item => this.#arrived(() => this.items.push(item)),
      onDiscontinuity: each => this.#arrived(() => this.discontinuities.push(each)),
      onHeartbeat: () => this.#arrived(() => (this.heartbeats += 1)),
      onError: error => this.#arrived(() => (this.error = error)),
    };
  }

  /** Wait until what was received is so. */
  until(isSo) {
    if (isSo(this)) return Promise.resolve(this);
    return new Promise(resolve => this.#waiting.push({ isSo, resolve }));
  }

  /** The values of the first messages. */
  async values(count) {
    await this.until(inbox => inbox.items.length >= count);
    return this.items.map(item => item.value());
  }

  #arrived(change) {
    change();
    for (const each of this.#waiting.splice(0)) {
      if (each.isSo(this)) each.resolve(this);
      else this.#waiting.push(each);
    }
  }
}

/** Subscribe, which must succeed. */
async function subscribe(topic, by = client, cache = here.cache) {
  const inbox = new Inbox();
  const answer = await by.subscribe(cache, topic, inbox.callbacks());
  inbox.subscription = is(answer, TopicSubscribe.Subscription);
  return inbox;
}

async function publish(topic, value, by = client, cache = here.cache) {
  is(await by.publish(cache, topic, value), TopicPublish.Success);
}

test('text and bytes arrive as they were published, in order', async () => {
  const topic = newTopic();
  const values = ['text ☃', new Uint8Array([0, 255]), 'x'.repeat(5_000), new Uint8Array(70_000)];
  await publish(topic, 'first');
  const inbox = await subscribe(topic);
  for (const value of values) await publish(topic, value);

  const got = await inbox.values(values.length + 1);
  assert.deepEqual(
    got.map(value => (typeof value === 'string' ? value : new Uint8Array(value))),
    ['first', ...values]
  );
  assert.deepEqual(
    inbox.items.map(item => item.sequenceNumber()),
    [1, 2, 3, 4, 5]
  );
  assert.equal(inbox.discontinuities.length, 0);
  inbox.subscription.unsubscribe();
});

test('many messages come in their order', async () => {
  const topic = newTopic();
  await publish(topic, '0');
  const inbox = await subscribe(topic);
  const values = Array.from({ length: 300 }, (_, number) => String(number));
  for (const value of values.slice(1)) await publish(topic, value);

  assert.deepEqual(await inbox.values(300), values);
  inbox.subscription.unsubscribe();
});

test('a publisher without subscribers succeeds, and the newest message is delivered', async () => {
  const topic = newTopic();
  for (const value of ['a', 'b', 'c']) await publish(topic, value);
  const inbox = await subscribe(topic);

  assert.deepEqual(await inbox.values(1), ['c']);
  inbox.subscription.unsubscribe();
});

test('a subscription that loses its stream comes back and misses nothing', async () => {
  // The client gives its first stream 5 seconds, and then opens another one.
  const topic = newTopic();
  await publish(topic, '0');
  const inbox = await subscribe(topic);
  const began = Date.now();
  let number = 0;
  while (Date.now() - began < 7_000) {
    number += 1;
    await publish(topic, String(number));
    await new Promise(resolve => setTimeout(resolve, 20));
  }

  const values = Array.from({ length: number + 1 }, (_, each) => String(each));
  assert.deepEqual(await inbox.values(values.length), values);
  assert.equal(inbox.error, undefined);
  inbox.subscription.unsubscribe();
});

test('a cache that does not exist is not found', async () => {
  const answers = [
    await client.publish('no-such-cache', 'a', 'b'),
    await client.subscribe('no-such-cache', 'a', {}),
  ];
  for (const answer of answers) {
    assert.equal(answer.type, 'Error');
    assert.equal(answer.errorCode(), 'NOT_FOUND_ERROR');
  }
});

test('a deleted cache ends its subscriptions', async () => {
  const cache = `${here.cache}-gone`;
  is(await here.client.createCache(cache), CreateCache.Success);
  const inbox = await subscribe('a', client, cache);
  is(await here.client.deleteCache(cache), DeleteCache.Success);

  await inbox.until(({ error }) => error !== undefined);
  assert.equal(inbox.error.errorCode(), 'NOT_FOUND_ERROR');
});

test('a hundred subscriptions get each message', async () => {
  const topic = newTopic();
  const own = topics();
  const inboxes = await Promise.all(Array.from({ length: 100 }, () => subscribe(topic, own)));
  await publish(topic, 'to all');

  for (const inbox of inboxes) {
    assert.deepEqual(await inbox.values(1), ['to all']);
    inbox.subscription.unsubscribe();
  }
});

test('a token may only publish, or only subscribe', { skip: isLocal }, async () => {
  const auth = new AuthClient({ credentialProvider: provider() });
  const vended = async scope => {
    const answer = await auth.generateDisposableToken(scope, ExpiresIn.minutes(5), {
      tokenId: 'ann',
    });
    return topics(providerWith(keyOf(is(answer, GenerateDisposableToken.Success).authToken)));
  };
  const publisher = await vended(DisposableTokenScopes.topicPublishOnly(here.cache, 'room'));
  const subscriber = await vended(DisposableTokenScopes.topicSubscribeOnly(here.cache, 'room'));

  const inbox = await subscribe('room', subscriber);
  await publish('room', 'hello', publisher);
  assert.deepEqual(await inbox.values(1), ['hello']);
  assert.equal(inbox.items[0].tokenId(), 'ann');
  inbox.subscription.unsubscribe();

  const refused = [
    await subscriber.publish(here.cache, 'room', 'a'),
    await publisher.subscribe(here.cache, 'room', {}),
    await publisher.publish(here.cache, 'another', 'a'),
    await subscriber.subscribe(here.cache, 'another', {}),
  ];
  for (const answer of refused) {
    assert.equal(answer.type, 'Error', answer.toString());
    assert.equal(answer.errorCode(), 'PERMISSION_ERROR');
  }
});

/** The key within a v1 token. */
function keyOf(token) {
  return JSON.parse(Buffer.from(token, 'base64').toString()).api_key;
}

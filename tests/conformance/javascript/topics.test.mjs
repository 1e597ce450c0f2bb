// Topics: publish, subscribe, resume, permissions. What survives outages: topic_outages.test.mjs.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import {
  AuthClient,
  CreateCache,
  DeleteCache,
  DisposableTokenScopes,
  ExpiresIn,
  GenerateDisposableToken,
} from '@gomomento/sdk';
import { is, isLocal, isWeb, provider, providerWith, scene } from './server.mjs';
import { keyOf, newTopic, topicScene } from './topics.mjs';

const here = scene();
const { publish, subscribe, topics } = topicScene(here);

let client;
before(() => {
  client = topics();
});

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

/** The client for Node.js takes an empty text for bytes, and that for browsers for no value at all. */
test('empty bytes arrive, and an empty text ends nothing', async () => {
  const topic = newTopic();
  await publish(topic, 'first');
  const inbox = await subscribe(topic);
  for (const value of [new Uint8Array(0), '', 'last']) await publish(topic, value);

  await inbox.until(({ items }) => items.at(-1)?.value() === 'last');
  const empty = inbox.items.slice(1, -1).map(item => new Uint8Array(item.value()));
  assert.deepEqual(empty, Array.from({ length: isWeb ? 1 : 2 }, () => new Uint8Array(0)));
  assert.equal(inbox.error?.errorCode(), isWeb ? 'UNKNOWN_ERROR' : undefined);
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

/** The client for Node.js has four connections. */
test('a hundred subscriptions of a connection get each message', async () => {
  const topic = newTopic();
  const own = topics();
  const length = isWeb ? 100 : 400;
  const inboxes = await Promise.all(Array.from({ length }, () => subscribe(topic, own)));
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

// Outages as Momento's own suites ask momento-local for them: GET /block and /unblock at its second port.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { CacheSet } from '@gomomento/sdk';
import { is, scene, valueOf } from './server.mjs';
import { newTopic, topicScene } from './topics.mjs';

const here = scene();
const { publish, subscribe, topics } = topicScene(here);

let client;
before(() => {
  client = topics();
});

async function admin(path) {
  const answer = await fetch(`http://${process.env.ATTIMO_LOCAL_ADMIN}/${path}`);
  assert.equal(answer.status, 200);
}

test('calls fail while the port is blocked, and items are there afterwards', async () => {
  is(await here.client.set(here.cache, 'key', 'value'), CacheSet.Success);

  await admin('block');
  const refused = await here.client.get(here.cache, 'key');
  await admin('unblock');

  assert.ok(['SERVER_UNAVAILABLE', 'TIMEOUT_ERROR'].includes(refused.errorCode()), refused);
  let found = refused;
  while (found.type === 'Error') found = await here.client.get(here.cache, 'key');
  assert.equal(valueOf(found), 'value');
});

test('a subscription comes back after each outage and misses nothing', async () => {
  const topic = newTopic();
  await publish(topic, 'first');
  const inbox = await subscribe(topic);
  const values = ['first'];
  for (const value of ['second', 'third']) {
    assert.deepEqual(await inbox.values(values.length), values);
    await admin('block');
    await admin('unblock');
    while ((await client.publish(here.cache, topic, value)).type === 'Error');
    values.push(value);
  }

  assert.deepEqual(await inbox.values(values.length), values);
  assert.deepEqual(inbox.discontinuities, []);
  const { heartbeats } = inbox;
  await inbox.until(({ heartbeats: now }) => now > heartbeats + 1);
  inbox.subscription.unsubscribe();
});

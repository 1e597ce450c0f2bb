// Topics on a server that is cut off, restarted and taken keys from: ATTIMO_STAGE does it when asked.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { isWeb, providerWith, scene } from './server.mjs';
import { newTopic, topicScene } from './topics.mjs';

const KEPT = 1_000;
const here = scene();
const { publish, subscribe, topics } = topicScene(here);

before(() => {
  topics();
});

/** Let something happen to the server, or to the way there. */
async function stage(command) {
  const answer = await fetch(`http://${process.env.ATTIMO_STAGE}/${command}`, { method: 'POST' });
  assert.ok(answer.ok, `${command}: ${answer.status}`);
  return answer.text();
}

/** Publish the numbers from 1 on, past whatever is blocked. */
const publishPast = (topic, count) =>
  stage(`publish?cache=${here.cache}&topic=${topic}&count=${count}`);

const moment = () => new Promise(resolve => setTimeout(resolve, 20));

const numbers = (first, last) =>
  Array.from({ length: last - first + 1 }, (_, index) => String(first + index));

test('who is cut off misses nothing that is kept, and is told the rest', async () => {
  const [few, many] = [newTopic(), newTopic()];
  const inboxes = [];
  for (const topic of [few, many]) {
    await publish(topic, 'first');
    const inbox = await subscribe(topic);
    assert.deepEqual(await inbox.values(1), ['first']);
    inboxes.push(inbox);
  }

  await stage('block');
  await publishPast(few, 5);
  await publishPast(many, KEPT + 100);
  await stage('unblock');

  const [ofFew, ofMany] = inboxes;
  assert.deepEqual(await ofFew.values(6), ['first', ...numbers(1, 5)]);
  assert.deepEqual(ofFew.discontinuities, []);
  assert.deepEqual(await ofMany.values(1 + KEPT), ['first', ...numbers(101, KEPT + 100)]);
  const [gap, ...more] = ofMany.discontinuities;
  assert.deepEqual([gap.lastSequenceNumber(), gap.newSequenceNumber(), more], [1, 101, []]);
  for (const inbox of inboxes) {
    assert.equal(inbox.error, undefined);
    inbox.subscription.unsubscribe();
  }
});

test('a restart of the server is told, and what follows it comes', async () => {
  const topic = newTopic();
  await publish(topic, 'before');
  const inbox = await subscribe(topic);
  assert.deepEqual(await inbox.values(1), ['before']);

  await stage('restart');
  await publishPast(topic, 3);

  assert.deepEqual(await inbox.values(4), ['before', ...numbers(1, 3)]);
  assert.equal(inbox.error, undefined);
  const [gap] = inbox.discontinuities;
  assert.deepEqual([gap.lastSequenceNumber(), gap.newSequenceNumber()], [1, 0]);
  assert.ok(gap.newSequencePage() > 0);
  inbox.subscription.unsubscribe();
});

test('who has received nothing yet comes back, too', { skip: isWeb }, async () => {
  const topic = newTopic();
  const inbox = await subscribe(topic);

  await stage('restart');
  await publishPast(topic, 1);

  assert.deepEqual(await inbox.values(1), ['1']);
  inbox.subscription.unsubscribe();
});

/** The client takes the failure for that of a first try, and its heartbeats end: that is all. */
test('in a page, who has received nothing yet may be lost silently', { skip: !isWeb }, async () => {
  const topic = newTopic();
  const lost = await subscribe(topic);

  await stage('block');
  while (lost.subscription.isSubscribed) await moment();
  await stage('unblock');
  const again = await subscribe(topic);
  await publish(topic, 'after');

  assert.deepEqual(await again.values(1), ['after']);
  assert.deepEqual([lost.items, lost.error], [[], undefined]);
  again.subscription.unsubscribe();
});

test('a revoked key ends its subscriptions', async () => {
  const reader = topics(providerWith(await stage('key')));
  const inbox = await subscribe(newTopic(), reader);

  await stage('revoke');

  await inbox.until(({ error }) => error !== undefined);
  assert.equal(inbox.error.errorCode(), 'AUTHENTICATION_ERROR');
  const again = await reader.subscribe(here.cache, 'a', {});
  assert.equal(again.errorCode(), 'AUTHENTICATION_ERROR');
});

// The limits of a plan, as Momento's client tells them: each has an account of its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CacheListPushBack,
  CacheSet,
  CreateCache,
  InvalidArgumentError,
  LimitExceededError,
  ListCaches,
  MomentoErrorCode,
  TopicClient,
  TopicConfigurations,
  TopicPublish,
  TopicSubscribe,
} from '@gomomento/sdk';
import { is, isError, open, providerWith, quiet } from './server.mjs';

const { ATTIMO_HTTP, MOMENTO_API_KEY } = process.env;
const CACHE = 'default-cache';
const MANY = 10_000;
const OPERATIONS = 'Request rate limit exceeded for this account';
const SUBSCRIPTIONS = 'Topic subscriptions limit exceeded for this account';
const THROUGHPUT = 'Bandwidth limit exceeded for this account';
const WHOSE = { '': "the account's", cache_: "this cache's", key_: "this API key's" };
const RATES = [
  ['operations_per_second', 40, OPERATIONS],
  ['bytes_in_per_second', 2_000, THROUGHPUT],
  ['bytes_out_per_second', 2_000, THROUGHPUT],
];
let accounts = 0;

/** What the operator of the server asks of it. */
async function operate(method, path, body) {
  const answer = await fetch(`http://${ATTIMO_HTTP}${path}`, {
    method,
    headers: { authorization: MOMENTO_API_KEY, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const said = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${said}`);
  return said && JSON.parse(said);
}

/** A new account with these limits, as clients find it; it is gone when the test ends. */
async function newAccount(t, overrides) {
  const name = `limits ${process.pid} ${(accounts += 1)}`;
  const made = await operate('POST', '/accounts', { name });
  t.after(() => operate('DELETE', `/accounts/${made.account_id}`));
  const plan = { plan: 'free', overrides };
  await operate('PUT', `/accounts/${made.account_id}/limits`, plan);
  return providerWith(made.api_key);
}

/** A client of a new account with these limits. */
async function limited(t, overrides) {
  const client = await open(await newAccount(t, overrides));
  t.after(() => client.close());
  return client;
}

/** The same for topics. */
async function limitedTopics(t, overrides) {
  const configuration = TopicConfigurations.Default.latest(quiet);
  const credentialProvider = await newAccount(t, overrides);
  const client = new TopicClient({ configuration, credentialProvider });
  t.after(() => client.close?.());
  return client;
}

/** What a client is told of the first of many calls that is refused. */
async function firstRefusal(call) {
  for (let served = 0; served < MANY; served += 1) {
    const answer = await call(served);
    if (answer.type === 'Error') return { served, answer };
  }
  return assert.fail(`${MANY} calls were served`);
}

/** The answer tells of a limit, as the client puts it, and in the words of the server. */
function isLimit(answer, wrapper, ...words) {
  isError(answer, LimitExceededError);
  assert.equal(answer.errorCode(), MomentoErrorCode.LIMIT_EXCEEDED_ERROR);
  assert.ok(answer.message().startsWith(wrapper), answer.message());
  for (const word of words) assert.ok(answer.message().includes(word), answer.message());
}

const getOrSet = client => served =>
  served % 2 ? client.get(CACHE, 'key') : client.set(CACHE, 'key', 'v'.repeat(100));

for (const [prefix, whose] of Object.entries(WHOSE)) {
  for (const [rate, number, wrapper] of RATES) {
    const name = prefix + rate;

    test(`${name} is a limit with its name and number`, async t => {
      const client = await limited(t, { [name]: number });

      const { served, answer } = await firstRefusal(getOrSet(client));

      assert.ok(served >= 19, `${served} were served`);
      isLimit(answer, wrapper, `${whose} limit`, `${number} `, `(${name}: ${number})`);
    });
  }
}

test('5 operations a second of 50 gets', async t => {
  const client = await limited(t, { operations_per_second: 5 });
  const began = performance.now();

  const codes = {};
  for (let call = 0; call < 50; call += 1) {
    const answer = await client.get(CACHE, 'nothing');
    const code = answer.type === 'Error' ? answer.errorCode() : answer.type;
    codes[code] = (codes[code] ?? 0) + 1;
  }
  const seconds = (performance.now() - began) / 1000;

  const { Miss: served, LIMIT_EXCEEDED_ERROR: refused, ...others } = codes;
  assert.deepEqual(others, {});
  assert.equal(served + refused, 50);
  assert.ok(served >= 5 && served <= 5 + 5 * seconds + 1, `${served} in ${seconds} s`);
});

test('an account without transfer is told which allowance is used up', async t => {
  const overrides = { transfer_bytes_per_month: 0, transfer_used_up: 'block' };
  const client = await limited(t, overrides);

  isLimit(await client.get(CACHE, 'key'), THROUGHPUT, '(transfer_bytes_per_month: 0)');
});

test('items and elements have a size by the plan', async t => {
  const client = await limited(t, { item_bytes: 1_000, element_bytes: 100 });

  const item = await client.set(CACHE, 'key', 'v'.repeat(998));
  const element = await client.listPushBack(CACHE, 'list', 'e'.repeat(101));

  isLimit(item, 'Item size limit exceeded', '1000 bytes');
  isLimit(element, 'Element size limit exceeded', '100 bytes');
  is(await client.set(CACHE, 'key', 'v'.repeat(997)), CacheSet.Success);
  is(await client.listPushBack(CACHE, 'list', 'e'.repeat(100)), CacheListPushBack.Success);
});

test('a TTL over the limit of the plan is a wrong argument', async t => {
  const client = await limited(t, { ttl_seconds: 60 });

  const refused = await client.set(CACHE, 'key', 'value', { ttl: 61 });

  isError(refused, InvalidArgumentError);
  assert.match(refused.message(), /the TTL is over the limit of 60 seconds/);
  is(await client.set(CACHE, 'key', 'value', { ttl: 60 }), CacheSet.Success);
});

test('one cache too many is a limit', async t => {
  const client = await limited(t, { caches: 2 });

  is(await client.createCache('second'), CreateCache.Success);
  isLimit(await client.createCache('third'), '', 'caches: 2');
});

test('control requests have a rate', async t => {
  const client = await limited(t, { control_calls_per_second: 5 });

  const { answer } = await firstRefusal(() => client.listCaches());

  assert.ok(answer instanceof ListCaches.Error);
  isLimit(answer, OPERATIONS, 'control_calls_per_second: 5');
});

for (const [rate, number, wrapper] of [
  ['publishes_per_second', 5, OPERATIONS],
  ['operations_per_second', 5, OPERATIONS],
  ['bytes_in_per_second', 2_000, THROUGHPUT],
]) {
  test(`${rate} is a limit of messages to topics`, async t => {
    const client = await limitedTopics(t, { [rate]: number });

    const { served, answer } = await firstRefusal(() =>
      client.publish(CACHE, 'topic', 'v'.repeat(200))
    );

    assert.ok(served >= 5, `${served} were served`);
    assert.ok(answer instanceof TopicPublish.Error);
    isLimit(answer, wrapper, `(${rate}: ${number})`);
  });
}

test('subscriptions have a limit', async t => {
  const client = await limitedTopics(t, { subscriptions: 2 });
  const subscribe = () => client.subscribe(CACHE, 'topic', { onItem() {}, onError() {} });

  const open = [await subscribe(), await subscribe()];
  const refused = await subscribe();

  assert.ok(refused instanceof TopicSubscribe.Error);
  isLimit(refused, SUBSCRIPTIONS, '(subscriptions: 2)');
  for (const each of open) is(each, TopicSubscribe.Subscription).unsubscribe();
});

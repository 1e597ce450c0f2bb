// Single values.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import {
  CacheDelete,
  CacheGet,
  CacheIncrement,
  CacheSet,
  CacheSetIfNotExists,
  FailedPreconditionError,
  InvalidArgumentError,
  LimitExceededError,
} from '@gomomento/sdk';
import { is, isError, isWeb, newKey, scene } from './server.mjs';

const here = scene();
const BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);

for (const value of [new Uint8Array(), BYTES, new Uint8Array(100_000).fill(7)]) {
  test(`what set writes get reads: ${value.length} bytes`, async () => {
    const key = newKey();

    is(await here.client.set(here.cache, key, value), CacheSet.Success);

    const got = is(await here.client.get(here.cache, key), CacheGet.Hit);
    assert.deepEqual(Buffer.from(got.valueUint8Array()), Buffer.from(value));
  });
}

for (const key of ['a b/c?d=e', 'ключ', '', BYTES]) {
  test(`every key is a key: ${key.toString().slice(0, 12)}`, async () => {
    is(await here.client.get(here.cache, key), CacheGet.Miss);
    is(await here.client.set(here.cache, key, 'value'), CacheSet.Success);

    assert.equal(is(await here.client.get(here.cache, key), CacheGet.Hit).valueString(), 'value');
    is(await here.client.delete(here.cache, key), CacheDelete.Success);
    is(await here.client.get(here.cache, key), CacheGet.Miss);
  });
}

test('deleting what is not there succeeds', async () => {
  is(await here.client.delete(here.cache, newKey()), CacheDelete.Success);
});

test('increment counts up and down', async () => {
  const key = newKey();
  const values = [];
  for (const amount of [1, 41, -1042, 0]) {
    values.push(is(await here.client.increment(here.cache, key, amount), CacheIncrement.Success));
  }

  assert.deepEqual(
    values.map(answer => answer.value()),
    [1, 42, -1000, -1000]
  );
  assert.equal(is(await here.client.get(here.cache, key), CacheGet.Hit).valueString(), '-1000');
});

test('increment refuses what is no number', async () => {
  const key = newKey();
  await here.client.set(here.cache, key, 'forty-one');

  isError(await here.client.increment(here.cache, key, 1), FailedPreconditionError);
});

test('setIfNotExists writes once', async () => {
  const key = newKey();

  is(await here.client.setIfNotExists(here.cache, key, '1'), CacheSetIfNotExists.Stored);
  is(await here.client.setIfNotExists(here.cache, key, '2'), CacheSetIfNotExists.NotStored);
  assert.equal(is(await here.client.get(here.cache, key), CacheGet.Hit).valueString(), '1');
});

test('an item is a miss when its second is over', async () => {
  const key = newKey();
  is(await here.client.set(here.cache, key, 'value', { ttl: 1 }), CacheSet.Success);
  is(await here.client.get(here.cache, key), CacheGet.Hit);

  await sleep(1000);

  is(await here.client.get(here.cache, key), CacheGet.Miss);
});

test('five million bytes come back', { skip: isWeb }, async () => {
  const key = newKey();
  const value = new Uint8Array(5_000_000).fill(42);

  is(await here.client.set(here.cache, key, value), CacheSet.Success);

  const got = is(await here.client.get(here.cache, key), CacheGet.Hit);
  assert.equal(Buffer.compare(got.valueUint8Array(), value), 0);
});

test('more than the limit is refused by name', { skip: isWeb }, async () => {
  const refused = await here.client.set(here.cache, newKey(), new Uint8Array(5_300_000));

  isError(refused, LimitExceededError);
  assert.match(refused.message(), /^Request size limit exceeded/);
  assert.match(refused.message(), /request limit/i);
});

test('a time that is none is refused', async () => {
  const refused = await here.client.set(here.cache, newKey(), 'value', { ttl: -1 });

  isError(refused, InvalidArgumentError);
});

// Several items at once, their existence, their kind and their time.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import {
  CacheDecreaseTtl,
  CacheGet,
  CacheGetBatch,
  CacheIncreaseTtl,
  CacheItemGetTtl,
  CacheItemGetType,
  CacheKeyExists,
  CacheKeysExist,
  CacheSetBatch,
  CacheUpdateTtl,
  ItemType,
} from '@gomomento/sdk';
import { is, newKey, scene } from './server.mjs';

const here = scene();
const HOUR = 3600;

async function remaining(key) {
  return is(
    await here.client.itemGetTtl(here.cache, key),
    CacheItemGetTtl.Hit
  ).remainingTtlMillis();
}

test('a batch is answered in its order', async () => {
  const items = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [newKey(), `v${i}`]));
  const keys = Object.keys(items).reverse();

  const written = is(await here.client.setBatch(here.cache, items), CacheSetBatch.Success);
  const got = is(await here.client.getBatch(here.cache, keys), CacheGetBatch.Success);

  assert.equal(written.results().length, 200);
  assert.deepEqual(
    got.results().map(answer => answer.valueString()),
    keys.map(key => items[key])
  );
});

test('misses stand where their keys stand', async () => {
  const key = newKey();
  await here.client.set(here.cache, key, 'value');

  const got = is(
    await here.client.getBatch(here.cache, [newKey(), key, newKey()]),
    CacheGetBatch.Success
  );

  assert.deepEqual(
    got.results().map(answer => answer instanceof CacheGet.Hit),
    [false, true, false]
  );
  assert.deepEqual(got.values(), { [key]: 'value' });
});

test('each item of a batch has its own time', async () => {
  const [short, long] = [newKey(), newKey()];
  const items = [
    { key: short, value: '1', ttl: 1 },
    { key: long, value: '2', ttl: HOUR },
  ];
  is(await here.client.setBatch(here.cache, items), CacheSetBatch.Success);

  await sleep(1000);

  const got = await here.client.getBatch(here.cache, [short, long]);
  assert.deepEqual(is(got, CacheGetBatch.Success).values(), { [long]: '2' });
});

test('keys exist where they stand', async () => {
  const key = newKey();
  await here.client.set(here.cache, key, '');

  const one = is(await here.client.keyExists(here.cache, key), CacheKeyExists.Success);
  const several = is(
    await here.client.keysExist(here.cache, [key, newKey(), key]),
    CacheKeysExist.Success
  );
  const none = is(await here.client.keysExist(here.cache, []), CacheKeysExist.Success);

  assert.equal(one.exists(), true);
  assert.deepEqual(several.exists(), [true, false, true]);
  assert.deepEqual(none.exists(), []);
});

test('a value is a scalar', async () => {
  const key = newKey();
  await here.client.set(here.cache, key, 'value');

  const found = is(await here.client.itemGetType(here.cache, key), CacheItemGetType.Hit);

  assert.equal(found.itemType(), ItemType.SCALAR);
  is(await here.client.itemGetType(here.cache, newKey()), CacheItemGetType.Miss);
});

test('the time left is strictly less than the time given', async () => {
  const key = newKey();
  await here.client.set(here.cache, key, 'value', { ttl: HOUR });

  const left = await remaining(key);

  assert.ok(left < HOUR * 1000 && left > HOUR * 1000 - 5000, String(left));
  is(await here.client.itemGetTtl(here.cache, newKey()), CacheItemGetTtl.Miss);
});

test('a time is overwritten, raised only up, lowered only down', async () => {
  const key = newKey();
  await here.client.set(here.cache, key, 'value', { ttl: HOUR });
  const milliseconds = HOUR * 1000;

  is(
    await here.client.increaseTtl(here.cache, key, milliseconds / 2),
    CacheIncreaseTtl.NotSet
  );
  is(
    await here.client.decreaseTtl(here.cache, key, milliseconds * 2),
    CacheDecreaseTtl.NotSet
  );
  is(await here.client.increaseTtl(here.cache, key, milliseconds * 2), CacheIncreaseTtl.Set);
  assert.ok((await remaining(key)) > milliseconds);
  is(await here.client.decreaseTtl(here.cache, key, milliseconds / 2), CacheDecreaseTtl.Set);
  assert.ok((await remaining(key)) < milliseconds / 2);
  is(await here.client.updateTtl(here.cache, key, milliseconds), CacheUpdateTtl.Set);
  assert.ok((await remaining(key)) > milliseconds / 2);
});

test('nothing gets no time', async () => {
  is(await here.client.updateTtl(here.cache, newKey(), 1000), CacheUpdateTtl.Miss);
  is(await here.client.increaseTtl(here.cache, newKey(), 1000), CacheIncreaseTtl.Miss);
  is(await here.client.decreaseTtl(here.cache, newKey(), 1000), CacheDecreaseTtl.Miss);
});

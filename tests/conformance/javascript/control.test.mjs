// Caches: made, listed, emptied, removed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CacheFlush,
  CacheGet,
  CacheNotFoundError,
  CacheSet,
  CreateCache,
  DeleteCache,
  InvalidArgumentError,
  ListCaches,
} from '@gomomento/sdk';
import { is, isError, newKey, scene } from './server.mjs';

const here = scene();

async function listed() {
  return is(await here.client.listCaches(), ListCaches.Success).getCaches();
}

test('a cache is made once, and gone when it is deleted', async () => {
  const name = `${here.cache}-second`;

  is(await here.client.createCache(name), CreateCache.Success);
  is(await here.client.createCache(name), CreateCache.AlreadyExists);
  is(await here.client.set(name, 'key', 'value'), CacheSet.Success);
  assert.ok((await listed()).some(cache => cache.getName() === name));

  is(await here.client.deleteCache(name), DeleteCache.Success);
  isError(await here.client.deleteCache(name), CacheNotFoundError);
  isError(await here.client.get(name, 'key'), CacheNotFoundError);
  assert.ok(!(await listed()).some(cache => cache.getName() === name));
});

test('a cache that comes again is empty', async () => {
  const name = `${here.cache}-third`;
  await here.client.createCache(name);
  await here.client.set(name, 'key', 'value');
  await here.client.deleteCache(name);

  is(await here.client.createCache(name), CreateCache.Success);

  is(await here.client.get(name, 'key'), CacheGet.Miss);
  await here.client.deleteCache(name);
});

test('a flushed cache is empty', async () => {
  const key = newKey();
  await here.client.set(here.cache, key, 'value');

  is(await here.client.flushCache(here.cache), CacheFlush.Success);

  is(await here.client.get(here.cache, key), CacheGet.Miss);
});

const UNLIMITED = 2 ** 31 - 1;

test('every cache tells its limits', async () => {
  const found = (await listed()).find(cache => cache.getName() === here.cache);
  const limits = found.getCacheLimits();
  const topics = found.getTopicLimits();

  assert.equal(limits.maxThroughputKbps, UNLIMITED);
  assert.equal(limits.maxTrafficRate, UNLIMITED);
  assert.equal(limits.maxItemSizeKb, 4883);
  assert.equal(limits.maxTtlSeconds, UNLIMITED);
  assert.equal(topics.maxPublishRate, UNLIMITED);
  assert.equal(topics.maxSubscriptionCount, UNLIMITED);
  assert.equal(topics.maxPublishMessageSizeKb, 1_024);
});

for (const name of ['', ' ', 'a/b', 'a\u0000b', 'x'.repeat(2000)]) {
  test(`a malformed name is refused: ${JSON.stringify(name).slice(0, 12)}`, async () => {
    isError(await here.client.createCache(name), InvalidArgumentError);
  });
}

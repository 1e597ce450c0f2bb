// What dictionaries, lists, sets and sorted sets have in common: time, types and limits.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import {
  CacheGet,
  CacheItemGetTtl,
  CacheItemGetType,
  CacheSet,
  CollectionTtl,
  FailedPreconditionError,
  ItemType,
  LimitExceededError,
} from '@gomomento/sdk';
import { is, isError, isWeb, newKey, scene } from './server.mjs';

const here = scene();
const HOUR = 3600;
const MINUTE = 60;

const WRITES = {
  dictionarySetField: ['f', '1'],
  dictionarySetFields: [{ f: '1' }],
  dictionaryIncrement: ['f', 1],
  listPushBack: ['v'],
  listPushFront: ['v'],
  listConcatenateBack: [['v']],
  listConcatenateFront: [['v']],
  setAddElement: ['e'],
  setAddElements: [['e']],
  sortedSetPutElement: ['v', 1],
  sortedSetPutElements: [{ v: 1 }],
  sortedSetIncrementScore: ['v', 1],
};
const TYPES = {
  dictionary: [ItemType.DICTIONARY, 'dictionarySetField', ['f', 'v']],
  list: [ItemType.LIST, 'listPushBack', ['v']],
  set: [ItemType.SET, 'setAddElement', ['e']],
  'sorted set': [ItemType.SORTED_SET, 'sortedSetPutElement', ['v', 1]],
};
const READS = {
  'single value': name => here.client.get(here.cache, name),
  dictionary: name => here.client.dictionaryFetch(here.cache, name),
  list: name => here.client.listFetch(here.cache, name),
  set: name => here.client.setFetch(here.cache, name),
  'sorted set': name => here.client.sortedSetFetchByRank(here.cache, name),
};

async function write(method, name, ttl, rest = WRITES[method]) {
  const written = await here.client[method](here.cache, name, ...rest, { ttl });
  assert.notEqual(written.type, 'Error', written.toString());
}

async function assertLeft(name, seconds) {
  const found = is(await here.client.itemGetTtl(here.cache, name), CacheItemGetTtl.Hit);
  const left = found.remainingTtlMillis();
  assert.ok(left < seconds * 1000 && left > seconds * 1000 - 5000, `${left} of ${seconds} s`);
}

for (const method of Object.keys(WRITES)) {
  test(`${method} sets the time of a new collection, and replaces it if asked`, async () => {
    const name = newKey();

    await write(method, name, CollectionTtl.of(HOUR).withNoRefreshTtlOnUpdates());
    await assertLeft(name, HOUR);
    await write(method, name, CollectionTtl.of(MINUTE).withNoRefreshTtlOnUpdates());
    await assertLeft(name, HOUR);
    await write(method, name, CollectionTtl.of(MINUTE).withRefreshTtlOnUpdates());
    await assertLeft(name, MINUTE);
  });
}

test('a collection is gone when its second is over', async () => {
  const names = [];
  for (const method of Object.keys(WRITES)) {
    names.push(newKey());
    await write(method, names.at(-1), CollectionTtl.of(1));
  }

  await sleep(1000);

  const there = await here.client.keysExist(here.cache, names);
  assert.ok(there.exists().every(exists => !exists));
});

for (const [type, [number, method, rest]] of Object.entries(TYPES)) {
  test(`a ${type} says its type, and is refused where another is wanted`, async () => {
    const name = newKey();
    await write(method, name, CollectionTtl.of(MINUTE), rest);

    const found = await here.client.itemGetType(here.cache, name);

    assert.equal(is(found, CacheItemGetType.Hit).itemType(), number);
    for (const [other, read] of Object.entries(READS).filter(([other]) => other !== type)) {
      const refused = isError(await read(name), FailedPreconditionError);
      assert.match(refused.message(), new RegExp(`a ${type}`));
      assert.match(refused.message(), new RegExp(`a ${other}`));
    }
  });

  test(`a ${type} gives way to a single value that is set, and to none that is read`, async () => {
    const name = newKey();
    await write(method, name, CollectionTtl.of(MINUTE), rest);

    is(await here.client.set(here.cache, name, 'value'), CacheSet.Success);

    is(await here.client.get(here.cache, name), CacheGet.Hit);
    isError(await here.client[method](here.cache, name, ...rest), FailedPreconditionError);
  });

  test(`an element of a ${type} has at most 128 KiB`, { skip: isWeb }, async () => {
    const name = newKey();
    const sized = size => rest.map(word => (typeof word === 'string' ? 'x'.repeat(size) : word));

    await write(method, name, CollectionTtl.of(MINUTE), sized(131_072));
    const refused = await here.client[method](here.cache, name, ...sized(131_073));

    isError(refused, LimitExceededError);
    assert.match(refused.message(), /^Element size limit exceeded/);
    assert.match(refused.message(), /element size/i);
  });
}

test('an item has at most 4883 KiB with its key', { skip: isWeb }, async () => {
  const name = newKey();
  const part = 'x'.repeat(131_072);
  const values = Array.from({ length: 38 }, () => part);
  await here.client.listConcatenateBack(here.cache, name, values);

  const refused = await here.client.listConcatenateBack(here.cache, name, [part]);

  isError(refused, LimitExceededError);
  assert.match(refused.message(), /^Item size limit exceeded/);
  assert.equal((await here.client.listLength(here.cache, name)).length(), 38);
});

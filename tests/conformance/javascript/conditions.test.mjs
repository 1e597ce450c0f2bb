// Conditional writes: the whole truth table, by value and by hash.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CacheGet, CacheGetWithHash, CacheSet, CacheSetWithHash } from '@gomomento/sdk';
import { is, newKey, scene } from './server.mjs';

const here = scene();

// The method; is the value stored when the key is absent, holds `old`, holds `other`?
const BY_VALUE = [
  ['setIfPresent', [], [false, true, true]],
  ['setIfAbsent', [], [true, false, false]],
  ['setIfEqual', ['old'], [false, true, false]],
  ['setIfNotEqual', ['old'], [true, false, true]],
  ['setIfPresentAndNotEqual', ['old'], [false, false, true]],
  ['setIfAbsentOrEqual', ['old'], [true, true, false]],
];

const BY_HASH = [
  ['setIfPresentAndHashEqual', [false, true, false]],
  ['setIfPresentAndHashNotEqual', [false, false, true]],
  ['setIfAbsentOrHashEqual', [true, true, false]],
  ['setIfAbsentOrHashNotEqual', [true, false, true]],
];

const PRESENT = [undefined, 'old', 'other'];

async function put(key, value) {
  if (value !== undefined) {
    is(await here.client.set(here.cache, key, value), CacheSet.Success);
  }
}

async function value(key) {
  const got = await here.client.get(here.cache, key);
  return got instanceof CacheGet.Hit ? got.valueString() : undefined;
}

for (const [method, compared, table] of BY_VALUE) {
  for (const [i, present] of PRESENT.entries()) {
    test(`${method} on ${present ?? 'an absent key'}`, async () => {
      const key = newKey();
      await put(key, present);

      const answer = await here.client[method](here.cache, key, 'new', ...compared);

      assert.equal(answer.type, table[i] ? 'Stored' : 'NotStored', answer.toString());
      assert.equal(await value(key), table[i] ? 'new' : present);
    });
  }
}

for (const [method, table] of BY_HASH) {
  for (const [i, present] of PRESENT.entries()) {
    test(`${method} on ${present ?? 'an absent key'}`, async () => {
      const key = newKey();
      const known = is(
        await here.client.setWithHash(here.cache, newKey(), 'old'),
        CacheSetWithHash.Stored
      );
      await put(key, present);

      const answer = await here.client[method](here.cache, key, 'new', known.hashUint8Array());

      assert.equal(answer.type, table[i] ? 'Stored' : 'NotStored', answer.toString());
      assert.equal(await value(key), table[i] ? 'new' : present);
      if (table[i]) {
        const got = await here.client.getWithHash(here.cache, key);
        assert.deepEqual(answer.hashUint8Array(), is(got, CacheGetWithHash.Hit).hashUint8Array());
      }
    });
  }
}

test('the hash of a write is the hash of the read', async () => {
  const key = newKey();
  const written = await here.client.setWithHash(here.cache, key, 'value');
  const got = is(await here.client.getWithHash(here.cache, key), CacheGetWithHash.Hit);

  assert.ok(got.hashUint8Array().length > 0);
  assert.deepEqual(is(written, CacheSetWithHash.Stored).hashUint8Array(), got.hashUint8Array());
  assert.equal(got.valueString(), 'value');
});

test('an absent key has no hash', async () => {
  is(await here.client.getWithHash(here.cache, newKey()), CacheGetWithHash.Miss);
});

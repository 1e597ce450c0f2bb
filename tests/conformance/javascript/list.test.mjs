// Lists.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CacheListConcatenateBack,
  CacheListConcatenateFront,
  CacheListFetch,
  CacheListLength,
  CacheListPopBack,
  CacheListPopFront,
  CacheListPushBack,
  CacheListPushFront,
  CacheListRemoveValue,
  CacheListRetain,
} from '@gomomento/sdk';
import { is, newKey, scene, valueOf } from './server.mjs';

const here = scene();
const LETTERS = ['a', 'b', 'c', 'd', 'e'];
const ENDS = [undefined, -100, -6, -5, -4, -1, 0, 1, 4, 5, 6, 100];

async function fetch(name, startIndex, endIndex) {
  return valueOf(await here.client.listFetch(here.cache, name, { startIndex, endIndex }));
}

async function make(values = LETTERS) {
  const name = newKey();
  const made = await here.client.listConcatenateBack(here.cache, name, values);
  assert.equal(is(made, CacheListConcatenateBack.Success).listLength(), values.length);
  return name;
}

test('values are pushed at both ends', async () => {
  const name = newKey();

  const back = await here.client.listPushBack(here.cache, name, 'b');
  const front = await here.client.listPushFront(here.cache, name, 'a');

  assert.equal(is(back, CacheListPushBack.Success).listLength(), 1);
  assert.equal(is(front, CacheListPushFront.Success).listLength(), 2);
  assert.deepEqual(await fetch(name), ['a', 'b']);
});

test('lists are joined in the order given at both ends', async () => {
  const name = await make(['c']);

  const front = await here.client.listConcatenateFront(here.cache, name, ['a', 'b']);
  const back = await here.client.listConcatenateBack(here.cache, name, ['d', 'e']);

  assert.equal(is(front, CacheListConcatenateFront.Success).listLength(), 3);
  assert.equal(is(back, CacheListConcatenateBack.Success).listLength(), 5);
  assert.deepEqual(await fetch(name), LETTERS);
});

test('any bytes come back', async () => {
  const name = newKey();
  const value = Uint8Array.from({ length: 256 }, (_, i) => i);

  await here.client.listPushBack(here.cache, name, value);
  await here.client.listPushBack(here.cache, name, '');

  const fetched = is(await here.client.listFetch(here.cache, name), CacheListFetch.Hit);
  assert.deepEqual(fetched.valueListUint8Array().map(each => Buffer.from(each)), [
    Buffer.from(value),
    Buffer.alloc(0),
  ]);
});

test('values are popped from both ends until the list is gone', async () => {
  const name = await make(['a', 'b']);

  const back = await here.client.listPopBack(here.cache, name);
  const front = await here.client.listPopFront(here.cache, name);

  assert.equal(is(back, CacheListPopBack.Hit).valueString(), 'b');
  assert.equal(is(front, CacheListPopFront.Hit).valueString(), 'a');
  is(await here.client.listPopBack(here.cache, name), CacheListPopBack.Miss);
  is(await here.client.listPopFront(here.cache, name), CacheListPopFront.Miss);
  assert.equal((await here.client.keyExists(here.cache, name)).exists(), false);
});

test('nothing is a miss', async () => {
  const name = newKey();

  is(await here.client.listFetch(here.cache, name), CacheListFetch.Miss);
  is(await here.client.listLength(here.cache, name), CacheListLength.Miss);
  is(await here.client.listRemoveValue(here.cache, name, 'a'), CacheListRemoveValue.Success);
});

test('the length is the number of values', async () => {
  const length = await here.client.listLength(here.cache, await make());

  assert.equal(is(length, CacheListLength.Hit).length(), 5);
});

for (const size of [1, 3, 6, 7]) {
  test(`pushing cuts the other end to ${size}`, async () => {
    const [back, front] = [await make(), await make()];

    await here.client.listPushBack(here.cache, back, 'z', { truncateFrontToSize: size });
    await here.client.listPushFront(here.cache, front, 'z', { truncateBackToSize: size });

    assert.deepEqual(await fetch(back), [...LETTERS, 'z'].slice(-size));
    assert.deepEqual(await fetch(front), ['z', ...LETTERS].slice(0, size));
  });

  test(`joining cuts the other end to ${size}`, async () => {
    const [back, front] = [await make(), await make()];
    const more = ['y', 'z'];

    await here.client.listConcatenateBack(here.cache, back, more, { truncateFrontToSize: size });
    await here.client.listConcatenateFront(here.cache, front, more, { truncateBackToSize: size });

    assert.deepEqual(await fetch(back), [...LETTERS, ...more].slice(-size));
    assert.deepEqual(await fetch(front), [...more, ...LETTERS].slice(0, size));
  });
}

test('a value is removed wherever it stands', async () => {
  const name = await make(['a', 'b', 'a', 'c', 'a']);

  is(await here.client.listRemoveValue(here.cache, name, 'a'), CacheListRemoveValue.Success);

  assert.deepEqual(await fetch(name), ['b', 'c']);
});

/** Whether the client sends such ends: it refuses an end before the start, and drops a zero. */
const isSent = (start, end) => end !== 0 && (!(start > 0 && end > 0) || end > start);

test('a slice is what JavaScript makes of it, and an empty one a miss', async () => {
  const name = await make();
  for (const start of ENDS) {
    for (const end of ENDS.filter(end => isSent(start, end))) {
      const slice = LETTERS.slice(start, end);
      const expected = slice.length > 0 ? slice : undefined;
      assert.deepEqual(await fetch(name, start, end), expected, `${start}..${end}`);
    }
  }
});

test('what is retained is the slice', async () => {
  for (const [startIndex, endIndex] of [
    [1, 4],
    [-2, undefined],
    [undefined, -4],
    [undefined, undefined],
    [5, 10],
  ]) {
    const name = await make();
    const kept = LETTERS.slice(startIndex, endIndex);

    const options = { startIndex, endIndex };
    is(await here.client.listRetain(here.cache, name, options), CacheListRetain.Success);

    assert.deepEqual((await fetch(name)) ?? [], kept);
    assert.equal((await here.client.keyExists(here.cache, name)).exists(), kept.length > 0);
  }
});

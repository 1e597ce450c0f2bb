// Sorted sets.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CacheSortedSetFetch,
  CacheSortedSetGetRank,
  CacheSortedSetGetScore,
  CacheSortedSetGetScores,
  CacheSortedSetIncrementScore,
  CacheSortedSetLength,
  CacheSortedSetLengthByScore,
  CacheSortedSetPutElement,
  CacheSortedSetPutElements,
  CacheSortedSetRemoveElement,
  CacheSortedSetRemoveElements,
  CacheSortedSetUnionStore,
  InvalidArgumentError,
  SortedSetAggregate,
  SortedSetOrder,
} from '@gomomento/sdk';
import { is, isError, newKey, scene, valueOf } from './server.mjs';

const here = scene();
const SCORES = { a: 1, b: 2, c: 2, d: 3.5, e: 10 };
const { Ascending, Descending } = SortedSetOrder;

async function make(scores = SCORES) {
  const name = newKey();
  const made = await here.client.sortedSetPutElements(here.cache, name, scores);
  is(made, CacheSortedSetPutElements.Success);
  return name;
}

const row = answer => valueOf(answer)?.map(element => element.value).join('');
const byRank = async (name, options) =>
  row(await here.client.sortedSetFetchByRank(here.cache, name, options));
const byScore = async (name, options) =>
  row(await here.client.sortedSetFetchByScore(here.cache, name, options));
const rank = async (name, value, order) =>
  here.client.sortedSetGetRank(here.cache, name, value, { order });

test('values come in the order of their scores, equal ones in that of their bytes', async () => {
  const name = await make({ c: 2, b: 2, e: 10, d: 3.5, a: 1 });

  const fetched = await here.client.sortedSetFetchByRank(here.cache, name);

  assert.deepEqual(
    is(fetched, CacheSortedSetFetch.Hit).value(),
    Object.entries(SCORES).map(([value, score]) => ({ value, score }))
  );
  assert.equal(await byRank(name, { order: Descending }), 'edcba');
});

test('a value that is put again moves', async () => {
  const name = await make();

  is(
    await here.client.sortedSetPutElement(here.cache, name, 'a', 5),
    CacheSortedSetPutElement.Success
  );

  assert.equal(await byRank(name), 'bcdae');
});

for (const [startRank, endRank, expected] of [
  [undefined, undefined, 'abcde'],
  [1, 3, 'bc'],
  [0, -1, 'abcd'],
  [-2, undefined, 'de'],
  [4, 100, 'e'],
  [-100, 2, 'ab'],
  [7, 9, ''],
]) {
  test(`ranks from ${startRank} to ${endRank}`, async () => {
    assert.equal(await byRank(await make(), { startRank, endRank }), expected);
  });
}

test('an empty range is a hit and no set a miss', async () => {
  const name = await make();

  is(
    await here.client.sortedSetFetchByScore(here.cache, name, { minScore: 100 }),
    CacheSortedSetFetch.Hit
  );
  is(await here.client.sortedSetFetchByRank(here.cache, newKey()), CacheSortedSetFetch.Miss);
  is(await here.client.sortedSetFetchByScore(here.cache, newKey()), CacheSortedSetFetch.Miss);
});

for (const [options, expected] of [
  [{ minScore: 2 }, 'bcde'],
  [{ maxScore: 2 }, 'abc'],
  [{ minScore: 2, maxScore: 3.5, order: Descending }, 'dcb'],
  [{ minScore: 100 }, ''],
  [{ offset: 1, count: 2 }, 'bc'],
  [{ offset: 1, count: 2, order: Descending }, 'dc'],
  [{ offset: 9 }, ''],
]) {
  test(`scores by ${JSON.stringify(options)}`, async () => {
    assert.equal(await byScore(await make(), options), expected);
  });
}

test('infinite scores stand at the ends', async () => {
  const name = await make({ b: 0, c: Infinity, a: -Infinity });

  const fetched = is(
    await here.client.sortedSetFetchByRank(here.cache, name),
    CacheSortedSetFetch.Hit
  );

  assert.deepEqual(
    fetched.value().map(element => element.score),
    [-Infinity, 0, Infinity]
  );
});

test('a rank is counted from the side that is asked for', async () => {
  const name = await make();

  assert.equal(is(await rank(name, 'd', Ascending), CacheSortedSetGetRank.Hit).rank(), 3);
  assert.equal(is(await rank(name, 'd', Descending), CacheSortedSetGetRank.Hit).rank(), 1);
});

test('what is not there has no rank and no score', async () => {
  for (const name of [newKey(), await make()]) {
    is(await rank(name, 'x'), CacheSortedSetGetRank.Miss);
    is(await here.client.sortedSetGetScore(here.cache, name, 'x'), CacheSortedSetGetScore.Miss);
  }
  const scores = await here.client.sortedSetGetScores(here.cache, newKey(), ['a']);
  is(scores, CacheSortedSetGetScores.Miss);
});

test('scores stand where they were asked for', async () => {
  const name = await make();

  const asked = await here.client.sortedSetGetScores(here.cache, name, ['d', 'x', 'a']);

  const responses = is(asked, CacheSortedSetGetScores.Hit).responses();
  is(responses[1], CacheSortedSetGetScore.Miss);
  assert.deepEqual(asked.value(), { d: 3.5, a: 1 });
});

test('increment counts from nothing and moves the value', async () => {
  const name = await make();

  const counted = await here.client.sortedSetIncrementScore(here.cache, name, 'new', 2.5);
  await here.client.sortedSetIncrementScore(here.cache, name, 'a', 100);

  assert.equal(is(counted, CacheSortedSetIncrementScore.Success).score(), 2.5);
  assert.equal(await byRank(name), 'bcnewdea');
});

test('removed values are gone, and with the last the set', async () => {
  const name = await make();

  is(
    await here.client.sortedSetRemoveElement(here.cache, name, 'a'),
    CacheSortedSetRemoveElement.Success
  );
  is(
    await here.client.sortedSetRemoveElements(here.cache, name, ['b', 'x']),
    CacheSortedSetRemoveElements.Success
  );
  assert.equal(await byRank(name), 'cde');

  await here.client.sortedSetRemoveElements(here.cache, name, ['c', 'd', 'e']);
  is(await here.client.sortedSetFetchByRank(here.cache, name), CacheSortedSetFetch.Miss);
});

test('the length is the number of values, of all or by score', async () => {
  const name = await make();
  const count = options => here.client.sortedSetLengthByScore(here.cache, name, options);

  const all = is(await here.client.sortedSetLength(here.cache, name), CacheSortedSetLength.Hit);

  assert.equal(all.length(), 5);
  const some = is(await count({ minScore: 2, maxScore: 3.5 }), CacheSortedSetLengthByScore.Hit);
  assert.equal(some.length(), 3);
  // The client takes a length of zero for a miss.
  is(await count({ minScore: 11 }), CacheSortedSetLengthByScore.Miss);
  is(await here.client.sortedSetLength(here.cache, newKey()), CacheSortedSetLength.Miss);
  is(
    await here.client.sortedSetLengthByScore(here.cache, newKey()),
    CacheSortedSetLengthByScore.Miss
  );
});

for (const [aggregate, expected] of [
  [undefined, { a: 2, b: 14, c: 15 }],
  [SortedSetAggregate.SUM, { a: 2, b: 14, c: 15 }],
  [SortedSetAggregate.MIN, { a: 2, b: 4, c: 15 }],
  [SortedSetAggregate.MAX, { a: 2, b: 10, c: 15 }],
]) {
  test(`sets are united by aggregate ${aggregate}, and scores weighed`, async () => {
    const target = await make({ old: 1 });
    const sources = [
      { sortedSetName: await make({ a: 1, b: 2 }), weight: 2 },
      { sortedSetName: await make({ b: 20, c: 30 }), weight: 0.5 },
      { sortedSetName: newKey(), weight: 1 },
    ];

    const united = await here.client.sortedSetUnionStore(here.cache, target, sources, {
      aggregate,
    });

    assert.equal(is(united, CacheSortedSetUnionStore.Success).length(), 3);
    const fetched = valueOf(await here.client.sortedSetFetchByRank(here.cache, target));
    assert.deepEqual(
      Object.fromEntries(fetched.map(({ value, score }) => [value, score])),
      expected
    );
  });
}

test('an empty union takes away what was there', async () => {
  const target = await make({ old: 1 });
  const sources = [{ sortedSetName: newKey(), weight: 1 }];

  const united = await here.client.sortedSetUnionStore(here.cache, target, sources);

  assert.equal(is(united, CacheSortedSetUnionStore.Success).length(), 0);
  assert.equal(await byRank(target), undefined);
});

test('a union of nothing is refused', async () => {
  isError(
    await here.client.sortedSetUnionStore(here.cache, newKey(), []),
    InvalidArgumentError
  );
});

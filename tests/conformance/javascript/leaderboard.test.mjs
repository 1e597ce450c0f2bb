// Leaderboards.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CacheNotFoundError,
  InvalidArgumentError,
  LeaderboardConfigurations,
  LeaderboardDelete,
  LeaderboardFetch,
  LeaderboardLength,
  LeaderboardOrder,
  LeaderboardRemoveElements,
  LeaderboardUpsert,
  PreviewLeaderboardClient,
} from '@gomomento/sdk';
import { is, isError, newKey, provider, quiet, scene } from './server.mjs';

const here = scene();
const SCORES = { 1: 10, 2: 20, 4: 20, 5: 50.5, 10: 20 };
const IN_ORDER = [1, 10, 2, 4, 5];
const { Ascending, Descending } = LeaderboardOrder;

let client;

before(() => {
  client = new PreviewLeaderboardClient({
    configuration: LeaderboardConfigurations.Laptop.v1(quiet),
    credentialProvider: provider(),
  });
});

after(() => client.close());

const board = (cache = here.cache) => client.leaderboard(cache, newKey());

async function filled() {
  const made = board();
  is(await made.upsert(SCORES), LeaderboardUpsert.Success);
  return made;
}

const values = answer => is(answer, LeaderboardFetch.Success).values();
const ids = answer => values(answer).map(element => element.id);
const ranks = answer => values(answer).map(({ id, rank }) => [id, rank]);

test('ids are ranked by score, and equal scores by the ids as text', async () => {
  const made = await filled();

  const up = values(await made.fetchByRank(0, 10));
  const down = await made.fetchByRank(0, 10, { order: Descending });

  assert.deepEqual(
    up,
    IN_ORDER.map((id, rank) => ({ id, score: SCORES[id], rank }))
  );
  assert.deepEqual(ids(down), IN_ORDER.toReversed());
});

test('ranks are those of the whole board', async () => {
  const made = await filled();

  assert.deepEqual(ranks(await made.fetchByRank(3, 100)), [
    [4, 3],
    [5, 4],
  ]);
  assert.deepEqual(ranks(await made.fetchByScore({ minScore: 20, offset: 1, count: 2 })), [
    [2, 2],
    [4, 3],
  ]);
  assert.deepEqual(ranks(await made.fetchByScore({ maxScore: 20, order: Descending })), [[1, 4]]);
});

test('a range of scores is half open', async () => {
  const made = await filled();

  assert.deepEqual(ids(await made.fetchByScore({ minScore: 10, maxScore: 50.5 })), [1, 10, 2, 4]);
  assert.deepEqual(ids(await made.fetchByScore()), IN_ORDER);
});

test('ranks of ids come in the order asked, without the unknown', async () => {
  const made = await filled();

  assert.deepEqual(ranks(await made.getRank([5, 999, 1])), [
    [5, 4],
    [1, 0],
  ]);
  assert.deepEqual(ranks(await made.getRank([5, 1], { order: Descending })), [
    [5, 0],
    [1, 4],
  ]);
  assert.deepEqual(ranks(await made.getRank([1], { order: Ascending })), [[1, 0]]);
});

test('an id that is written again moves', async () => {
  const made = await filled();

  is(await made.upsert(new Map([[1, 100]])), LeaderboardUpsert.Success);

  assert.deepEqual(ids(await made.fetchByRank(0, 10)), [10, 2, 4, 5, 1]);
  assert.equal(is(await made.length(), LeaderboardLength.Success).length(), 5);
});

test('removed ids are gone, and a deleted board is empty', async () => {
  const made = await filled();

  is(await made.removeElements([1, 4, 999]), LeaderboardRemoveElements.Success);
  assert.deepEqual(ids(await made.fetchByRank(0, 10)), [10, 2, 5]);

  is(await made.delete(), LeaderboardDelete.Success);
  assert.equal((await made.length()).length(), 0);
  is(await made.delete(), LeaderboardDelete.Success);
});

test('a board that is not there is an empty one', async () => {
  const made = board();

  assert.deepEqual(ids(await made.fetchByRank(0, 10)), []);
  assert.deepEqual(ids(await made.fetchByScore()), []);
  assert.deepEqual(ids(await made.getRank([1])), []);
  assert.equal((await made.length()).length(), 0);
  is(await made.removeElements([1]), LeaderboardRemoveElements.Success);
});

test('a call takes 8192 elements', async () => {
  const made = board();
  const many = new Map(Array.from({ length: 8192 }, (_, id) => [id, id]));

  is(await made.upsert(many), LeaderboardUpsert.Success);

  assert.deepEqual(ids(await made.fetchByRank(0, 8192)), [...many.keys()]);
  assert.deepEqual(ids(await made.getRank([...many.keys()])), [...many.keys()]);
});

test('a score that is not finite is refused', async () => {
  const made = await filled();

  for (const score of [NaN, Infinity]) {
    isError(await made.upsert({ 7: score }), InvalidArgumentError);
  }
  assert.deepEqual(ids(await made.fetchByRank(0, 10)), IN_ORDER);
});

test('a cache that does not exist is said so', async () => {
  const made = board('no-such-cache');

  for (const answer of [
    await made.upsert({ 1: 1 }),
    await made.fetchByRank(0, 1),
    await made.fetchByScore(),
    await made.getRank([1]),
    await made.length(),
    await made.removeElements([1]),
    await made.delete(),
  ]) {
    isError(answer, CacheNotFoundError);
  }
});

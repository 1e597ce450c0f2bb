// A cache that does not exist, and tokens that open nothing: for every method, by the SDK's errors.

import { after, before, test } from 'node:test';
import { AuthenticationError, CacheNotFoundError } from '@gomomento/sdk';
import { isError, isLocal, isWeb, open, providerWith } from './server.mjs';

const HASH = new Uint8Array(16);

const METHODS = {
  get: ['key'],
  set: ['key', 'value'],
  delete: ['key'],
  increment: ['key', 1],
  setIfNotExists: ['key', 'value'],
  setIfAbsent: ['key', 'value'],
  setIfPresent: ['key', 'value'],
  setIfEqual: ['key', 'value', 'old'],
  setIfNotEqual: ['key', 'value', 'old'],
  setIfPresentAndNotEqual: ['key', 'value', 'old'],
  setIfAbsentOrEqual: ['key', 'value', 'old'],
  getWithHash: ['key'],
  setWithHash: ['key', 'value'],
  setIfPresentAndHashEqual: ['key', 'value', HASH],
  setIfPresentAndHashNotEqual: ['key', 'value', HASH],
  setIfAbsentOrHashEqual: ['key', 'value', HASH],
  setIfAbsentOrHashNotEqual: ['key', 'value', HASH],
  getBatch: [['key', 'other']],
  setBatch: [{ key: 'value' }],
  keyExists: ['key'],
  keysExist: [['key']],
  updateTtl: ['key', 1000],
  increaseTtl: ['key', 1000],
  decreaseTtl: ['key', 1000],
  itemGetTtl: ['key'],
  itemGetType: ['key'],
  dictionaryFetch: ['d'],
  dictionaryGetField: ['d', 'f'],
  dictionaryGetFields: ['d', ['f']],
  dictionaryIncrement: ['d', 'f', 1],
  dictionaryLength: ['d'],
  dictionaryRemoveField: ['d', 'f'],
  dictionaryRemoveFields: ['d', ['f']],
  dictionarySetField: ['d', 'f', 'v'],
  dictionarySetFields: ['d', { f: 'v' }],
  listConcatenateBack: ['l', ['v']],
  listConcatenateFront: ['l', ['v']],
  listFetch: ['l'],
  listLength: ['l'],
  listPopBack: ['l'],
  listPopFront: ['l'],
  listPushBack: ['l', 'v'],
  listPushFront: ['l', 'v'],
  listRemoveValue: ['l', 'v'],
  listRetain: ['l'],
  setAddElement: ['s', 'e'],
  setAddElements: ['s', ['e']],
  setContainsElement: ['s', 'e'],
  setContainsElements: ['s', ['e']],
  setFetch: ['s'],
  setLength: ['s'],
  setPop: ['s', 1],
  setRemoveElement: ['s', 'e'],
  setRemoveElements: ['s', ['e']],
  setSample: ['s', 1],
  sortedSetFetchByRank: ['s'],
  sortedSetFetchByScore: ['s'],
  sortedSetGetRank: ['s', 'v'],
  sortedSetGetScore: ['s', 'v'],
  sortedSetGetScores: ['s', ['v']],
  sortedSetIncrementScore: ['s', 'v', 1],
  sortedSetLength: ['s'],
  sortedSetLengthByScore: ['s'],
  sortedSetPutElement: ['s', 'v', 1],
  sortedSetPutElements: ['s', { v: 1 }],
  sortedSetRemoveElement: ['s', 'v'],
  sortedSetRemoveElements: ['s', ['v']],
  sortedSetUnionStore: ['s', [{ sortedSetName: 't', weight: 1 }]],
  flushCache: [],
  deleteCache: [],
};

// The client for browsers loses the errors of these: it reads their answers before it looks.
const LOST = isWeb ? ['itemGetTtl', 'itemGetType'] : [];

let client;
let stranger;

before(async () => {
  client = await open();
  stranger = await open(providerWith('not.a.token'));
});

after(() => {
  client.close();
  stranger.close();
});

for (const [method, rest] of Object.entries(METHODS)) {
  const skip = LOST.includes(method);

  test(`${method} says that the cache is not found`, { skip }, async () => {
    isError(await client[method]('no-such-cache', ...rest), CacheNotFoundError);
  });

  test(`${method} says nothing to a stranger`, { skip }, async () => {
    isError(await stranger[method]('no-such-cache', ...rest), AuthenticationError);
    if (method !== 'deleteCache' && method !== 'flushCache') {
      isError(await stranger[method]('default-cache', ...rest), AuthenticationError);
    }
  });
}

test('a stranger makes and lists no caches', async () => {
  isError(await stranger.createCache('never-made'), AuthenticationError);
  isError(await stranger.listCaches(), AuthenticationError);
});

test('no token opens nothing but a local server', { skip: isLocal }, async () => {
  const nobody = await open(providerWith(''));

  isError(await nobody.get('default-cache', 'key'), AuthenticationError);
  isError(await nobody.listCaches(), AuthenticationError);
  nobody.close();
});

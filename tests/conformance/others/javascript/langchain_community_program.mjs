// What @langchain/community is told to do: a cache of answers and a history of messages.

import assert from 'node:assert/strict';

import { CacheClient, Configurations, CredentialProvider } from '@gomomento/sdk';
import { MomentoCache } from '@langchain/community/caches/momento';
import { MomentoChatMessageHistory } from '@langchain/community/stores/message/momento';

const cacheName = process.env.CACHE;
const at = process.env.ATTIMO_HTTPS;
const client = new CacheClient({
  configuration: Configurations.Laptop.v1(),
  credentialProvider: CredentialProvider.fromString({
    apiKey: process.env.MOMENTO_API_KEY,
    endpointOverrides: { cacheEndpoint: at, controlEndpoint: at, tokenEndpoint: at },
  }),
  defaultTtlSeconds: 60,
});

const cache = await MomentoCache.fromProps({ client, cacheName, ttlSeconds: 60 });
const answer = [{ text: '42' }];
assert.equal(await cache.lookup('question', 'model'), null);
await cache.update('question', 'model', answer);
assert.deepEqual(await cache.lookup('question', 'model'), answer);
assert.equal(await cache.lookup('question', 'another model'), null);

const history = await MomentoChatMessageHistory.fromProps({
  client,
  cacheName,
  sessionId: 'session',
  sessionTtl: 60,
});
assert.deepEqual(await history.getMessages(), []);
await history.addUserMessage('hello');
await history.addAIMessage('good day');
const said = (await history.getMessages()).map(message => [message.getType(), message.content]);
assert.deepEqual(said, [['human', 'hello'], ['ai', 'good day']]);
await history.clear();
assert.deepEqual(await history.getMessages(), []);
console.log('done');
client.close();

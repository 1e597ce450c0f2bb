// The auth client: disposable tokens, keys with permissions of their own, and their refresh.

import { after, before, test } from 'node:test';
import {
  AllCaches,
  AllDataReadWrite,
  AllTopics,
  AuthClient,
  AuthenticationError,
  CacheGet,
  CacheRole,
  CacheSet,
  CreateCache,
  CredentialProvider,
  DisposableTokenScopes,
  ExpiresIn,
  GenerateApiKey,
  GenerateDisposableToken,
  InvalidArgumentError,
  ListCaches,
  PermissionError,
  PermissionScopes,
  RefreshApiKey,
  TopicRole,
} from '@gomomento/sdk';
import assert from 'node:assert/strict';
import { is, isError, open, provider, providerWith } from './server.mjs';

const CACHE = 'default-cache';
const HOUR = ExpiresIn.hours(1);
const opened = [];
let auth;

const authWith = credentialProvider => new AuthClient({ credentialProvider });

/** A cache client in the way of this run, with another token. */
async function clientWith(token) {
  const client = await open(providerWith(token));
  opened.push(client);
  return client;
}

async function vended(scope, expires = HOUR, props = undefined) {
  return is(
    await auth.generateDisposableToken(scope, expires, props),
    GenerateDisposableToken.Success
  );
}

async function made(scope, expires = HOUR) {
  return is(await auth.generateApiKey(scope, expires), GenerateApiKey.Success);
}

/** The token inside of what the SDK has wrapped. */
const inner = wrapped => CredentialProvider.fromString(wrapped).getAuthToken();

before(() => {
  auth = authWith(provider());
});
after(() => opened.forEach(client => client.close()));

test('a token for a prefix reads there, and does nothing else', async () => {
  const token = await vended(DisposableTokenScopes.cacheKeyPrefixReadOnly(CACHE, 'u/7/'));
  const user = await clientWith(inner(token.authToken));

  is(await user.get(CACHE, 'u/7/x'), CacheGet.Miss);
  for (const answer of [
    await user.set(CACHE, 'u/7/x', 'v'),
    await user.get(CACHE, 'u/8/x'),
    await user.get('no-such-cache', 'u/7/x'),
    await user.createCache('never-made'),
  ]) {
    isError(answer, PermissionError);
  }
});

test('a token for one key writes it', async () => {
  const token = await vended(DisposableTokenScopes.cacheKeyReadWrite(AllCaches, 'one'));
  const user = await clientWith(inner(token.authToken));

  is(await user.set(CACHE, 'one', 'v'), CacheSet.Success);
  isError(await user.set(CACHE, 'two', 'v'), PermissionError);
});

test('who writes only learns nothing', async () => {
  const token = await vended(DisposableTokenScopes.cacheKeyWriteOnly(CACHE, 'drop'));
  const user = await clientWith(inner(token.authToken));

  is(await user.set(CACHE, 'drop', 'v'), CacheSet.Success);
  isError(await user.get(CACHE, 'drop'), PermissionError);
  isError(await user.setIfAbsent(CACHE, 'drop', 'v'), PermissionError);
  isError(await user.listPushFront(CACHE, 'drop', 'v'), PermissionError);
});

test('a token says until when it is good, and may bear a name', async () => {
  const token = await vended(DisposableTokenScopes.cacheReadWrite(CACHE), HOUR, { tokenId: 'ann' });

  assert.ok(token.expiresAt.doesExpire());
});

test('grants without names are refused', async () => {
  for (const scope of [
    DisposableTokenScopes.cacheKeyReadOnly(CACHE, ''),
    DisposableTokenScopes.cacheKeyPrefixReadOnly(CACHE, ''),
    DisposableTokenScopes.cacheReadOnly(''),
    DisposableTokenScopes.topicPublishOnly(CACHE, ''),
  ]) {
    isError(await auth.generateDisposableToken(scope, HOUR), InvalidArgumentError);
  }
});

test('a key for all data has no control', async () => {
  const key = await made(AllDataReadWrite);
  const user = await clientWith(inner(key.apiKey));

  is(await user.set(CACHE, 'key', 'v'), CacheSet.Success);
  isError(await user.createCache('never-made'), PermissionError);
  isError(await authWith(providerWith(inner(key.apiKey))).generateApiKey(AllDataReadWrite, HOUR),
    PermissionError);
});

test('a key for one cache, and never over', async () => {
  const key = await made(PermissionScopes.cacheReadOnly(CACHE), ExpiresIn.never());
  const user = await clientWith(inner(key.apiKey));

  assert.equal(key.expiresAt.doesExpire(), false);
  is(await user.get(CACHE, 'no-such-key'), CacheGet.Miss);
  isError(await user.set(CACHE, 'key', 'v'), PermissionError);
  isError(await user.get('another-cache', 'key'), PermissionError);
});

test('grants of several kinds make one key', async () => {
  const key = await made({
    permissions: [
      { role: CacheRole.ReadWrite, cache: CACHE },
      { role: TopicRole.PublishOnly, cache: AllCaches, topic: AllTopics },
    ],
  });
  const user = await clientWith(inner(key.apiKey));

  is(await user.set(CACHE, 'key', 'v'), CacheSet.Success);
});

test('no grant, and two about the same, are refused', async () => {
  for (const permissions of [
    [],
    [
      { role: CacheRole.ReadOnly, cache: AllCaches },
      { role: CacheRole.ReadWrite, cache: AllCaches },
    ],
    [
      { role: CacheRole.ReadOnly, cache: CACHE },
      { role: CacheRole.WriteOnly, cache: CACHE },
    ],
    [
      { role: TopicRole.PublishOnly, cache: CACHE, topic: 'a' },
      { role: TopicRole.SubscribeOnly, cache: CACHE, topic: 'a' },
    ],
  ]) {
    isError(await auth.generateApiKey({ permissions }, HOUR), InvalidArgumentError);
  }
});

test('a key is refreshed, and its successor, too', async () => {
  const first = await made(AllDataReadWrite);
  const second = is(
    await authWith(providerWith(inner(first.apiKey))).refreshApiKey(first.refreshToken),
    RefreshApiKey.Success
  );
  const third = is(
    await authWith(providerWith(inner(second.apiKey))).refreshApiKey(second.refreshToken),
    RefreshApiKey.Success
  );

  const user = await clientWith(inner(third.apiKey));
  is(await user.set(CACHE, 'key', 'v'), CacheSet.Success);
  isError(await user.createCache('never-made'), PermissionError);
});

test('a refresh with another token is refused', async () => {
  const [one, other] = [await made(AllDataReadWrite), await made(AllDataReadWrite)];
  const client = authWith(providerWith(inner(one.apiKey)));

  isError(await client.refreshApiKey(other.refreshToken), InvalidArgumentError);
  isError(await client.refreshApiKey('not a token'), InvalidArgumentError);
});

test('nobody makes anything', async () => {
  const nobody = authWith(providerWith('not a token'));

  isError(await nobody.generateApiKey(AllDataReadWrite, HOUR), AuthenticationError);
  isError(
    await nobody.generateDisposableToken(DisposableTokenScopes.cacheReadOnly(CACHE), HOUR),
    AuthenticationError
  );
});

test('the owner still does everything', async () => {
  const owner = await open();
  opened.push(owner);

  is(await owner.listCaches(), ListCaches.Success);
  const answer = await owner.createCache(CACHE);
  assert.ok(answer instanceof CreateCache.AlreadyExists, answer.toString());
});

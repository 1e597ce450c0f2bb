// The running server as the environment describes it, and the clients that reach it.
//
// ATTIMO_WAY says how: plaintext or tls, with a v1 or a v2 key; or local, without a key.

import { after, before } from 'node:test';
import {
  CacheClient,
  Configurations,
  CreateCache,
  CredentialProvider,
  DefaultMomentoLoggerFactory,
  DefaultMomentoLoggerLevel,
  DeleteCache,
} from '@gomomento/sdk';
import assert from 'node:assert/strict';

const { ATTIMO_CLIENT, ATTIMO_WAY, ATTIMO_HTTP, ATTIMO_HTTPS, MOMENTO_API_KEY, ATTIMO_V1_TOKEN } =
  process.env;

export const way = ATTIMO_WAY;
export const isLocal = way === 'local';

/** The client for browsers is judged by these tests, too. It puts all bytes of a value on the stack. */
export const isWeb = ATTIMO_CLIENT === 'web';

const [hostname, port] = ATTIMO_HTTP.split(':');

/** The same provider with another token. */
function withToken(source, token) {
  source.getAuthToken = () => token;
  return source;
}

const local = () => CredentialProvider.forMomentoLocal({ hostname, port: Number(port) });

/** One address for all that the SDK talks to. */
export function endpoints(address, secureConnection) {
  return {
    controlEndpoint: address,
    cacheEndpoint: address,
    tokenEndpoint: address,
    secureConnection,
  };
}

const PROVIDERS = {
  'plaintext-v1': () =>
    CredentialProvider.fromString({
      apiKey: ATTIMO_V1_TOKEN,
      endpointOverrides: endpoints(ATTIMO_HTTP, false),
    }),
  'plaintext-v2': () => withToken(local(), MOMENTO_API_KEY),
  'tls-v1': () =>
    CredentialProvider.fromString({
      apiKey: ATTIMO_V1_TOKEN,
      endpointOverrides: endpoints(ATTIMO_HTTPS, true),
    }),
  'tls-v2': () => CredentialProvider.fromEnvVarV2(),
  local,
};

export const provider = () => PROVIDERS[way]();

/** The same way in, with another token. */
export const providerWith = token => withToken(provider(), token);

export const quiet = new DefaultMomentoLoggerFactory(DefaultMomentoLoggerLevel.ERROR);

export function open(credentialProvider = provider()) {
  return CacheClient.create({
    configuration: Configurations.Laptop.v1(quiet).withClientTimeoutMillis(20_000),
    credentialProvider,
    defaultTtlSeconds: 60,
  });
}

/** A client and a cache of its own for the tests of a file; both are gone afterwards. */
export function scene() {
  const scene = { client: undefined, cache: `javascript-${process.pid}` };
  before(async () => {
    scene.client = await open();
    is(await scene.client.createCache(scene.cache), CreateCache.Success);
  });
  after(async () => {
    is(await scene.client.deleteCache(scene.cache), DeleteCache.Success);
    scene.client.close();
  });
  return scene;
}

/** The answer is of this class; if not, the answer is shown. */
export function is(answer, kind) {
  assert.ok(answer instanceof kind, `${answer.constructor.name}: ${answer.toString()}`);
  return answer;
}

/** The answer is an error whose inner error is of this class. */
export function isError(answer, kind) {
  assert.equal(answer.type, 'Error', answer.toString());
  const inner = answer.innerException();
  assert.ok(inner instanceof kind, `${inner.constructor.name}: ${answer.toString()}`);
  return answer;
}

/** What a hit holds, undefined for a miss; an error is shown. */
export function valueOf(answer) {
  assert.notEqual(answer.type, 'Error', answer.toString());
  return answer.value();
}

let keys = 0;

/** A key that no other test uses. */
export const newKey = () => `key-${(keys += 1)}`;

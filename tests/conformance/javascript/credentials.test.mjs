// Every way in which the SDK takes a key. Runs once, whatever the way of the others.

import { test } from 'node:test';
import { CacheGet, CacheSet, CredentialProvider, ListCaches } from '@gomomento/sdk';
import { endpoints, is, open } from './server.mjs';

const { ATTIMO_HTTP, ATTIMO_HTTPS, ATTIMO_V1_TOKEN, MOMENTO_API_KEY, MOMENTO_ENDPOINT } =
  process.env;

async function works(provider) {
  const client = await open(provider);
  is(await client.listCaches(), ListCaches.Success);
  is(await client.set('default-cache', 'key', 'value'), CacheSet.Success);
  is(await client.get('default-cache', 'key'), CacheGet.Hit);
  client.close();
}

test('a v1 token, with the endpoint that it carries', () =>
  works(CredentialProvider.fromString(ATTIMO_V1_TOKEN)));

test('a v1 token from the environment', () =>
  works(CredentialProvider.fromEnvVar('ATTIMO_V1_TOKEN')));

test('a v1 token as the older name', () =>
  works(CredentialProvider.fromString({ authToken: ATTIMO_V1_TOKEN })));

test('a v1 token on plaintext', () =>
  works(
    CredentialProvider.fromEnvVar({
      environmentVariableName: 'ATTIMO_V1_TOKEN',
      endpointOverrides: endpoints(ATTIMO_HTTP, false),
    })
  ));

test('a v1 token on TLS, by the name localhost', () =>
  works(
    CredentialProvider.fromString({
      apiKey: ATTIMO_V1_TOKEN,
      endpointOverrides: endpoints(ATTIMO_HTTPS, true),
    })
  ));

test('a v1 token and another base endpoint', () =>
  works(
    CredentialProvider.fromString({
      apiKey: ATTIMO_V1_TOKEN,
      endpointOverrides: { baseEndpoint: MOMENTO_ENDPOINT, secureConnection: true },
    })
  ));

test('a v2 key and its endpoint', () =>
  works(CredentialProvider.fromApiKeyV2({ apiKey: MOMENTO_API_KEY, endpoint: MOMENTO_ENDPOINT })));

test('a v2 key from the environment', () => works(CredentialProvider.fromEnvVarV2()));

test('the default provider', () => works(undefined));

// Whether anybody is there.

import { test } from 'node:test';
import { Configurations } from '@gomomento/sdk';
import { InternalNodeGrpcPingClient } from '@gomomento/sdk/dist/src/internal/ping-client.js';
import { provider, quiet } from './server.mjs';

test('a ping is answered, and needs no token', async () => {
  const credentialProvider = provider();
  const pings = new InternalNodeGrpcPingClient({
    configuration: Configurations.Laptop.v1(quiet),
    credentialProvider,
    endpoint: credentialProvider.getCacheEndpoint(),
  });

  await pings.ping();
});

// Every method that the published descriptions of the data services name is answered.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';
import { isLocal, provider, way } from './server.mjs';

// The packages that the SDK itself brings along.
const require = createRequire(createRequire(import.meta.url).resolve('@gomomento/sdk'));
const { cache, leaderboard, ping, webhook } = require('@gomomento/generated-types');
const grpc = require('@grpc/grpc-js');

const SERVICES = {
  Scs: [cache.cache_client.UnimplementedScsService.definition, 47],
  Leaderboard: [leaderboard.leaderboard.UnimplementedLeaderboardService.definition, 8],
  Ping: [ping.cache_client.UnimplementedPingService.definition, 1],
  Webhook: [webhook.webhook.UnimplementedWebhookService.definition, 5],
};
const UNIMPLEMENTED = 12;

const isPlain = isLocal || way.startsWith('plaintext');
const client = new grpc.Client(
  isPlain ? process.env.ATTIMO_HTTP : process.env.ATTIMO_HTTPS,
  isPlain ? grpc.credentials.createInsecure() : grpc.credentials.createSsl()
);
const metadata = new grpc.Metadata();
metadata.set('authorization', provider().getAuthToken());
metadata.set('cache', 'default-cache');

after(() => client.close());

/** The status with which an empty request is answered. */
function statusOf(path) {
  const same = bytes => bytes;
  return new Promise(resolve => {
    const call = client.makeServerStreamRequest(path, same, same, Buffer.alloc(0), metadata);
    call.on('data', () => {});
    call.on('error', () => {});
    call.on('status', status => resolve(status.code));
  });
}

for (const [service, [definition, count]] of Object.entries(SERVICES)) {
  test(`${service} has ${count} methods`, () => {
    assert.equal(Object.keys(definition).length, count);
  });

  for (const { path } of Object.values(definition)) {
    test(`${path} is answered`, async () => {
      assert.notEqual(await statusOf(path), UNIMPLEMENTED);
    });
  }
}

test('what is not there is said to be not there', async () => {
  assert.equal(await statusOf('/cache_client.Scs/NoSuchMethod'), UNIMPLEMENTED);
});

// Webhooks, by the methods of the client for topics.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  DeleteWebhook,
  GetWebhookSecret,
  ListWebhooks,
  MomentoErrorCode,
  PutWebhook,
  RotateWebhookSecret,
  TopicClient,
  TopicConfigurations,
} from '@gomomento/sdk';
import { is, provider, quiet, scene } from './server.mjs';

const here = scene();
const URL = 'https://example.com/hook';

let client;
before(() => {
  const configuration = TopicConfigurations.Default.latest(quiet);
  client = new TopicClient({ configuration, credentialProvider: provider() });
});
after(() => client.close?.());

const put = (name, url = URL) =>
  client.putWebhook(here.cache, name, { topicName: 'orders', destination: url });

test('a webhook is created, listed, changed and deleted', async () => {
  const made = is(await put('orders'), PutWebhook.Success);
  const changed = is(await put('orders', `${URL}/2`), PutWebhook.Success);
  const [listed] = is(await client.listWebhooks(here.cache), ListWebhooks.Success).getWebhooks();
  is(await client.deleteWebhook(here.cache, 'orders'), DeleteWebhook.Success);
  const left = is(await client.listWebhooks(here.cache), ListWebhooks.Success).getWebhooks();

  assert.match(made.secretString(), /^whsec_/);
  assert.equal(changed.secretString(), made.secretString());
  assert.deepEqual(
    [listed.id, listed.topicName, listed.destination.url()],
    [{ cacheName: here.cache, webhookName: 'orders' }, 'orders', `${URL}/2`]
  );
  assert.equal(left.length, 0);
});

test('a secret is asked for, and rotated', async () => {
  const made = is(await put('secret'), PutWebhook.Success);
  const asked = is(await client.getWebhookSecret(here.cache, 'secret'), GetWebhookSecret.Success);
  const rotated = is(
    await client.rotateWebhookSecret(here.cache, 'secret'),
    RotateWebhookSecret.Success
  );
  const again = is(await client.getWebhookSecret(here.cache, 'secret'), GetWebhookSecret.Success);

  assert.equal(asked.secret(), made.secretString());
  assert.deepEqual([asked.cacheName(), asked.webhookName()], [here.cache, 'secret']);
  assert.notEqual(rotated.secret(), made.secretString());
  assert.equal(again.secret(), rotated.secret());
});

test('what is wrong or missing is refused with its code', async () => {
  const url = is(await put('wrong', 'ftp://example.com'), PutWebhook.Error);
  const gone = is(await client.deleteWebhook(here.cache, 'nothing'), DeleteWebhook.Error);

  assert.equal(url.errorCode(), MomentoErrorCode.INVALID_ARGUMENT_ERROR);
  assert.match(url.message(), /url must be/);
  assert.equal(gone.errorCode(), MomentoErrorCode.CACHE_NOT_FOUND_ERROR);
});

// Whether anybody is there: the client for browsers has a method for that.

import { test } from 'node:test';
import { open, providerWith } from '../javascript/server.mjs';

test('a ping is answered, and needs no token', async () => {
  const nobody = await open(providerWith('not.a.token'));

  await nobody.ping();
  nobody.close();
});

// Dictionaries.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CacheDictionaryFetch,
  CacheDictionaryGetField,
  CacheDictionaryGetFields,
  CacheDictionaryIncrement,
  CacheDictionaryLength,
  CacheDictionaryRemoveField,
  CacheDictionaryRemoveFields,
  CacheDictionarySetField,
  CacheDictionarySetFields,
  FailedPreconditionError,
} from '@gomomento/sdk';
import { is, isError, newKey, scene, valueOf } from './server.mjs';

const here = scene();
const BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);

const fetch = async name => valueOf(await here.client.dictionaryFetch(here.cache, name));

async function make(fields) {
  const name = newKey();
  const made = await here.client.dictionarySetFields(here.cache, name, fields);
  is(made, CacheDictionarySetFields.Success);
  return name;
}

for (const value of [new Uint8Array(), BYTES, new Uint8Array(100_000).fill(7)]) {
  test(`a field comes back: ${value.length} bytes`, async () => {
    const name = newKey();

    const written = await here.client.dictionarySetField(here.cache, name, BYTES, value);
    const got = await here.client.dictionaryGetField(here.cache, name, BYTES);

    is(written, CacheDictionarySetField.Success);
    const read = is(got, CacheDictionaryGetField.Hit).valueUint8Array();
    assert.deepEqual(Buffer.from(read), Buffer.from(value));
  });
}

test('fields come back together', async () => {
  const fields = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, `v${i}`]));

  assert.deepEqual(await fetch(await make(fields)), fields);
});

test('what is not there is a miss', async () => {
  const name = newKey();

  is(await here.client.dictionaryFetch(here.cache, name), CacheDictionaryFetch.Miss);
  is(await here.client.dictionaryGetField(here.cache, name, 'f'), CacheDictionaryGetField.Miss);
  is(
    await here.client.dictionaryGetFields(here.cache, name, ['f']),
    CacheDictionaryGetFields.Miss
  );
  is(await here.client.dictionaryLength(here.cache, name), CacheDictionaryLength.Miss);
});

test('each field is answered where it was asked for', async () => {
  const name = await make({ a: '1', c: '3' });

  const asked = await here.client.dictionaryGetFields(here.cache, name, ['c', 'b', 'a']);

  const responses = is(asked, CacheDictionaryGetFields.Hit).responses;
  is(responses[1], CacheDictionaryGetField.Miss);
  assert.deepEqual(
    responses.map(response => response.value()),
    ['3', undefined, '1']
  );
  assert.deepEqual(asked.value(), { a: '1', c: '3' });
});

test('a field that is written again is replaced, and others stay', async () => {
  const name = await make({ a: 'a long first value', b: '2' });

  await here.client.dictionarySetFields(here.cache, name, new Map([['a', '1']]));

  assert.deepEqual(await fetch(name), { a: '1', b: '2' });
});

test('removed fields are gone', async () => {
  const name = await make({ a: '1', b: '2', c: '3' });

  is(
    await here.client.dictionaryRemoveField(here.cache, name, 'a'),
    CacheDictionaryRemoveField.Success
  );
  is(
    await here.client.dictionaryRemoveFields(here.cache, name, ['b', 'never there']),
    CacheDictionaryRemoveFields.Success
  );

  assert.deepEqual(await fetch(name), { c: '3' });
});

test('a dictionary without fields is gone', async () => {
  const name = await make({ a: '1', b: '2' });

  await here.client.dictionaryRemoveFields(here.cache, name, ['a', 'b']);

  is(await here.client.dictionaryFetch(here.cache, name), CacheDictionaryFetch.Miss);
  assert.equal((await here.client.keyExists(here.cache, name)).exists(), false);
});

test('the length is the number of fields', async () => {
  const name = await make({ a: '1', b: '2', c: '3' });

  const answer = await here.client.dictionaryLength(here.cache, name);

  assert.equal(is(answer, CacheDictionaryLength.Hit).length(), 3);
});

test('increment counts up and down', async () => {
  const name = newKey();
  const values = [];
  for (const amount of [1, 41, -1042, 0]) {
    const counted = await here.client.dictionaryIncrement(here.cache, name, 'n', amount);
    values.push(is(counted, CacheDictionaryIncrement.Success).value());
  }

  assert.deepEqual(values, [1, 42, -1000, -1000]);
  assert.deepEqual(await fetch(name), { n: '-1000' });
});

test('increment refuses what is no number', async () => {
  const name = await make({ n: 'hello, world!' });

  const refused = await here.client.dictionaryIncrement(here.cache, name, 'n', 1);

  isError(refused, FailedPreconditionError);
  assert.deepEqual(await fetch(name), { n: 'hello, world!' });
});

// Sets. The package exports no classes for the answers to setLength and setPop.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CacheSetAddElement,
  CacheSetAddElements,
  CacheSetContainsElement,
  CacheSetContainsElements,
  CacheSetFetch,
  CacheSetRemoveElement,
  CacheSetRemoveElements,
  CacheSetSample,
} from '@gomomento/sdk';
import { is, newKey, scene, valueOf } from './server.mjs';

const here = scene();
const LETTERS = ['a', 'b', 'c', 'd', 'e'];

const fetch = async name => valueOf(await here.client.setFetch(here.cache, name))?.sort();
const exists = async name => (await here.client.keyExists(here.cache, name)).exists();

async function make(elements = LETTERS) {
  const name = newKey();
  is(await here.client.setAddElements(here.cache, name, elements), CacheSetAddElements.Success);
  return name;
}

test('an element is in it once', async () => {
  const name = await make(['a', 'b', 'a']);

  is(await here.client.setAddElement(here.cache, name, 'b'), CacheSetAddElement.Success);
  is(await here.client.setAddElement(here.cache, name, 'c'), CacheSetAddElement.Success);

  assert.deepEqual(await fetch(name), ['a', 'b', 'c']);
});

test('any bytes come back', async () => {
  const name = newKey();
  const element = Uint8Array.from({ length: 256 }, (_, i) => i);

  await here.client.setAddElement(here.cache, name, element);

  const fetched = is(await here.client.setFetch(here.cache, name), CacheSetFetch.Hit);
  assert.deepEqual(
    [...fetched.valueSetUint8Array()].map(each => Buffer.from(each)),
    [Buffer.from(element)]
  );
});

test('nothing is a miss', async () => {
  const name = newKey();

  is(await here.client.setFetch(here.cache, name), CacheSetFetch.Miss);
  assert.equal((await here.client.setLength(here.cache, name)).type, 'Miss');
  is(await here.client.setSample(here.cache, name, 1), CacheSetSample.Miss);
  assert.equal((await here.client.setPop(here.cache, name, 1)).type, 'Miss');
  is(await here.client.setContainsElement(here.cache, name, 'a'), CacheSetContainsElement.Miss);
  is(await here.client.setContainsElements(here.cache, name, ['a']), CacheSetContainsElements.Miss);
  is(await here.client.setRemoveElement(here.cache, name, 'a'), CacheSetRemoveElement.Success);
});

test('removed elements are gone, and with the last the set', async () => {
  const name = await make();

  is(await here.client.setRemoveElement(here.cache, name, 'a'), CacheSetRemoveElement.Success);
  const removed = await here.client.setRemoveElements(here.cache, name, ['b', 'c', 'never there']);
  is(removed, CacheSetRemoveElements.Success);
  assert.deepEqual(await fetch(name), ['d', 'e']);

  await here.client.setRemoveElements(here.cache, name, LETTERS);
  assert.equal(await exists(name), false);
});

test('contains is answered where it was asked', async () => {
  const name = await make(['a', 'c']);

  const one = await here.client.setContainsElement(here.cache, name, 'b');
  const several = await here.client.setContainsElements(here.cache, name, ['c', 'b', 'a']);

  assert.equal(is(one, CacheSetContainsElement.Hit).containsElement(), false);
  assert.deepEqual(is(several, CacheSetContainsElements.Hit).containsElements(), {
    a: true,
    b: false,
    c: true,
  });
});

test('the length is the number of elements', async () => {
  const answer = await here.client.setLength(here.cache, await make());

  assert.equal(answer.length(), 5, answer.toString());
});

for (const limit of [0, 1, 3, 5, 6]) {
  test(`a sample of ${limit} is distinct and changes nothing`, async () => {
    const name = await make();

    const sample = is(await here.client.setSample(here.cache, name, limit), CacheSetSample.Hit);

    const elements = sample.valueArray();
    assert.equal(elements.length, Math.min(limit, 5));
    assert.equal(new Set(elements).size, elements.length);
    assert.ok(elements.every(element => LETTERS.includes(element)));
    assert.deepEqual(await fetch(name), LETTERS);
  });
}

for (const count of [1, 3, 5, 6]) {
  test(`${count} that are popped are distinct and gone`, async () => {
    const name = await make();

    const elements = valueOf(await here.client.setPop(here.cache, name, count));

    assert.equal(new Set(elements).size, Math.min(count, 5));
    const left = LETTERS.filter(element => !elements.includes(element));
    assert.deepEqual((await fetch(name)) ?? [], left);
    assert.equal(await exists(name), left.length > 0);
  });
}

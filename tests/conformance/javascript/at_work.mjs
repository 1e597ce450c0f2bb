// Momento's client as its documentation shows it, at work until the standard input ends. Each line
// of the input is answered with the number of requests made so far. What was answered otherwise than
// it should be is printed as JSON. An item that is gone is no failure.

import { CacheClient, Configurations, CredentialProvider } from '@gomomento/sdk';

const CACHE = 'default-cache';
const TASKS = 4;
const PAUSE_MS = 2;
const done = { data: 0, control: 0 };
const failures = [];
let ending = false;

const client = await CacheClient.create({
  configuration: Configurations.Laptop.v1(),
  credentialProvider: CredentialProvider.fromEnvVarV2(),
  defaultTtlSeconds: 60,
});

const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

function judge(kind, answer) {
  done[kind] += 1;
  if (answer.type === 'Error') failures.push(`${kind}: ${answer.toString()}`);
}

async function work(key) {
  while (!ending) {
    await pause(PAUSE_MS);
    judge('data', await client.set(CACHE, key, 'v'.repeat(300)));
    judge('data', await client.get(CACHE, key));
  }
}

async function control() {
  while (!ending) {
    judge('control', await client.listCaches());
    await pause(10 * PAUSE_MS);
  }
}

process.stdin.on('data', () => console.log(done.data + done.control));
process.stdin.on('end', () => (ending = true));
const all = Array.from({ length: TASKS }, (_, number) => work(`node-${number}`));
console.log('at work');
await Promise.all([...all, control()]);
client.close();
console.log(JSON.stringify({ done, failures: failures.slice(0, 50), failed: failures.length }));

// `node:test` and `node:assert/strict` as far as the tests about topics need them, in a page.

const tests = [];
const befores = [];
const afters = [];

export const before = body => befores.push(body);
export const after = body => afters.push(body);

export function test(name, ...rest) {
  const body = rest.pop();
  const { skip = false } = rest.pop() ?? {};
  if (!skip) tests.push({ name, body });
}

/** Run all tests, one after the other; which were run, and what those said that failed. */
export async function run() {
  const failures = {};
  for (const body of befores) await body();
  for (const { name, body } of tests) {
    try {
      await body();
    } catch (error) {
      failures[name] = `${error.message}\n${error.stack}`;
    }
  }
  for (const body of afters) await body();
  return { ran: tests.map(({ name }) => name), failures };
}

/** What two values that are equal both are: plain ones and bytes are all that is compared. */
const shown = value =>
  JSON.stringify(value, (_, each) =>
    each instanceof Uint8Array ? ['bytes', ...each] : each === undefined ? 'undefined' : each
  );

function ok(value, message = `${value} is not true`) {
  if (!value) throw new Error(message);
}

const deepEqual = (found, expected, message = '') =>
  ok(shown(found) === shown(expected), `${message} ${shown(found)} is not ${shown(expected)}`);

export default { ok, deepEqual, equal: deepEqual };

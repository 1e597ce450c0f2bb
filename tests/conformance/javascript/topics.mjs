// Topics as the tests use them: clients that are closed at the end, and what a subscription gets.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { TopicClient, TopicConfigurations, TopicPublish, TopicSubscribe } from '@gomomento/sdk';
import { is, provider, quiet } from './server.mjs';

let names = 0;

/** A topic that no other test uses. */
export const newTopic = () => `topic-${(names += 1)}`;

/** The key within a v1 token. */
export const keyOf = token => JSON.parse(atob(token)).api_key;

/** What a subscription receives, as it comes, and what ends it. */
class Inbox {
  #waiting = [];
  items = [];
  discontinuities = [];
  heartbeats = 0;
  error = undefined;

  callbacks() {
    return {
      onItem: item => this.#arrived(() => this.items.push(item)),
      onDiscontinuity: each => this.#arrived(() => this.discontinuities.push(each)),
      onHeartbeat: () => this.#arrived(() => (this.heartbeats += 1)),
      onError: error => this.#arrived(() => (this.error = error)),
    };
  }

  /** Wait until what was received is so. */
  until(isSo) {
    if (isSo(this)) return Promise.resolve(this);
    return new Promise(resolve => this.#waiting.push({ isSo, resolve }));
  }

  /** The values of the first messages. */
  async values(count) {
    await this.until(({ items, error }) => items.length >= count || error !== undefined);
    assert.equal(this.error?.toString(), undefined);
    return this.items.map(item => item.value());
  }

  #arrived(change) {
    change();
    for (const each of this.#waiting.splice(0)) {
      if (each.isSo(this)) each.resolve(this);
      else this.#waiting.push(each);
    }
  }
}

/** Calls about the topics of a scene's cache: by its first client, unless another one is named. */
export function topicScene(here) {
  const opened = [];
  after(() => {
    for (const each of opened) each.close?.();
  });

  function topics(credentialProvider = provider()) {
    const configuration = TopicConfigurations.Default.latest(quiet);
    const client = new TopicClient({ configuration, credentialProvider });
    opened.push(client);
    return client;
  }

  /** Subscribe, which must succeed. */
  async function subscribe(topic, by = opened[0], cache = here.cache) {
    const inbox = new Inbox();
    const answer = await by.subscribe(cache, topic, inbox.callbacks());
    inbox.subscription = is(answer, TopicSubscribe.Subscription);
    return inbox;
  }

  async function publish(topic, value, by = opened[0], cache = here.cache) {
    is(await by.publish(cache, topic, value), TopicPublish.Success);
  }

  return { publish, subscribe, topics };
}

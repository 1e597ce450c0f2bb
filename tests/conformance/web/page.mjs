// A page as far as the client for browsers needs one: jsdom's XMLHttpRequest, which asks as a page
// of another origin, preflight included. The tests are those of the client for Node.js: their
// names of methods and answers are the same, so what they import is led here.

import dns from 'node:dns';
import { register } from 'node:module';
import { JSDOM } from 'jsdom';
import HttpRequest from 'jsdom/lib/jsdom/living/helpers/http-request.js';

// A browser tells a page that an answer has broken off; jsdom forgets that.
const { emit } = HttpRequest.prototype;
HttpRequest.prototype.emit = function (event, ...said) {
  this.isWhole ||= event === 'end';
  if (event === 'close' && !this.isWhole && this.listenerCount('error') > 0) {
    emit.call(this, 'error', new Error('the answer has broken off'));
  }
  return emit.call(this, event, ...said);
};

const { window } = new JSDOM('', { url: 'https://page.example/' });

globalThis.XMLHttpRequest = window.XMLHttpRequest;
globalThis.navigator ??= window.navigator;

// Names under `localhost` are this machine (RFC 6761), which browsers know.
const lookup = dns.lookup;
dns.lookup = (name, ...rest) =>
  lookup(name.endsWith('.localhost') ? '127.0.0.1' : name, ...rest);

register('./resolve.mjs', import.meta.url);

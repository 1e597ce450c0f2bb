// Names under `localhost` are this machine (RFC 6761). Browsers and gRPC's C core know that; Node
// asks the system, which may not. This is what a line in the hosts file would do.

import dns from 'node:dns';

const lookup = dns.promises.lookup;

dns.promises.lookup = (name, options) =>
  lookup(name.endsWith('.localhost') ? '127.0.0.1' : name, options);

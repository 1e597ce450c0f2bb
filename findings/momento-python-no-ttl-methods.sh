#!/bin/sh
# findings/momento-python-no-ttl-methods.sh: how long an item still lives, by Momento's SDKs.
#
# Programs:  momento 1.29.1 (PyPI), @gomomento/sdk 1.118.1 (npm).
# Guess:     two SDKs of one service, both current, offer the same methods about items: what the one
#            for Node.js calls `itemGetTtl`, `updateTtl`, `increaseTtl` and `decreaseTtl`, the one
#            for Python has, too.
# Behaviour: the one for Python has no method about the time to live of an item, in neither of its
#            clients; the protocol messages it carries have all of them.
# Matters:   a program in Python that copies items cannot keep their time to live by the SDK.
#
# Installs the packages in a temporary folder, and fails if what is seen is another thing.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --ignore-scripts --no-audit --no-fund @gomomento/sdk@1.118.1
node - <<'JAVASCRIPT'
const {CacheClient} = require('@gomomento/sdk');
let methods = [];
for (let type = CacheClient.prototype; type !== Object.prototype; type = Object.getPrototypeOf(type)) {
  methods = methods.concat(Object.getOwnPropertyNames(type));
}
const found = [...new Set(methods)].filter(name => /^(itemGet|update|increase|decrease)Ttl$/.test(name)).sort();
console.log(`@gomomento/sdk 1.118.1: ${found.join(' ')}`);
if (found.length !== 4) process.exit(1);
JAVASCRIPT

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check momento==1.29.1
venv/bin/python - <<'PYTHON'
from momento import CacheClient, CacheClientAsync
from momento_wire_types import cacheclient_pb2

clients = (CacheClient, CacheClientAsync)
methods = sorted({name for each in clients for name in dir(each) if "ttl" in name.lower()})
messages = sorted(name for name in dir(cacheclient_pb2) if name in ("_ItemGetTtlRequest", "_UpdateTtlRequest"))
print(f"momento 1.29.1: methods {methods}, messages {messages}")
assert methods == [] and len(messages) == 2
PYTHON

#!/bin/sh
# findings/momento-endpoint-overrides.sh: how Momento's SDK for Node.js is told another host.
#
# Program:   @gomomento/sdk-core 1.86.0, 1.93.0 and 1.118.1 (npm), the part of the SDK that reads
#            `endpointOverrides`.
# Guess:     an option that takes three host names does so in all releases of one major version, and
#            one that a release does not take is refused.
# Behaviour: 1.86.0 and 1.118.1 take text, 1.93.0 between them an object, `{endpoint: …}`. None
#            refuses the other's form: the wrong one gives an endpoint that is `undefined`, or an
#            object, and fails later, in a channel ("Channel target must be a string").
# Matters:   who pins an SDK and points it at a proxy or a server of their own must know its form.
#
# Installs the packages in a temporary folder, and fails if what is seen is another thing.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >look.cjs <<'JAVASCRIPT'
const {CredentialProvider} = require('@gomomento/sdk-core');
const apiKey = Buffer.from('{"endpoint":"host","api_key":"key"}').toString('base64');
const kind = form => {
  const endpointOverrides = {cacheEndpoint: form, controlEndpoint: form, tokenEndpoint: form};
  const endpoint = CredentialProvider.fromString({apiKey, endpointOverrides}).getCacheEndpoint();
  return endpoint === undefined ? 'undefined' : JSON.stringify(endpoint);
};
console.log(`text: ${kind('own:8443')}, object: ${kind({endpoint: 'own:8443'})}`);
JAVASCRIPT

failed=0
look() {
    npm install --silent --no-save --ignore-scripts --no-audit --no-fund "@gomomento/sdk-core@$1"
    seen=$(node look.cjs)
    echo "$1  $seen"
    [ "$seen" = "$2" ] || { echo "     $2 was expected" && failed=1; }
}
look 1.86.0 'text: "own:8443", object: {"endpoint":"own:8443"}'
look 1.93.0 'text: undefined, object: "own:8443"'
look 1.118.1 'text: "own:8443", object: {"endpoint":"own:8443"}'
exit $failed

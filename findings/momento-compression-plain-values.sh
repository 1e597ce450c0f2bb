#!/bin/sh
# findings/momento-compression-plain-values.sh: a value that nobody compressed, read with compression.
#
# Program:   @gomomento/sdk-nodejs-compression 0.75.0 (npm), with @gomomento/sdk 1.75.0.
# Guess:     `decompressIfCompressed` tells by its first bytes whether a value is compressed, hands a
#            plain one back, and says nothing, since that is the ordinary case while a cache is
#            switched to compression.
# Behaviour: it tries, and hands back what failed: each read of a plain value is a line of level
#            ERROR, "Failed to decompress buffer", though the value that the caller gets is right.
# Matters:   an alarm on ERROR rings for every item that was written before the switch.
#
# Installs the packages in a temporary folder, and fails if what is seen is another thing.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --ignore-scripts --no-audit --no-fund \
    @gomomento/sdk-nodejs-compression@0.75.0 @gomomento/sdk@1.75.0
cat >look.cjs <<'JAVASCRIPT'
const {CompressorFactory} = require('@gomomento/sdk-nodejs-compression');
const lines = [];
const note = level => text => lines.push(`${level} ${text.split(':')[0]}`);
const logger = {trace() {}, debug() {}, info: note('INFO'), warn: note('WARN'), error: note('ERROR')};
const compressor = CompressorFactory.default({getLogger: () => logger});
compressor.decompressIfCompressed(Buffer.from('plain')).then(value => {
  console.log(`${Buffer.from(value)}; ${lines.join(', ')}`);
});
JAVASCRIPT
seen=$(node look.cjs)
echo "$seen"
[ "$seen" = 'plain; ERROR Failed to decompress buffer' ]

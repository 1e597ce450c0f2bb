#!/bin/sh
# setup/console.sh: fetches what the console's pages load, by the checksums of setup/console, and puts
# it where the wheel takes it from. It uses npm; a machine without it gets one into .venv.
set -eu

if ! command -v npm >/dev/null; then
    setup/program.sh node setup/node.txt
    PATH=$PWD/.venv/programs/node/bin:$PATH
fi
(cd setup/console && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
static=python/attimo/console/static
cp setup/console/node_modules/htmx.org/dist/htmx.min.js $static/
cp setup/console/node_modules/uplot/dist/uPlot.min.css $static/uplot.min.css
# Its licence asks to be beside it.
{ printf '/*!\n'; cat setup/console/node_modules/uplot/LICENSE; printf '\n*/\n'; cat setup/console/node_modules/uplot/dist/uPlot.iife.min.js; } >$static/uplot.min.js

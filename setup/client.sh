#!/bin/sh
# setup/client.sh STAMP NAME FOLDER "TOOLS" COMMAND…: fetches a client, or a program on one, by a
# command in its folder, and leaves STAMP. What a machine lacks is not installed but said, here and
# by the tests, which then do not judge it.
set -eu

stamp=$PWD/$1 name=$2 folder=$3 tools=$4
shift 4
for tool in $tools; do
    if ! command -v "$tool" >/dev/null; then
        printf '\033[1m==>\033[0m NOT JUDGED: %s needs `%s`\n' "$name" "$tool" >&2
        exit 0
    fi
done
printf '\033[1m==>\033[0m Fetching %s\n' "$name"
cd "$folder"
if "$@"; then
    touch "$stamp"
else
    printf '\033[1m==>\033[0m NOT JUDGED: %s could not be fetched\n' "$name" >&2
fi

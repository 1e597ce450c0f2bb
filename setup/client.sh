#!/bin/sh
# setup/client.sh STAMP LANGUAGE FOLDER "TOOLS" COMMAND…: fetches Momento's client for a language by
# a command in its folder, and leaves STAMP. What a machine lacks is not installed but said, here
# and by the tests, which then do not judge that client.
set -eu

stamp=$PWD/$1 language=$2 folder=$3 tools=$4
shift 4
for tool in $tools; do
    if ! command -v "$tool" >/dev/null; then
        printf '\033[1m==>\033[0m NOT JUDGED: the %s client needs `%s`\n' "$language" "$tool" >&2
        exit 0
    fi
done
printf '\033[1m==>\033[0m Fetching Momento'\''s %s client\n' "$language"
cd "$folder"
if "$@"; then
    touch "$stamp"
else
    printf '\033[1m==>\033[0m NOT JUDGED: the %s client could not be fetched\n' "$language" >&2
fi

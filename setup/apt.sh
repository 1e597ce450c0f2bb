#!/bin/sh
# setup/apt.sh PURPOSE COMMAND=PACKAGE…: installs Debian's packages whose commands are missing.
set -eu

# Debian puts servers where an ordinary user's shell does not look.
PATH=$PATH:/usr/sbin
purpose=$1
shift
missing=
for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || missing="$missing ${pair#*=}"
done
[ -n "$missing" ] || exit 0

line="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    printf 'error: %s needs packages of Debian; type this first: sudo %s\n' "$purpose" "$line" >&2
    exit 1
fi
printf '\033[1m==>\033[0m Installing for %s:%s\n' "$purpose" "$missing"
# One at a time: apt-get fails where another one runs.
exec 9>/tmp/attimo-apt.lock
flock 9
apt-get update -q
DEBIAN_FRONTEND=noninteractive $line

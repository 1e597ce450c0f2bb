"""docs/how-to/migrate.md: its lines and its program, with real servers to migrate from."""

import re
import subprocess
import sys
from pathlib import Path

import valkey as client

from docs.typed import DOCS, blocks
from e2e.terminal import Terminal
from harness import Server
from ports import LOCALHOST
from valkey_server import valkey

PAGE = DOCS / "how-to" / "migrate.md"


def test_the_lines_about_redis_and_about_files(terminal: Terminal, server: Server) -> None:
    terminal.type("cache", "delete", "sessions", "--yes")
    path = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    with valkey() as port:
        with client.Valkey(port=port) as store:
            store.set("session:9", "Bob")
            store.hset("session:10", mapping={"name": "Eve"})
            store.set("other", "not moved")
        lines = "\n".join(block.typed for block in blocks(PAGE))
        lines = lines.replace("localhost:6379", f"{LOCALHOST}:{port}")
        done = subprocess.run(
            [
                "bash",
                "-euo",
                "pipefail",
                "-c",
                lines.replace("localhost:6379", f"{LOCALHOST}:{port}"),
            ],
            env=dict(terminal.environment()) | path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done
    assert done.stderr.splitlines() == [
        "Created the cache 'sessions'.",
        "Would have imported 2 items.",
        "Imported 2 items, 0 differ from the cache.",
        "Imported 5 items, 0 differ from the cache.",
    ]
    found = terminal.type("get", "session:9", "session:1", "other", "--cache", "sessions")
    assert found.printed == b"session:9\tBob\nsession:1\tAda\n"


def test_without_its_package_an_import_says_the_line_of_the_page(
    terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "valkey.py").write_text("raise ImportError")
    terminal.variables["PYTHONPATH"] = str(tmp_path)

    answer = terminal.type("cache", "import", "default-cache", "redis://localhost", "--dry-run")

    (line,) = re.findall(r"^pip install .*$", PAGE.read_text(), re.M)
    assert answer.status == 2
    assert f": {line}. " in answer.error


def test_the_program_that_reads_with_the_sdk(terminal: Terminal, server: Server) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.S | re.M)
    terminal.do("cache", "create", "sessions", "--if-not-exists")
    terminal.do("set", "moved", "-", "--cache", "sessions", given=b"\xff")
    exports = re.findall(r"^export (\w+)='?(.*?)'?$", terminal.do("env"), re.M)

    done = subprocess.run(
        [sys.executable, "-c", program],
        input=b"moved\nmissing\n",
        env=dict(terminal.environment()) | dict(exports),
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done
    terminal.do("del", "moved", "--cache", "sessions")
    told = terminal.do("cache", "import", "sessions", "-", "--verify", "--json", given=done.stdout)
    assert '"imported": 1' in told
    assert terminal.type("get", "moved", "--cache", "sessions").printed == b"\xff"

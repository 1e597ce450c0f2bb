"""Stock clients in programs of their own, at work until they are told to end."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faults.watching import eventually
from harness import bare_environment

STOCK = Path(__file__).parent / "stock"
JAVASCRIPT = Path(__file__).parents[1] / "conformance" / "javascript"
PYTHON_SDK = (sys.executable, str(STOCK / "python_sdk.py"))
NODE_SDK = ("node", "--import", "./localhost.mjs", "at_work.mjs")
END_SECONDS = 60.0


@dataclass
class Program:
    """One that is at work."""

    process: "subprocess.Popen[str]"
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """How many requests it has made, once it has ended."""
        return sum(self.told["done"].values())

    def makes(self, requests: int) -> None:
        """Wait until it has made so many more, however busy the machine is."""
        wanted = self._done_so_far() + requests
        eventually(lambda: self._done_so_far() >= wanted, "a program goes on making requests")

    def _done_so_far(self) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("done?\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def at_work(data_dir: Path, *commands: Sequence[str]) -> Iterator[list[Program]]:
    """Let programs work on the server of a data directory; read what they say at their end."""
    owner = json.loads((data_dir / "credentials.json").read_text())
    environment = bare_environment() | {
        "MOMENTO_API_KEY": owner["api_key"],
        "MOMENTO_ENDPOINT": owner["endpoint"],
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": owner["ca"],
    }
    programs = [
        Program(
            subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=JAVASCRIPT,
                env=environment,
            )
        )
        for words in commands
    ]
    try:
        for program in programs:
            assert program.process.stdout is not None
            assert program.process.stdout.readline() == "at work\n"
        yield programs
        for program in programs:
            said, _ = program.process.communicate(timeout=END_SECONDS)
            program.told = json.loads(said)
    finally:
        for program in programs:
            program.process.kill()
            program.process.communicate()

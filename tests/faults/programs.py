"""Stock clients in programs of their own, at work until they are told to end."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import bare_environment

STOCK = Path(__file__).parent / "stock"
JAVASCRIPT = Path(__file__).parents[1] / "conformance" / "javascript"
PYTHON_SDK = (sys.executable, str(STOCK / "python_sdk.py"))
NODE_SDK = ("node", "--import", "./localhost.mjs", "at_work.mjs")
END_SECONDS = 60.0


@dataclass
class Program:
    """One that is at work."""

    words: Sequence[str]
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """How many requests it has made, once it has ended."""
        return sum(self.told["done"].values())


@contextmanager
def at_work(data_dir: Path, *commands: Sequence[str]) -> Iterator[list[Program]]:
    """Let programs work on the server of a data directory; read what they say at their end."""
    owner = json.loads((data_dir / "credentials.json").read_text())
    environment = bare_environment() | {
        "MOMENTO_API_KEY": owner["api_key"],
        "MOMENTO_ENDPOINT": owner["endpoint"],
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": owner["ca"],
    }
    programs = [Program(words) for words in commands]
    running = [
        subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=JAVASCRIPT,
            env=environment,
        )
        for words in commands
    ]
    try:
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "at work\n"
        yield programs
        for program, process in zip(programs, running, strict=True):
            said, _ = process.communicate(timeout=END_SECONDS)
            program.told = json.loads(said)
    finally:
        for process in running:
            process.kill()
            process.communicate()

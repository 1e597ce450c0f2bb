"""A person's terminal: types `attimo …` and reads what comes back."""

import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness import attimo, bare_environment


@dataclass(frozen=True)
class Answer:
    """What a command printed, and how it ended: 0 done, 1 miss, 2 usage, 3 denied, 4 not found, 5
    unreachable, 6 failed."""

    status: int
    printed: bytes
    error: str

    @property
    def text(self) -> str:
        return self.printed.decode()


@dataclass
class Terminal:
    """A shell with a home of its own, and variables that stay set."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    def type(self, *words: str, given: bytes = b"") -> Answer:
        """Run a command and wait for its end."""
        done = subprocess.run(
            [*attimo(), *words],
            input=given,
            capture_output=True,
            env=self.environment(),
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr.decode())

    def do(self, *words: str, given: bytes = b"") -> str:
        """Run a command that must succeed, without a hint on standard error."""
        answer = self.type(*words, given=given)
        assert answer.status == 0, (words, answer)
        assert "attimo:" not in answer.error, (words, answer)
        return answer.text

    def has_life(self, key: str, seconds: int, since: float, *words: str) -> bool:
        """Whether an item that was given a life since a moment has what is left of it now."""
        left = int(self.do("ttl", key, *words))
        return seconds - (time.monotonic() - since) - 1 <= left <= seconds

    def environment(self) -> Mapping[str, str]:
        """The variables of a command."""
        own = {"HOME": str(self.home), "COLUMNS": "100"}
        return bare_environment() | own | self.variables

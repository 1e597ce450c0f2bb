"""Strangers at the doors that are open to everybody, each from a network of its own: a program.

It asks in crowds until its input ends, and then tells when each answer came, and which. It is a
process of its own, so that it takes no time from a client beside it; the two have one clock.
"""

import io
import json
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from attacks.crowd import Answer, crowd, handles
from conformance.edge.http1 import request

PASSWORD = "long enough password"  # noqa: S105
FIRST, SECOND = 100, 250
"""Loopback has 2^24 addresses, and each of these is in a /24 of its own."""


@dataclass
class Strangers:
    """A crowd that asks, and the answers that it has had."""

    answers: list[Answer] = field(default_factory=list)
    said: IO[str] = field(default_factory=io.StringIO)

    def are_answered(self) -> bool:
        """Whether the first crowd has had its answers; true once."""
        ready, _, _ = select.select([self.said], [], [], 0)
        return bool(ready) and self.said.readline() == "answered\n"

    def served(self, since: float, until: float) -> int:
        """How many were certainly served then: whoever is told to come again cost nothing."""
        served = (each for each in self.answers if each.status not in (429, 503))
        return sum(since <= each.after and each.by <= until for each in served)


@contextmanager
def strangers(address: tuple[str, int], path: str, size: int) -> Iterator[Strangers]:
    """Let crowds of this size ask at `path`, one after another, until the end of the block."""
    words = [sys.executable, "-m", "attacks.strangers", *map(str, address), path, str(size)]
    process = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "asking\n"
        found = Strangers(said=process.stdout)
        yield found
        said, _ = process.communicate()
    assert process.returncode == 0
    found.answers = [Answer(*each) for each in json.loads(said.splitlines()[-1])]


def wanted(path: str, number: int) -> dict[str, str]:
    """What a stranger asks for at a door; nobody asks for what another has asked for."""
    email = f"stranger-{number}@example.com"
    return {
        "/session": {"email": email, "password": PASSWORD},
        "/signup": {"email": email, "password": PASSWORD},
        "/password/forgotten": {"email": email},
        "/password/reset": {"token": f"t{number}", "password": PASSWORD},
        "/invitations/accept": {"token": f"t{number}", "password": PASSWORD},
    }[path]


def said(path: str, number: int) -> bytes:
    """The whole request of a stranger."""
    body = json.dumps(wanted(path, number)).encode()
    length = f"Content-Length: {len(body)}".encode()
    return request(f"POST {path}", b"Content-Type: application/json", length, body=body)


def main(host: str, port: str, path: str, size: str) -> None:
    """Ask until the input ends."""
    answers: list[Answer] = []
    came = 0
    with handles(int(size)) as count:
        print("asking", flush=True)
        while not select.select([sys.stdin], [], [], 0)[0]:
            numbers = range(came, came + count)
            sources = [f"127.{FIRST + at // SECOND % FIRST}.{at % SECOND}.1" for at in numbers]
            says = [said(path, number) for number in numbers]
            with crowd((host, int(port)), says, b"\r\n\r\n", sources) as all_of_them:
                answers += all_of_them.answers
            if not came:
                print("answered", flush=True)
            came += count
    print(json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Requests that are repeated until the server answers, for commands that go on until Ctrl-C."""

import random
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from attimo.cli.shapes import printable
from attimo.errors import AttimoError

Answer = TypeVar("Answer")

FIRST_SECONDS = 0.1
MOST_SECONDS = 5.0
TOO_MANY_REQUESTS = 429


class Retrying:
    """Repeats what fails for a reason that passes, once something has succeeded.

    The first failure ends the command, as it does any other: the address may be wrong. A restart of
    the server, a network that is cut and a rate that is exceeded pass; what is refused does not.
    """

    def __init__(self) -> None:
        self._has_succeeded = False

    def __call__(self, ask: Callable[[], Answer]) -> Answer:
        """Ask until there is an answer, with pauses of up to five seconds.

        Raises:
            AttimoError: It is refused, or the first request fails.
        """
        pause, is_told = FIRST_SECONDS, False
        while True:
            try:
                answer = ask()
            except AttimoError as error:
                if not self._has_succeeded or not _passes(error):
                    raise
                if not is_told:
                    _tell(f"{error} (trying again until Ctrl-C)")
                is_told = True
            else:
                self._has_succeeded = True
                if is_told:
                    _tell("The server answers again")
                return answer
            # Clients of one server must not come back all at the same moment.
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
            pause = min(2 * pause, MOST_SECONDS)


def _passes(error: AttimoError) -> bool:
    return error.status >= 500 or error.status == TOO_MANY_REQUESTS


def _tell(words: str) -> None:
    print("attimo:", printable(words), file=sys.stderr)

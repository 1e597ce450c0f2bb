"""A person at a terminal of their own, who answers what a command asks."""

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time
from collections.abc import Sequence

from e2e.terminal import Answer, Terminal
from harness import attimo, bare_environment

LIMIT_SECONDS = 60


def talk(terminal: Terminal, answers: Sequence[tuple[str, str]], *words: str) -> Answer:
    """Run a command on a terminal; answer each prompt when it has come."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*attimo(), *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=bare_environment() | {"HOME": str(terminal.home), "TERM": "dumb"} | terminal.variables,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # passwords are read from /dev/tty
    ) as running:
        os.close(theirs)
        try:
            shown, seen = "", 0
            for prompt, said in answers:
                shown = _until(ours, shown, seen, prompt)
                seen = len(shown)
                os.write(ours, said.encode() + b"\n")
            shown = _until(ours, shown, seen, None)
            status = running.wait(LIMIT_SECONDS)
        except BaseException:
            running.kill()  # it may be one that goes on until it is ended
            raise
        finally:
            os.close(ours)
    return Answer(status, shown.replace("\r\n", "\n").encode(), "")


def _until(handle: int, shown: str, seen: int, prompt: str | None) -> str:
    """Read until a prompt, which is behind what was seen; without one, until the end."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while prompt is None or not re.search(re.escape(prompt), shown[seen:]):
        ready, _, _ = select.select([handle], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"no {prompt!r} in: {shown}"
        try:
            more = os.read(handle, 4096)
        except OSError:  # the other end is closed
            more = b""
        if not more:
            assert prompt is None, f"ended before {prompt!r}: {shown}"
            return shown
        shown += more.decode(errors="replace")
    return shown

"""A server whose place is taken by others, real ones or one that only speaks the protocol."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from attimo.serve.channel import Channel
from attimo.serve.handover import NAME, PROTOCOL
from harness import Server, attimo, bare_environment

END_SECONDS = 20.0
HEAR_SECONDS = 30.0


@contextmanager
def succession(data_dir: Path, *options: str, prefix: tuple[str, ...] = ()) -> Iterator["Line"]:
    """Servers of one data directory; the first one runs, and the last one is ended well."""
    with ExitStack() as stack:
        line = Line(data_dir, options, prefix, stack)
        line.begin()
        yield line


class Line:
    """Each server takes the place of the one before it.

    Attributes:
        servers: All of them, in their order.
    """

    def __init__(
        self, data_dir: Path, options: tuple[str, ...], prefix: tuple[str, ...], stack: ExitStack
    ) -> None:
        self.data_dir = data_dir
        self.options = options
        self.prefix = prefix
        self.servers: list[Server] = []
        self._stack = stack

    @property
    def now(self) -> Server:
        """The one that serves."""
        return self.servers[-1]

    def begin(self) -> None:
        """Start the first."""
        self.servers.append(self._stack.enter_context(self._new()))

    def replace(self, *options: str) -> Server:
        """Start another in the place of the last, and wait until that has ended."""
        before = self.now
        server = self._stack.enter_context(self._new("--replace", *options))
        self.servers.append(server)
        assert ended(before) == 0, before.output
        before.kill()
        return server

    def _new(self, *options: str) -> Server:
        return Server(*self.options, *options, data_dir=self.data_dir, prefix=self.prefix)


def ended(server: Server) -> int:
    """The exit status of a server that ends by itself."""
    process = server._process
    assert process is not None
    return process.wait(END_SECONDS)


class New:
    """The other side of the protocol, as a new server speaks it."""

    def __init__(self, data_dir: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(data_dir / NAME))
        self.channel = Channel(self.socket)

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        self.channel.say(message)
        return self.channel.hear(HEAR_SECONDS)

    def takes(self, *words: str) -> None:
        """Go so far, and be told at each step that it is done."""
        assert self.ask({"hello": PROTOCOL, "version": "next"})["welcome"] == PROTOCOL
        for word, answer in (("wants", "yielded"), ("serves", "leaves")):
            if word in words:
                assert self.ask({word: True}) == {answer: True}

    def takes_items(self) -> socket.socket:
        """Go to the end, and return where the items arrive."""
        self.takes("wants")
        ours, theirs = socket.socketpair()
        with theirs:
            self.channel.say({"serves": True, "items": True}, [theirs.fileno()])
            assert self.channel.hear(HEAR_SECONDS) == {"leaves": True, "items": True}
        return ours


@contextmanager
def new(data_dir: Path) -> Iterator[New]:
    """One that ends without a word."""
    made = New(data_dir)
    try:
        yield made
    finally:
        made.channel.close()


def starting(old: Server) -> subprocess.Popen[str]:
    """A server that begins to take the place of another."""
    return subprocess.Popen(
        [*attimo(), "serve", "--replace", "--data-dir", str(old.data_dir), *old.options],
        env=bare_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )

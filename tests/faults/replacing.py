"""A server whose place is taken by others, one after the other, while clients are at work."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness import Server

END_SECONDS = 20.0


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

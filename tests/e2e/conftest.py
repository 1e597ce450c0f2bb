"""A terminal that is pointed at a running server."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.terminal import Terminal
from harness import Server


@pytest.fixture
def terminal(server: Server, tmp_path: Path) -> Terminal:
    """A person on the server's machine."""
    return Terminal(tmp_path, {"ATTIMO_DATA_DIR": str(server.data_dir)})


@pytest.fixture
def stranger(tmp_path: Path) -> Terminal:
    """A person on another machine, who knows no server yet."""
    return Terminal(tmp_path)


@pytest.fixture
def cache(terminal: Terminal) -> Iterator[str]:
    """A new cache, which the commands about items use."""
    name = f"items-{uuid.uuid4().hex}"
    terminal.do("cache", "create", name)
    terminal.variables["ATTIMO_CACHE"] = name
    yield name
    terminal.do("cache", "delete", name, "--yes")

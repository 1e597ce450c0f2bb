"""What a child makes at the first start, whatever its parent is about at that moment."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from attimo import outlet
from attimo.data_directory import DataDirectory
from attimo.serve import first_start


@contextmanager
def a_line_on_its_way(stream: object) -> Iterator[None]:
    """Another thread has the lock of a stream, as the one does that has just written a line."""
    assert isinstance(stream, outlet.Stream)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with stream._outlet._changed:
            held.set()
            done.wait()

    writer = threading.Thread(target=hold)
    writer.start()
    held.wait()
    try:
        yield
    finally:
        done.set()
        writer.join()


@pytest.mark.timeout(60)
def test_it_does_not_wait_for_a_thread_that_only_the_parent_has(tmp_path: Path) -> None:
    home = DataDirectory(tmp_path / "data")
    home.prepare()
    with outlet.never_blocking(), a_line_on_its_way(sys.stdout), a_line_on_its_way(sys.stderr):
        made = first_start.make(home, home.database, source=None)

    assert made is not None
    assert made.is_first

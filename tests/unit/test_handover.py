"""What the old server does for the new one, and what the two make of each other's failures."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from attimo.errors import StoreUnavailable
from attimo.node.batches import Batch
from attimo.serve import handover
from attimo.serve.channel import Channel
from attimo.serve.handover import Handover, Successor
from attimo.serve.predecessor import Predecessor
from faults.replacing import new

Ends = tuple[socket.socket, socket.socket]


class Plane:
    """A control plane that cannot be closed at first."""

    def __init__(self) -> None:
        self.is_open_again = False

    def give_up(self) -> str | None:
        if not self.is_open_again:
            raise OSError("the disk is gone")
        return None

    def take_back(self) -> bool:
        self.is_open_again = True
        return True


def test_a_server_that_cannot_give_up_refuses_and_goes_on(tmp_path: Path) -> None:
    """A connection that just ends would mean that the server has ended."""
    plane, woken = Plane(), threading.Event()
    lock = os.open(tmp_path, os.O_RDONLY)
    server = Handover(tmp_path, lock, [], plane.give_up, plane.take_back, woken.set)
    server.start()

    with new(tmp_path) as other:
        other.takes()
        assert other.ask({"wants": True}).keys() == {"refused"}

    with new(tmp_path) as other:
        other.takes("wants", "serves")
        assert woken.wait(30)
    assert server.successor
    server.successor.channel.close()
    os.close(lock)


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Of the connection between two servers."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@contextmanager
def both(ends: Ends) -> Iterator[tuple[Successor, Predecessor]]:
    """The two sides of a socket for items, of which only the last byte is missing."""
    stream, theirs = socket.socketpair()
    with stream, theirs:
        new_server = Predecessor(Channel(ends[1]), threading.Event(), -1, [], os.getpid())
        new_server._stream = theirs
        yield Successor(Channel(ends[0]), stream), new_server


def test_items_are_out_of_date_when_the_new_server_serves(ends: Ends) -> None:
    with both(ends) as (old, other):
        with other.serving():
            pass

        assert old.has_served()


def test_items_are_still_good_when_the_new_server_could_not_begin_to_serve(ends: Ends) -> None:
    with both(ends) as (old, other):
        with suppress(OSError), other.serving():
            raise OSError("no thread")

        assert not old.has_served()


def test_a_late_answer_is_not_taken_for_that_of_the_next_batch(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = (Channel(each) for each in ends)
    old = Successor(ours)
    monkeypatch.setattr(handover, "RECORD_SECONDS", 0.01)
    with pytest.raises(StoreUnavailable):
        old.record(Batch("node", 1, [], None))
    monkeypatch.setattr(handover, "RECORD_SECONDS", 30.0)
    first = theirs.hear(1.0)["question"]

    def answer() -> None:
        second = theirs.hear(30.0)["question"]
        theirs.say({"recorded": True, "question": first})
        theirs.say({"recorded": False, "question": second})

    other = threading.Thread(target=answer)
    other.start()
    with pytest.raises(StoreUnavailable):
        old.record(Batch("node", 2, [], None))
    other.join()

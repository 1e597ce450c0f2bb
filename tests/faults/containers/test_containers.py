"""In a container of any size the server lives, whatever is written, and every write is done.

Each container has one server, which all loads meet in turn: what one leaves behind is in the way of
the next. `loads.py` has what they do, `groups.py` how a container is made.
"""

import os
import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from attimo.settings import host
from faults.containers import loads
from faults.containers.groups import Group, NoGroupsError, group
from faults.containers.loads import KB, Writer
from harness import Server

MIB = 2**20
CONNECTIONS = 2_000


@dataclass(frozen=True)
class Container:
    """A server in a group, and what it should take for data."""

    server: Server
    group: Group
    limit: int

    @property
    def budget(self) -> int:
        """What `--memory auto` comes to."""
        return host.data_bytes(self.limit)

    @property
    def is_large(self) -> bool:
        """Whether filling it with small values takes long."""
        return self.limit >= 1_024 * MIB


@pytest.fixture(scope="module")
def container(request: pytest.FixtureRequest) -> Iterator[Container]:
    """A container with a server that was told nothing about memory."""
    limit = request.param * MIB
    try:
        with group(limit) as made, Server(prefix=made.prefix) as server:
            yield Container(server, made, limit)
    except NoGroupsError as error:
        pytest.fail(f"containers cannot be tested here: {error}")


def one_size(it: Container) -> None:
    """Values of 1,000 bytes, more than fit."""
    with Writer(it.server) as writer:
        writer.fill(it.budget * 5 // 4, 1 * KB)


def small_then_large(it: Container) -> None:
    """Small values until it is full, and then large ones."""
    with Writer(it.server) as writer:
        writer.fill(it.budget * 5 // 4, 1 * KB if it.is_large else 300)
        writer.fill(it.budget * 5 // 4, 100 * KB)


def up_and_down(it: Container) -> None:
    """One size after the other, larger and larger and then smaller."""
    sizes = (1 * KB, 4 * KB, 20 * KB, 100 * KB, 1_000 * KB)
    with Writer(it.server) as writer:
        for size in (*sizes, *reversed(sizes)):
            writer.fill(it.budget * 2 // 3, size)


def mixes(it: Container) -> None:
    """Values of all sizes, by two clients."""
    loads.together(*[lambda: _mix(it)] * 2)


def _mix(it: Container) -> None:
    with Writer(it.server) as writer:
        writer.write(loads.mixed(it.budget))


def collections(it: Container) -> None:
    """Collections that grow and shrink and are read, beside each other."""
    total = min(it.budget, 400_000 * KB)
    loads.together(*[lambda: loads.collections(it.server, total // 2)] * 2)


def half_done(it: Container) -> None:
    """Bodies half sent and answers half read, while others write."""
    with (
        loads.half_read(it.server, 40),
        loads.half_sent(it.server, 40),
        Writer(it.server) as writer,
    ):
        writer.fill(it.budget // 2, 10 * KB)
        writer.fill(it.budget // 2, 100 * KB)


def large_beside_half_done(it: Container) -> None:
    """Bodies half sent and answers half read, while others write values as large as those."""
    with (
        loads.half_sent(it.server, 40),
        loads.half_read(it.server, 40),
        Writer(it.server) as writer,
        loads.over_grpc(it.server) as wire,
    ):
        for _ in range(10):
            writer.write([loads.LARGE])
            loads.set_over_grpc(wire, loads.LARGE)


def unread_messages(it: Container) -> None:
    """Messages for subscribers that read nothing, and others half sent, while others write."""
    topics = 8
    with (
        loads.unread_streams(it.server, 200, topics),
        loads.half_published(it.server, 40),
    ):
        loads.publish(it.server, 100, loads.MESSAGE, topics)
        loads.publish(it.server, 1_000, 100, topics * 125)
        with Writer(it.server) as writer:
            writer.fill(it.budget, 10 * KB)
        loads.publish(it.server, 20, loads.MESSAGE, topics)


def passwords_beside_writes(it: Container) -> None:
    """Strangers sign in, each of whom costs a hash of 19 MiB, while others write."""
    loads.together(
        *[lambda: loads.sign_in(it.server, 5)] * 4,
        lambda: up_and_down(it),
    )


def many_connections(it: Container) -> None:
    """Connections with TLS that stay, while others write."""
    with loads.over_tls(it.server, CONNECTIONS), Writer(it.server) as writer:
        writer.fill(it.budget, 10 * KB)
        writer.fill(it.budget, 100 * KB)


def all_at_once(it: Container) -> None:
    """All of it at once."""
    with (
        loads.over_tls(it.server, CONNECTIONS // 2),
        loads.half_read(it.server, 20),
        loads.half_sent(it.server, 20),
    ):
        loads.together(
            lambda: _mix(it),
            lambda: up_and_down(it),
            lambda: loads.collections(it.server, min(it.budget, 200_000 * KB) // 2),
        )


LOADS = (
    one_size,
    small_then_large,
    mixes,
    collections,
    half_done,
    large_beside_half_done,
    unread_messages,
    passwords_beside_writes,
    up_and_down,
    many_connections,
    all_at_once,
)
SMALL = [128, 256, 512]
LARGE = [1_024, 2_048]
"""Of containers, in MiB."""
QUICK = (small_then_large, mixes, collections, half_done)
IN_LARGE = LOADS if os.environ.get("ATTIMO_ALL_LOADS") else QUICK


@pytest.fixture(scope="module", autouse=True)
def many_handles() -> None:
    """Let this process hold the connections of the loads."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def each_container(sizes: list[int]) -> pytest.MarkDecorator:
    """Run a test in containers of these sizes; one server meets all of its loads."""
    ids = [f"{mib}MiB" for mib in sizes]
    return pytest.mark.parametrize("container", sizes, indirect=True, ids=ids, scope="module")


def each_load(loads: tuple[Callable[[Container], None], ...]) -> pytest.MarkDecorator:
    """Run a test with each of these loads."""
    return pytest.mark.parametrize("load", loads, ids=lambda load: load.__name__)


@each_container(SMALL)
@each_load(LOADS)
def test_a_small_container_outlives_every_load_and_no_write_fails(
    container: Container, load: Callable[[Container], None]
) -> None:
    outlived(container, load)


@each_container(LARGE)
@each_load(IN_LARGE)
def test_a_large_container_outlives_every_load_and_no_write_fails(
    container: Container, load: Callable[[Container], None]
) -> None:
    """CI does not run all loads here: the others take three minutes together.
    `ATTIMO_ALL_LOADS=1` runs them, too."""
    outlived(container, load)


def outlived(it: Container, load: Callable[[Container], None]) -> None:
    """Run a load, and see that the server answers and nothing was killed."""
    try:
        load(it)
    finally:
        assert it.group.kills == 0, f"the kernel has killed it; peak {it.group.peak / MIB:.0f} MiB"
    with Writer(it.server) as writer:
        writer.write([1, 100 * KB])

"""The data plane in this process. Nothing else imports the Rust side."""

from collections.abc import Sequence
from dataclasses import dataclass
from socket import socket
from typing import Literal

from attimo import _core
from attimo.control.directory import Changes
from attimo.errors import Misconfigured
from attimo.settings import NodeSettings


def limits() -> dict[str, int]:
    """Every limit of the data plane that no setting changes, by name; times in seconds."""
    return _core.limits()


@dataclass(frozen=True, slots=True)
class Metric:
    """What a node tells at /metrics.

    Attributes:
        kind: counter, gauge or histogram.
        labels: The names of its labels.
    """

    name: str
    kind: str
    labels: list[str]
    help: str


def metrics() -> list[Metric]:
    """Every metric that a node tells, in the order of its page."""
    return [Metric(*each) for each in _core.metrics()]


@dataclass(frozen=True, slots=True)
class Method:
    """What a client can ask of the data plane.

    Attributes:
        name: Its name on the wire, in usage and in metrics.
        service: The gRPC service that has it; None if only plain HTTP offers it.
        data_type: scalar, dictionary, set, list, sorted set or leaderboard.
        resource: What a permission for it is about: item.
        permissions: What a caller must be allowed to do, by one rule: read, write or both.
        lookups: What a request counts as found or not: nothing, one item, each key, field, element
            or id that it names, or what it removes and hands out (removed).
        routes: HTTP method and path of each place where plain HTTP offers it.
    """

    name: str
    service: str | None
    data_type: str
    resource: str
    permissions: list[str]
    lookups: str
    routes: list[tuple[str, str]]


def methods() -> list[Method]:
    """Every method of the data plane, by type of data."""
    return [Method(*each) for each in _core.methods()]


def data_routes() -> dict[str, list[tuple[str, str]]]:
    """HTTP method and path of each route of the data plane, by its method."""
    return {method.name: method.routes for method in methods()}


class LocalNode:
    """A node of this process, from its settings to its end."""

    def __init__(self, settings: NodeSettings) -> None:
        """Make a stopped node.

        Raises:
            Misconfigured: A certificate, a key or an address cannot be used.
        """
        try:
            self._node = _core.Node(settings)
        except ValueError as error:
            raise Misconfigured(str(error)) from error

    def learn(self, changes: Changes) -> None:
        """Take over a newer directory; every request that begins after the return uses it.

        Raises:
            ValueError: The changes begin after the node's revision: it needs the whole.
        """
        self._node.learn(changes)

    def start(self, sockets: Sequence[socket]) -> None:
        """Begin to serve on sockets, one for each listener of the settings, or begin again.

        Raises:
            OSError: There is no room for a thread; nothing is left running.
        """
        self._node.start(sockets)

    def hold_control(self, patience_seconds: float) -> bool:
        """Let requests for the control plane wait; whether those under way are answered."""
        return self._node.hold_control(patience_seconds)

    def release_control(self) -> None:
        """Let requests for the control plane go on."""
        self._node.release_control()

    def use_certificate(self, chain: str, private_key: str) -> None:
        """Show another certificate to every connection that comes from now on.

        Raises:
            ValueError: The two cannot be used; the ones that there were stay.
        """
        self._node.use_certificate(chain, private_key)

    def stop(self, grace_seconds: float) -> None:
        """Accept no more, finish what is under way, and end."""
        self._node.stop(grace_seconds)

    def take_usage(self) -> _core.Batch | None:
        """Hand over what was counted since the last call, or None if nothing was."""
        return self._node.take_usage()

    def note_usage(self, recorded: bool) -> None:
        """Take note that a batch is in the ledger, or could not be written and waits."""
        self._node.note_usage(recorded)

    def note_dropped_lines(self, lines: int) -> None:
        """Take note that so many more lines of the log were dropped."""
        self._node.note_dropped_lines(lines)

    def hold_memory(self, size: int) -> None:
        """Make room for so many bytes that this process is about to take for a moment."""
        self._node.hold_memory(size)

    def release_memory(self, size: int) -> None:
        """Take note that they were given back."""
        self._node.release_memory(size)

    def set_readiness(self, readiness: Literal["starting", "ready", "read-only"]) -> None:
        """Take note of how the control plane does, for whoever asks /ready."""
        self._node.set_readiness(readiness)

    def next_event(self) -> _core.Event | None:
        """Wait for something that is worth a line in the log; None after the node's end."""
        return self._node.next_event()

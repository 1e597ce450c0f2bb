"""The data plane in this process. Nothing else imports the Rust core."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from socket import socket, socketpair
from typing import Literal, Protocol

from attimo import _core
from attimo.control.directory import Changes
from attimo.control.limit_use import LimitUse
from attimo.control.webhook_figures import Figures
from attimo.errors import Misconfigured
from attimo.settings import NodeSettings


def limits() -> dict[str, int]:
    """Every limit of the data plane that no setting changes, by name; times in seconds."""
    return _core.limits()


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of `/metrics`.

    Attributes:
        kind: counter, gauge or histogram.
        labels: The names of its labels.
    """

    name: str
    kind: str
    labels: list[str]
    help: str


def metrics() -> list[Metric]:
    """Every metric, in the order of the page."""
    return [Metric(*each) for each in _core.metrics()]


@dataclass(frozen=True, slots=True)
class Method:
    """What a client can ask of the data plane.

    Attributes:
        name: Its name on the wire, in usage and in metrics.
        service: The gRPC service that has it; None if only plain HTTP offers it.
        data_type: scalar, dictionary, set, list, sorted set, leaderboard or topic.
        resource: What a permission for it is about: item or topic.
        permissions: What a caller must be allowed to do, by one rule: read, write or both.
        lookups: What a request counts as found or not: nothing, one item, each key, field, element
            or id that it names, or what it removes and hands out (removed). A listing (listed)
            finds nothing, but the keys in its answer count as sent; so do the messages that a
            subscription delivers (delivered).
        factor_in_halves: By how much its operations are multiplied: 2 is once.
        routes: HTTP method and path of each place where plain HTTP offers it.
    """

    name: str
    service: str | None
    data_type: str
    resource: str
    permissions: list[str]
    lookups: str
    factor_in_halves: int
    routes: list[tuple[str, str]]


def methods() -> list[Method]:
    """Every method of the data plane, by type of data."""
    return [Method(*each) for each in _core.methods()]


def causes() -> list[tuple[str, int, str, int, str, str]]:
    """Every cause of a failed data request: `err`, HTTP status, `code`, gRPC status, what went
    wrong, and what the caller can do."""
    return _core.causes()


def data_routes() -> dict[str, list[tuple[str, str]]]:
    """HTTP method and path of each route of the data plane, by its method."""
    return {method.name: method.routes for method in methods()}


class HasFileno(Protocol):
    """An open file or socket."""

    def fileno(self) -> int:
        """Its descriptor."""


class LocalNode:
    """A node in this process."""

    def __init__(self, settings: NodeSettings) -> None:
        """Create a stopped node.

        Raises:
            Misconfigured: A certificate, a key or an address cannot be used.
        """
        try:
            self._node = _core.Node(settings)
        except ValueError as error:
            raise Misconfigured(str(error)) from error

    def learn(self, changes: Changes) -> None:
        """Apply changes of the directory; every request that begins after the return uses them.

        Raises:
            ValueError: The changes begin after the node's revision: it needs the whole directory.
        """
        self._node.learn(changes)

    def start(self, sockets: Sequence[socket]) -> None:
        """Start to serve on sockets, one for each listener of the settings.

        Raises:
            OSError: A thread cannot be started; nothing is left running.
        """
        self._node.start(sockets)

    def connect(self, peer: str) -> socket:
        """Return a new connection to the node: HTTP, as if a client at `peer` had opened it.

        Raises:
            ValueError: `peer` is no IP address.
            OSError: The node does not serve, or is about to stop.
        """
        ours, theirs = socketpair()
        with theirs:
            try:
                self._node.connect(theirs, peer)
            except BaseException:
                ours.close()
                raise
        return ours

    def drain(self, patience_seconds: float) -> bool:
        """Accept no more, and wait until requests in flight are finished; `stop` follows.

        Returns:
            False if some are not after `patience_seconds`; they continue.
        """
        return self._node.drain(patience_seconds)

    def save_items(self, file: HasFileno, patience_seconds: float) -> dict[str, int]:
        """Write all items to a file or a socket, for `load_items` of another process.

        Returns:
            Counts: items, bytes, and the items left_out because time was over.

        Raises:
            OSError: It cannot be written; the items are still there.
        """
        return self._node.save_items(file, patience_seconds)

    def load_items(self, file: HasFileno) -> tuple[dict[str, int], str | None]:
        """Read items from a file or a socket, before the node serves.

        Returns:
            Counts: items kept, expired meanwhile, refused (of a cache that was deleted or flushed,
            or too large), evicted, lost because what they were in is damaged or cannot be read;
            and bytes. Then why the rest could not be read, or None if there is none.

        Raises:
            OSError: Nothing of it can be read.
            ValueError: It does not contain items in a form that this version reads.
        """
        return self._node.load_items(file)

    def hold_control(self, patience_seconds: float) -> bool:
        """Make control requests wait; return whether those in flight are answered."""
        return self._node.hold_control(patience_seconds)

    def release_control(self) -> None:
        """Let control requests continue."""
        self._node.release_control()

    def use_certificate(self, chain: str, private_key: str) -> None:
        """Use another certificate for every new connection.

        Raises:
            ValueError: The two cannot be used; the old ones stay in use.
        """
        self._node.use_certificate(chain, private_key)

    def stop(self, grace_seconds: float) -> None:
        """Accept no more, finish requests in flight, and stop."""
        self._node.stop(grace_seconds)

    def take_usage(self) -> _core.Batch | None:
        """Return what was counted since the last call, or None if nothing was."""
        return self._node.take_usage()

    def take_messages(self, patience_seconds: float) -> _core.MessageBatch | None:
        """Return messages that were published to topics with webhooks.

        Waits for the first one, at most for `patience_seconds`; None if there is none then.
        """
        return self._node.take_messages(patience_seconds)

    def tell(self, account_id: int, topic: str, text: str) -> None:
        """Publish text to a topic of the server's, in each cache of an account that has it."""
        self._node.tell(account_id, topic, text)

    def cache_stats(self, cache_id: int) -> dict[str, int] | None:
        """Return `items` and `stored_bytes` of a cache, and its counts since the node was created.

        None if the node knows no such cache.
        """
        return self._node.cache_stats(cache_id)

    def note_usage(self, recorded: bool) -> None:
        """Note that a batch was recorded, or could not be and waits."""
        self._node.note_usage(recorded)

    def note_backup(self, interval_seconds: int, newest: int, failed: bool) -> None:
        """Note the interval of backups, the time of the newest (0: none), and if one has failed."""
        self._node.note_backup(interval_seconds, newest, failed)

    def note_payments(
        self, waiting: int, oldest: int, failing: int, sent: int, refused: int
    ) -> None:
        """Note what waits for the provider of payments, who fails to pay, and what was told."""
        self._node.note_payments(waiting, oldest, failing, sent, refused)

    def note_webhooks(self, figures: Figures) -> None:
        """Note what waits for webhooks, and what became of deliveries."""
        self._node.note_webhooks(figures)

    def note_allowance(self, kind: str, percent: int) -> None:
        """Note that an account has reached a share of an allowance: `transfer` or `budget`."""
        self._node.note_allowance(kind, percent)

    def note_transferred(self, used: dict[int, int], is_whole: bool) -> None:
        """Note how many bytes accounts have transferred in this month, by account.

        With `is_whole`, others have transferred nothing.
        """
        self._node.note_transferred(used, is_whole)

    def note_limits(self, used: Mapping[str, LimitUse]) -> None:
        """Note how much accounts use of the limits of their plans, by the limit's name."""
        self._node.note_limits(
            {name: (each.near, each.reached, each.greatest) for name, each in used.items()}
        )

    def note_dropped_lines(self, lines: int) -> None:
        """Note that this many more log lines were dropped."""
        self._node.note_dropped_lines(lines)

    def hold_memory(self, size: int) -> None:
        """Reserve memory that this process is about to use temporarily, in bytes."""
        self._node.hold_memory(size)

    def release_memory(self, size: int) -> None:
        """Release reserved memory."""
        self._node.release_memory(size)

    def set_readiness(self, readiness: Literal["starting", "ready", "read-only"]) -> None:
        """Set the state of the control plane, for `/ready`."""
        self._node.set_readiness(readiness)

    def next_event(self) -> _core.Event | None:
        """Wait for an event worth a log line; return None after the node has stopped."""
        return self._node.next_event()

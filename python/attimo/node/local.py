"""The data plane in this process. Nothing else imports the Rust side."""

from dataclasses import dataclass, replace
from typing import Literal

from attimo import _core
from attimo.control.directory import Changes
from attimo.errors import Misconfigured
from attimo.settings import Listener, NodeSettings


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


class LocalNode:
    """A node of this process, from its settings to its end."""

    def __init__(self, settings: NodeSettings) -> None:
        """Make a stopped node.

        Raises:
            Misconfigured: A certificate, a key or an address cannot be used.
        """
        self._settings = settings
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

    def start(self) -> list[Listener]:
        """Begin to serve, and tell where, with the ports that it really has.

        Raises:
            Misconfigured: An address cannot be bound; nothing is left running.
        """
        try:
            self._node.start()
        except OSError as error:
            raise Misconfigured(self._explained(error)) from error
        asked = zip(self._settings.listeners, self._node.addresses, strict=True)
        return [replace(listener, address=address) for listener, address in asked]

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

    def set_readiness(self, readiness: Literal["starting", "ready", "read-only"]) -> None:
        """Take note of how the control plane does, for whoever asks /ready."""
        self._node.set_readiness(readiness)

    def next_event(self) -> _core.Event | None:
        """Wait for something that is worth a line in the log; None after the node's end."""
        return self._node.next_event()

    def _explained(self, error: OSError) -> str:
        """The system's words, and the setting that mends it."""
        said = str(error.strerror or error).partition(" (os error")[0]
        setting = next(
            each.setting for each in self._settings.listeners if said.startswith(f"{each.address}:")
        )
        low = "; ports below 1024 take root or CAP_NET_BIND_SERVICE" * ("denied" in said)
        return (
            f"cannot listen on {said}{low}; choose another address with "
            f"--{setting} or ATTIMO_{setting.upper()}"
        )

"""The border: all that Python can ask of the Rust side."""

from collections.abc import Mapping, Sequence
from socket import socket
from typing import final

from attimo.control.directory import Changes
from attimo.settings import NodeSettings

def limits() -> dict[str, int]:
    """Every limit of the data plane that no setting changes, by name; times in seconds."""

def methods() -> list[tuple[str, str | None, str, str, list[str], str, list[tuple[str, str]]]]:
    """Every method of the data plane: name, gRPC service, data type, kind of resource, permissions,
    what it looks for, and method and path of its HTTP routes."""

def metrics() -> list[tuple[str, str, list[str], str]]:
    """Every metric that a node tells: name, kind, names of labels, and what it tells."""

def counts() -> list[str]:
    """The names of what `Used.counts` has."""

@final
class Used:
    """What one API key did with one cache through one API since the last batch.

    Attributes:
        cache_id: The cache, or 0 for requests that named no known cache.
        key_id: The API key's id; "session" for who has signed in, "token" for a token that no key
            asked for, "local" for the owner of a `--local` server.
        api: The method's name on the wire: "Get", "Set", "SetIf", …
        counts: What it did, by name; `attimo.control.usage.Totals` says what each is. Evicted items
            are counted under the key `server` and the API `Evict`, which have no requests.
    """

    @property
    def cache_id(self) -> int: ...
    @property
    def key_id(self) -> str: ...
    @property
    def api(self) -> str: ...
    @property
    def counts(self) -> Mapping[str, int]: ...

@final
class Batch:
    """What a node counted between two calls of `take_usage`.

    Attributes:
        node: A name that is new at every start of a node.
        number: 1, 2, 3, … within that name.
        used: The counts; only what changed.
    """

    @property
    def node(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def used(self) -> list[Used]: ...

@final
class Event:
    """Something that happened in a node and is worth a line in the log.

    Attributes:
        level: "info", "warning" or "error".
        message: What happened. It holds no key, no value and no token.
    """

    @property
    def level(self) -> str: ...
    @property
    def message(self) -> str: ...

@final
class Node:
    """A data plane in this process. Its threads never wait for Python."""

    def __init__(self, settings: NodeSettings) -> None:
        """Make a stopped node.

        Raises:
            ValueError: A certificate, a key or an address cannot be used; the message says which.
        """

    def start(self, sockets: Sequence[socket]) -> None:
        """Begin to serve on listening sockets, one for each listener of the settings.

        They are non-blocking. The node has copies of its own: a socket goes on listening, and keeps
        who connects waiting, for as long as the caller holds it. A node that was stopped may be
        started again and has its items still.

        Raises:
            OSError: A socket is none, or there is no room for a thread. Nothing is left running.
        """

    def use_certificate(self, chain: str, private_key: str) -> None:
        """Show another certificate to every connection that comes from now on; open ones live on.

        Args:
            chain: The server's certificate and then its issuers', in PEM.
            private_key: The certificate's key, in PEM.

        Raises:
            ValueError: The two cannot be used; the ones that there were stay.
        """

    def stop(self, grace_seconds: float) -> None:
        """Accept no more, finish what is under way, and return when all threads have ended.

        What has not finished after `grace_seconds` is cut. Counts stay until they are taken.
        """

    def hold_control(self, patience_seconds: float) -> bool:
        """Let requests for the control plane wait, and return when those under way are answered.

        Data is served as ever. What waits goes on at `release_control` or `stop`, at whoever
        answers at the app's socket then.

        Returns:
            False, and nothing waits, if they are not answered after `patience_seconds`.
        """

    def release_control(self) -> None:
        """Let requests for the control plane go on."""

    def learn(self, changes: Changes) -> None:
        """Take over a newer directory; every request that begins after the return uses it.

        Changes of a revision that the node already has are ignored.

        Raises:
            ValueError: The changes begin after the node's revision (a gap): send the whole.
        """

    def take_usage(self) -> Batch | None:
        """Hand over what was counted since the last call, or None if nothing was."""

    def note_usage(self, recorded: bool) -> None:
        """Take note that a batch is in the ledger, or could not be written and waits."""

    def note_dropped_lines(self, lines: int) -> None:
        """Take note that so many more lines of the log were dropped."""

    def hold_memory(self, bytes: int) -> None:
        """Make room for memory that the control plane is about to take for a moment."""

    def release_memory(self, bytes: int) -> None:
        """Take note that it was given back."""

    def set_readiness(self, readiness: str) -> None:
        """Take note of how the control plane does; `/ready` answers 200 only to "ready".

        Args:
            readiness: "starting", "ready", or "read-only" while the database cannot be written.

        Raises:
            ValueError: It is another word.
        """

    def next_event(self) -> Event | None:
        """Wait for the next event; None when the node has stopped and there are no more."""

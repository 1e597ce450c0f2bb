"""The border: the interface of the Rust core for Python."""

from collections.abc import Mapping, Sequence
from socket import socket
from typing import final

from attimo.control.directory import Changes
from attimo.control.webhook_figures import Figures
from attimo.node.local import HasFileno
from attimo.settings import NodeSettings

def limits() -> dict[str, int]:
    """Every limit of the data plane that no setting changes, by name; times in seconds."""

def methods() -> list[tuple[str, str | None, str, str, list[str], str, int, list[tuple[str, str]]]]:
    """Every method of the data plane: name, gRPC service, data type, kind of resource, permissions,
    what it looks for, the factor of its operations in halves, and method and path of its HTTP
    routes."""

def causes() -> list[tuple[str, int, str, int, str, str]]:
    """Every cause of a failed data request: `err`, HTTP status, `code`, gRPC status, what went
    wrong, and what the caller can do."""

def metrics() -> list[tuple[str, str, list[str], str]]:
    """Every metric of a node: name, kind, names of labels, help text."""

def counts() -> list[str]:
    """The names in `Used.counts`."""

def error_kinds() -> list[str]:
    """The names in `Used.failures`."""

@final
class Used:
    """What one API key did with one cache through one API since the last batch.

    Attributes:
        cache_id: The cache, or 0 for requests that named no known cache.
        key_id: The API key's id; "session" for who has signed in, "token" for a token that no key
            asked for, "local" for the owner of a `--local` server.
        api: The method's name on the wire: "Get", "Set", "SetIf", …
        counts: What it did, by name; `attimo.control.usage.Totals` says what each is. Evicted items
            and stored data are counted under the key `server` and the APIs `Evict` and `Store`,
            which have no requests.
        durations: How many of its requests succeeded in how long, from arrival to the writing of
            the answer, by the number of the bucket; `attimo.control.durations` says what each is.
        failures: How many failed, by the kind of error.
    """

    @property
    def cache_id(self) -> int: ...
    @property
    def key_id(self) -> str: ...
    @property
    def api(self) -> str: ...
    @property
    def counts(self) -> Mapping[str, int]: ...
    @property
    def durations(self) -> Mapping[int, int]: ...
    @property
    def failures(self) -> Mapping[str, int]: ...

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
class TopicMessage:
    """A message that was published to a topic with webhooks.

    Attributes:
        page: What the number belongs to; no other topic has had it.
        number: 1, 2, 3, … in the page.
        published_at: In milliseconds since 1970.
        publisher: The name that the publisher's token gives its holder; empty if there is none.
        is_text: Whether the value is text, in UTF-8.
    """

    @property
    def cache_id(self) -> int: ...
    @property
    def topic(self) -> str: ...
    @property
    def page(self) -> int: ...
    @property
    def number(self) -> int: ...
    @property
    def published_at(self) -> int: ...
    @property
    def publisher(self) -> str: ...
    @property
    def is_text(self) -> bool: ...
    @property
    def value(self) -> bytes: ...

@final
class MessageBatch:
    """Messages that were published to topics with webhooks.

    Attributes:
        node: A name that is new at every start of a node.
        number: 1, 2, 3, … within that name.
        messages: Those of a topic are in the order of their numbers.
        dropped: How many messages of a topic were dropped before these, by cache and topic, since
            they were not taken in time.
    """

    @property
    def node(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def messages(self) -> list[TopicMessage]: ...
    @property
    def dropped(self) -> list[tuple[int, str, int]]: ...

@final
class Event:
    """An event in a node that deserves a log line.

    Attributes:
        level: "info", "warning" or "error".
        message: The line. It contains no key, value or token.
    """

    @property
    def level(self) -> str: ...
    @property
    def message(self) -> str: ...

@final
class Node:
    """A data plane in this process. Its threads never wait for Python."""

    def __init__(self, settings: NodeSettings) -> None:
        """Create a stopped node.

        Raises:
            ValueError: A certificate, a key or an address cannot be used; the message says which.
        """

    def start(self, sockets: Sequence[socket]) -> None:
        """Start to serve on listening sockets, one for each listener of the settings.

        They are non-blocking. The node duplicates them: a socket keeps listening, and its
        connections waiting, as long as the caller has it open. A stopped node can be started again,
        and still has its items.

        Raises:
            OSError: A socket is invalid, or a thread cannot be started. Nothing is left running.
        """

    def connect(self, socket: socket, peer: str) -> None:
        """Serve a connected socket of this process: HTTP, as if a client at `peer` had opened it.

        The node duplicates the socket.

        Raises:
            ValueError: `peer` is no IP address.
            OSError: The node does not serve, or is about to stop.
        """

    def use_certificate(self, chain: str, private_key: str) -> None:
        """Use another certificate for every new connection; open ones are not affected.

        Args:
            chain: The server's certificate and then its issuers', in PEM.
            private_key: The certificate's key, in PEM.

        Raises:
            ValueError: The two cannot be used; the old ones stay in use.
        """

    def stop(self, grace_seconds: float) -> None:
        """Accept no more, finish requests in flight, and return when all threads have ended.

        What has not finished after `grace_seconds` is aborted. Counts stay until they are taken.
        """

    def drain(self, patience_seconds: float) -> bool:
        """Accept no more, and wait until requests in flight are finished; `stop` follows.

        Returns:
            False if some are not after `patience_seconds`; they continue.
        """

    def save_items(self, file: HasFileno, patience_seconds: float) -> dict[str, int]:
        """Write all items to a file or a socket, for `load_items` of another process.

        The node has stopped: writes meanwhile may be missing. Items that are not written after
        `patience_seconds` are left out. Nothing is removed.

        Returns:
            Counts: items, bytes, left_out.

        Raises:
            OSError: It cannot be written.
        """

    def load_items(self, file: HasFileno) -> tuple[dict[str, int], str | None]:
        """Read items from a file or a socket, before the node serves.

        The node has the directory: items of caches that are not in it, or not the same, are
        refused. If memory is short, items are evicted.

        Returns:
            Counts: kept, expired, refused, evicted, lost, bytes; and why the rest could not be
            read, or None if there is none.

        Raises:
            OSError: It cannot be read.
            ValueError: It does not contain items in a form that this version reads.
        """

    def hold_control(self, patience_seconds: float) -> bool:
        """Make control requests wait, and return when those in flight are answered.

        Data is served as before. Waiting requests continue at `release_control` or `stop`, with the
        process that listens on the app's socket then.

        Returns:
            False, and nothing waits, if they are not answered after `patience_seconds`.
        """

    def release_control(self) -> None:
        """Let control requests continue."""

    def learn(self, changes: Changes) -> None:
        """Apply changes of the directory; every request that begins after the return uses them.

        Changes of a revision that the node already has are ignored.

        Raises:
            ValueError: The changes begin after the node's revision (a gap): send the whole.
        """

    def take_usage(self) -> Batch | None:
        """Return what was counted since the last call, or None if nothing was."""

    def take_messages(self, patience_seconds: float) -> MessageBatch | None:
        """Return up to 500 messages that were published to topics with webhooks.

        Waits for the first one, at most for `patience_seconds`; None if there is none then.
        """

    def tell(self, account_id: int, topic: str, text: str) -> None:
        """Publish text to a topic of the server's, in each cache of an account that has this topic.

        A cache has it from the first subscription on, until ten minutes after the last one. What
        clients publish to topics whose names begin with `$attimo.` is refused.
        """

    def cache_stats(self, cache_id: int) -> dict[str, int] | None:
        """Return what a cache stores (`items`, also expired ones that are not swept yet, and
        `stored_bytes`), and its `counts()` since the start; None if the node knows no such cache.
        """

    def note_usage(self, recorded: bool) -> None:
        """Note that a batch was recorded, or could not be and waits."""

    def note_backup(self, interval_seconds: int, newest: int, failed: bool) -> None:
        """Note the state of scheduled backups, for `/metrics`.

        Args:
            interval_seconds: Their interval.
            newest: The time of the newest, in seconds since 1970; 0 if there is none.
            failed: Whether one has just failed.
        """

    def note_payments(
        self, waiting: int, oldest: int, failing: int, sent: int, refused: int
    ) -> None:
        """Note what the provider of payments has been told, for `/metrics`.

        Args:
            waiting: How many meter events it does not have yet.
            oldest: The hour of the oldest of these, in seconds since 1970; 0 if there is none.
            failing: How many accounts have failed to pay.
            sent: How many meter events it has taken since the start.
            refused: How many requests it has refused since the start.
        """

    def note_allowance(self, kind: str, percent: int) -> None:
        """Note that an account has reached a share of an allowance of its month.

        Raises:
            ValueError: `kind` is neither "transfer" nor "budget", or `percent` not 50, 80 or 100.
        """

    def note_transferred(self, used: dict[int, int], is_whole: bool) -> None:
        """Note how many bytes accounts have transferred in this month, by account.

        Args:
            is_whole: Whether other accounts have transferred nothing.
        """

    def note_webhooks(self, figures: Figures) -> None:
        """Note what waits for webhooks, and what became of deliveries, for `/metrics`."""

    def note_limits(self, used: dict[str, tuple[int, int, float]]) -> None:
        """Note how much accounts use of limits of their plans, by the limit's name.

        Args:
            used: How many accounts use at least 80 % and at least 100 %, and the greatest share
                that one uses: 1.0 is all of it.

        Raises:
            ValueError: A limit is not known; nothing is noted.
        """

    def note_dropped_lines(self, lines: int) -> None:
        """Note that this many more log lines were dropped."""

    def hold_memory(self, bytes: int) -> None:
        """Reserve memory that the control plane is about to use temporarily."""

    def release_memory(self, bytes: int) -> None:
        """Release reserved memory."""

    def set_readiness(self, readiness: str) -> None:
        """Set the state of the control plane; `/ready` answers 200 only if it is "ready".

        Args:
            readiness: "starting", "ready", or "read-only" while the database cannot be written.

        Raises:
            ValueError: It is something else.
        """

    def next_event(self) -> Event | None:
        """Wait for the next event; return None after the node has stopped."""

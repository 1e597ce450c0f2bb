"""The configuration of the data plane, which the program makes of the settings."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from attimo.settings.listeners import Listener


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """The data plane's configuration. Rust reads the attributes by name.

    Attributes:
        listeners: The addresses, with what each offers.
        certificate: The server's certificate and then its issuers', in PEM (the text itself); None
            without TLS.
        private_key: The certificate's key, in PEM. The repr hides it.
        threads: The number of data threads.
        memory_bytes: The memory for items and requests in flight.
        ceiling_bytes: The limit of the process.
        shared_bytes: The limit of its container, with the kernel and other processes.
        group: The directory of the control group with the usage of these, if there is one.
        backend: The URL of the Valkey server with the items; None if they are in this process.
        item_bytes: The largest item, its key included.
        element_bytes: The largest element of a collection.
        topic_history_messages: The most messages that each topic keeps.
        topic_history_seconds: How long each topic keeps its messages.
        topic_history_bytes: The most memory of the messages that each topic keeps.
        app_socket: The path of the Unix socket of the control app.
        local: Whether plaintext listeners on loopback accept an empty token as the owner's.
        endpoint: The public name of the server, without a port.
        also_endpoint: More public names of the server.
        allowed_origins: The origins that can call the server from a browser; `*` for all.
        metrics: Who can read the metrics: loopback, open or off.
        metrics_caches: The number of caches with metrics of their own.
    """

    listeners: tuple[Listener, ...]
    certificate: str | None
    private_key: str | None = field(repr=False)
    threads: int
    memory_bytes: int
    ceiling_bytes: int
    shared_bytes: int
    group: str | None
    backend: str | None
    item_bytes: int
    element_bytes: int
    topic_history_messages: int
    topic_history_seconds: float
    topic_history_bytes: int
    app_socket: str
    local: bool
    endpoint: str
    also_endpoint: Sequence[str]
    allowed_origins: Sequence[str]
    metrics: str
    metrics_caches: int

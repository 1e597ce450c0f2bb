"""Every setting with its help and its default, on one page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal, TypeVar, cast

from attimo.mail import SmtpServer
from attimo.settings import values
from attimo.settings.listeners import Listener
from attimo.settings.values import Kind, Raw

PREFIX = "ATTIMO_"

OTHER_VARIABLES = frozenset(
    {
        "ATTIMO_CONFIG",  # names the file of settings
        "ATTIMO_URL",  # from here on: for the command line as a client
        "ATTIMO_TOKEN",
        "ATTIMO_CA",
        "ATTIMO_CACHE",
        "ATTIMO_PROFILE",
    }
)
"""What else may stand in the environment under our prefix."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is written of a setting, below; `default` is what one would write to get it."""

    default: Raw
    help: str
    kind: Kind[object]


def setting(default: Raw, kind: Kind[Value], help: str) -> Value:
    """Declare a setting; its type is that of its kind."""
    declaration = Declaration(default, help, kind)
    return cast(Value, field(metadata={"declaration": declaration}))


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a server, merged; only `load` makes them."""

    http: str | None = setting(
        "127.0.0.1:8080",
        values.ADDRESS,
        "Where clients connect without TLS; port 0 is any free one, off is nowhere. "
        "Without a word of one's own it is off where --listen is given.",
    )
    https: str | None = setting(
        "127.0.0.1:8443",
        values.ADDRESS,
        "Where clients connect with TLS; port 0 is any free one, off is nowhere. "
        "Without a word of one's own it is off where --listen is given.",
    )
    listen: tuple[Listener, ...] = setting(
        "off",
        values.LISTEN,
        "More addresses, each with what is offered there; may be given again, or with commas.",
    )
    endpoint: str = setting(
        "localhost",
        values.PUBLIC_NAME,
        "The public name of the server: certificate and tokens are made for it.",
    )
    certificate: Path | None = setting(  # noqa: RUF009 (a declaration, not a value)
        "off",
        values.FILE,
        "The certificate for TLS and its issuers', in PEM, read again when it changes; off is one "
        "that the server signs itself.",
    )
    private_key: Path | None = setting(  # noqa: RUF009 (a declaration, not a value)
        "off", values.FILE, "The private key of --certificate, in PEM."
    )
    authority: Path | None = setting(  # noqa: RUF009 (a declaration, not a value)
        "off",
        values.FILE,
        "The root, in PEM, that clients must be given to trust --certificate or what --acme gives; "
        "off if they know it.",
    )
    acme: str | None = setting(
        "off", values.ACME, "Who signs a certificate for --endpoint and renews it, by ACME."
    )
    acme_email: str | None = setting(
        "off", values.CONTACT, "Whom the authority of --acme tells of trouble."
    )
    acme_accept_terms: bool = setting(
        False, values.SWITCH, "That you have read and accept the terms of the authority of --acme."
    )
    data_dir: Path = setting(  # noqa: RUF009 (a declaration, not a value)
        "$XDG_DATA_HOME/attimo",
        values.FOLDER,
        "Where database, certificates and credentials are kept.",
    )
    memory: int = setting(
        "auto",
        values.MEMORY,
        "Bytes for items and for what clients have under way; auto is what the machine or "
        "container has beside the process itself, and three quarters of it at most.",
    )
    threads: int = setting(
        "auto",
        values.THREADS,
        "Threads that serve data; auto is one for each processor that this process may use.",
    )
    item_bytes: int = setting(
        "4883KiB", values.ITEM, "The largest item, its key included; shown with each cache."
    )
    element_bytes: int = setting(
        "128KiB",
        values.ELEMENT,
        "The largest element of a collection: a value, or a field or value of a dictionary.",
    )
    local: bool = setting(
        False,
        values.SWITCH,
        "Let clients in without a token where they connect without TLS on this machine.",
    )
    collect_seconds: float = setting(
        5, values.SECONDS, "How often usage is taken from the data plane into the ledger."
    )
    signup: Literal["open", "invite", "closed"] = setting(
        "invite",
        values.SIGN_UP,
        "Who may make an account: anybody, only who is invited to one, or nobody.",
    )
    smtp: SmtpServer | None = setting(  # noqa: RUF009 (a declaration, not a value)
        "off",
        values.SMTP,
        "Where e-mail is handed in; without it, e-mail lies in the data directory, in mail.",
    )
    mail_from: str = setting(
        "attimo@localhost", values.EMAIL, "The address that e-mail comes from."
    )
    allowed_origins: tuple[str, ...] = setting(
        "*",
        values.ORIGINS,
        "Whose pages may use this server: all that have a token, or those of some origins. "
        "With local, a page whose origin is named needs no token.",
    )
    metrics: Literal["loopback", "open", "off"] = setting(
        "loopback",
        values.METRICS,
        "Who may read /metrics, which names caches: programs on this machine and whoever reaches a "
        "listener with ?only=health (loopback), all, or nobody.",
    )
    metrics_caches: int = setting(
        100,
        values.METRICS_CACHES,
        "How many caches, the busiest, have metrics of their own; the others are summed.",
    )
    log_format: Literal["text", "json"] = setting(
        "text", values.LOG_FORMAT, "How lines of the log look."
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info",
        values.LOG_LEVEL,
        "The least that is logged; with info, each request for the control plane has a line.",
    )
    otlp_endpoint: str | None = setting(
        "off",
        values.OTLP_ENDPOINT,
        "Where traces of control requests are sent, by OTLP over HTTP.",
    )
    origins: Mapping[str, str] = field(repr=False, default_factory=dict)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Every address at which the server is to be found."""
        plain = Listener(self.http, tls=False, setting="http") if self.http else None
        secure = Listener(self.https, tls=True, setting="https") if self.https else None
        return (*(each for each in (plain, secure) if each), *self.listen)

    def shown(self) -> list["Shown"]:
        """Return each setting with its value and where that came from, for people."""
        return [
            Shown(name, _words(getattr(self, name)), self.origins[name], declaration.help)
            for name, declaration in declarations().items()
        ]


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting in words."""

    name: str
    value: str
    origin: str
    help: str


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """What the data plane is told at its start. Rust reads the attributes by name.

    Attributes:
        listeners: Where to listen, and for what.
        certificate: The server's certificate and then its issuers', in PEM (the text itself); None
            where there is no TLS.
        private_key: The certificate's key, in PEM. The repr hides it.
        threads: How many data threads there are.
        memory_bytes: What items may occupy, together with what clients have under way.
        ceiling_bytes: What the whole process may occupy.
        shared_bytes: What it may occupy together with the others of its container and the kernel.
        group: The folder of the control group that tells what these occupy; None if there is none.
        item_bytes: The largest item, its key included.
        element_bytes: The largest element of a collection.
        app_socket: The path of the Unix socket of the app that answers what is not data.
        local: Whether plaintext listeners on loopback take an empty token for the owner's.
        endpoint: The public name of the server, without a port.
        allowed_origins: The origins whose pages may use the server, as browsers write them; `*` is
            any, and none is none.
        metrics: Who may read the metrics: loopback, open or off.
        metrics_caches: How many caches have metrics of their own.
    """

    listeners: tuple[Listener, ...]
    certificate: str | None
    private_key: str | None = field(repr=False)
    threads: int
    memory_bytes: int
    ceiling_bytes: int
    shared_bytes: int
    group: str | None
    item_bytes: int
    element_bytes: int
    app_socket: str
    local: bool
    endpoint: str
    allowed_origins: Sequence[str]
    metrics: str
    metrics_caches: int


def declarations() -> dict[str, Declaration]:
    """Return what is declared of each setting, by name, in the order of this page."""
    return {
        found.name: found.metadata["declaration"]
        for found in fields(Settings)
        if "declaration" in found.metadata
    }


def flag(name: str) -> str:
    """Return the name of a setting on the command line."""
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """Return the name of a setting in the environment."""
    return PREFIX + name.upper()


def _words(value: object) -> str:
    if value is None or value == ():
        return "off"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)

"""Every setting, with its help and its default."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal, TypeVar, cast

from attimo.mail import SmtpServer
from attimo.settings import payments as paying
from attimo.settings import values
from attimo.settings.database import Address
from attimo.settings.listeners import Listener
from attimo.settings.payments import Secret
from attimo.settings.values import Kind, Raw

PREFIX = "ATTIMO_"

OTHER_VARIABLES = frozenset(
    {
        "ATTIMO_CONFIG",  # the settings file
        "ATTIMO_URL",  # from here on, for the command line as a client
        "ATTIMO_TOKEN",
        "ATTIMO_CA",
        "ATTIMO_CACHE",
        "ATTIMO_PROFILE",
    }
)
"""Other environment variables with this prefix."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Declaration:
    """The declaration of a setting; `default` is as an operator would write it.

    One that is not finished is hidden: it works, and neither help nor docs show it.
    """

    default: Raw
    help: str
    kind: Kind[object]
    hidden: bool = False


def setting(default: Raw, kind: Kind[Value], help: str, hidden: bool = False) -> Value:
    """Declare a setting; its type is that of its kind."""
    declaration = Declaration(default, help, kind, hidden)
    return cast(Value, field(metadata={"declaration": declaration}))


@dataclass(frozen=True, slots=True)
class Settings:
    """The merged settings of a server; only `load` creates them."""

    http: str | None = setting(
        "127.0.0.1:8080",
        values.ADDRESS,
        "Address for plaintext clients. Port 0 picks a free port; off disables it (the default "
        "when --listen is given).",
    )
    https: str | None = setting(
        "127.0.0.1:8443",
        values.ADDRESS,
        "Address for TLS clients. Port 0 picks a free port; off disables it (the default when "
        "--listen is given).",
    )
    listen: tuple[Listener, ...] = setting(
        "off",
        values.LISTEN,
        "Additional listeners, each with what it offers. Repeat it, or separate them by commas.",
    )
    endpoint: str = setting(
        "localhost",
        values.PUBLIC_NAME,
        "Public name of the server; certificates and tokens are issued for it.",
    )
    also_endpoint: tuple[str, ...] = setting(
        "off",
        values.PUBLIC_NAMES,
        "Another public name that the server answers to, such as a former one; certificates are "
        "issued for it, too. Repeat it, or separate several by commas.",
    )
    certificate: Path | None = setting(  # noqa: RUF009 (a declaration, not a value)
        "off",
        values.FILE,
        "TLS certificate with its issuers, in PEM; reloaded when the file changes. With off, the "
        "server issues its own certificate.",
    )
    private_key: Path | None = setting(  # noqa: RUF009 (a declaration, not a value)
        "off", values.FILE, "Private key of --certificate, in PEM."
    )
    authority: Path | None = setting(  # noqa: RUF009 (a declaration, not a value)
        "off",
        values.FILE,
        "Root certificate, in PEM, that clients need in order to trust the certificate of "
        "--certificate or --acme; off if they already trust it.",
    )
    acme: str | None = setting(
        "off", values.ACME, "ACME authority that issues and renews the certificate for --endpoint."
    )
    acme_email: str | None = setting("off", values.CONTACT, "Contact address for the ACME account.")
    acme_accept_terms: bool = setting(
        False, values.SWITCH, "Accept the ACME authority's terms of service."
    )
    data_dir: Path = setting(  # noqa: RUF009 (a declaration, not a value)
        "$XDG_DATA_HOME/attimo",
        values.FOLDER,
        "Directory for the database, certificates and credentials.",
    )
    database: Address | None = setting(  # noqa: RUF009 (a declaration, not a value)
        "off",
        values.DATABASE,
        "PostgreSQL database for accounts, keys, caches and usage, in place of a file in the data "
        "directory. One server at a time uses it.",
    )
    memory: int = setting(
        "auto",
        values.MEMORY,
        "Memory for items and requests in flight. With auto, it is what the machine or container "
        "has left beside the process itself, at most three quarters of the total.",
    )
    threads: int = setting(
        "auto",
        values.THREADS,
        "Threads that serve data. With auto, it is one for each available processor.",
    )
    keep_items: bool = setting(
        True,
        values.SWITCH,
        "Keep items through a planned restart: they are written to the data directory when the "
        "server stops, and read and removed at the next start. With false, none are ever on disk.",
    )
    backend: str | None = setting(
        "off",
        values.BACKEND,
        "Valkey server that stores single values; nobody else may write there. Collections are "
        "not supported yet. With off, items are stored in this process.",
        hidden=True,
    )
    item_bytes: int = setting(
        "4883KiB", values.ITEM, "Maximum size of an item, including its key; shown with each cache."
    )
    element_bytes: int = setting(
        "128KiB",
        values.ELEMENT,
        "Maximum size of a collection element: a value, or a field or value of a dictionary.",
    )
    topic_history_messages: int = setting(
        "1000", values.TOPIC_MESSAGES, "Maximum number of messages that each topic keeps."
    )
    topic_history_seconds: float = setting(
        "60", values.SECONDS, "How long each topic keeps its messages, in seconds."
    )
    topic_history_bytes: int = setting(
        "1MiB",
        values.ITEM,
        "Maximum memory of the messages that each topic keeps. The newest is kept in any case.",
    )
    local: bool = setting(
        False,
        values.SWITCH,
        "Accept plaintext clients on this machine without a token.",
    )
    local_admin: str | None = setting(
        "off",
        values.ADDRESS,
        "Address on this machine where GET /block cuts all clients off and GET /unblock lets them "
        "back, as port 9090 of momento-local. Only with --local.",
    )
    collect_seconds: float = setting(
        5, values.SECONDS, "Interval, in seconds, at which usage is recorded in the ledger."
    )
    keep_usage_minutes: int = setting(
        "35d",
        values.MINUTES_KEPT,
        "How long usage is kept by the minute; older usage is known by the hour.",
    )
    keep_usage_hours: int = setting(
        "400d",
        values.HOURS_KEPT,
        "How long usage is kept by the hour, at least as long as by the minute; older usage is "
        "known by the day, for ever.",
    )
    signup: Literal["open", "invite", "closed"] = setting(
        "invite",
        values.SIGN_UP,
        "Who can sign up: open (anyone), invite (only invited people, who join existing "
        "accounts), closed.",
    )
    session_idle: int = setting(
        "1d",
        values.SESSION_IDLE,
        "How long a session of a signed-in user lasts without use; it ends after 7d in any case.",
    )
    backup_to: Path | None = setting(  # noqa: RUF009 (a declaration, not a value)
        "off",
        values.FOLDER_OR_OFF,
        "Directory for scheduled backups, each complete and restorable by attimo restore. With "
        "off, there are none.",
    )
    backup_every: float = setting(
        "1d", values.SPAN, "Interval of scheduled backups, such as 6h or 1d."
    )
    backup_keep: int = setting(
        7, values.BACKUPS, "Number of scheduled backups to keep; older ones are deleted."
    )
    rate_card: str = setting(
        "momento-2022-09",
        values.RATE_CARD,
        "Rate card of bills, unless another is asked for; attimo bill --compare lists them.",
    )
    rate_cards: Path | None = setting(  # noqa: RUF009 (a declaration, not a value)
        "off",
        values.FOLDER_OR_OFF,
        "Directory with rate cards of your own, as files *.toml, beside those that come with "
        "Attimo; read at the start.",
    )
    payments: Literal["off", "stripe"] = setting(
        "off",
        paying.PROVIDER,
        "Who takes payments for what accounts use: off (nobody; everything works without) or "
        "stripe.",
    )
    payment_meters: tuple[str, ...] = setting(
        "transferred_bytes",
        paying.METERS,
        "Meters whose counts are sold, separated by commas; each needs a meter at Stripe with the "
        "event name attimo_METER.",
    )
    payment_grace: int = setting(
        "7d",
        paying.GRACE,
        "How long after a failed payment an account keeps its plan.",
    )
    payment_failed_plan: str = setting(
        "free",
        paying.PLAN,
        "Plan of an account after that, until it has paid.",
    )
    stripe_secret_key: Secret | None = setting(  # noqa: RUF009 (a declaration, not a value)
        "off",
        paying.SECRET,
        "Secret or restricted key of the account at Stripe: a file with it, or, not as a flag, the "
        "key itself.",
    )
    stripe_webhook_secret: Secret | None = setting(  # noqa: RUF009 (a declaration, not a value)
        "off",
        paying.SECRET,
        "Signing secret of the webhook endpoint at Stripe, which is /payments/events: as "
        "--stripe-secret-key.",
    )
    stripe_prices: tuple[str, ...] = setting(
        "off",
        paying.PRICES,
        "IDs of the prices at Stripe to which an account subscribes when it has entered a payment "
        "method. With off, subscribe it at Stripe.",
    )
    stripe_api: str = setting(
        "https://api.stripe.com", paying.API, "URL of Stripe's API, or of a stand-in for tests."
    )
    webhook_networks: tuple[IPv4Network | IPv6Network, ...] = setting(
        "off",
        values.NETWORKS,
        "Networks to which webhooks may connect beside public addresses, separated by commas, such "
        "as 10.1.0.0/16: whoever can create webhooks can send requests there.",
    )
    smtp: SmtpServer | None = setting(  # noqa: RUF009 (a declaration, not a value)
        "off",
        values.SMTP,
        "SMTP server for outgoing mail. Without one, messages are saved in mail/ in the data "
        "directory.",
    )
    mail_from: str = setting("attimo@localhost", values.EMAIL, "Sender address of outgoing mail.")
    allowed_origins: tuple[str, ...] = setting(
        "*",
        values.ORIGINS,
        "Origins that can call this server from a browser; with *, any page that has a token. "
        "With --local, pages from listed origins need no token.",
    )
    metrics: Literal["loopback", "open", "off"] = setting(
        "loopback",
        values.METRICS,
        "Who can read /metrics, which contains cache names: loopback (programs on this machine, "
        "and clients of a listener with ?only=health), open (everyone), off.",
    )
    metrics_caches: int = setting(
        100,
        values.METRICS_CACHES,
        "Number of caches with metrics of their own, the busiest first; the rest are summed.",
    )
    log_format: Literal["text", "json"] = setting(
        "text", values.LOG_FORMAT, "Log format: text or json."
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info",
        values.LOG_LEVEL,
        "Minimum level to log. At info, every control-plane request is logged.",
    )
    otlp_endpoint: str | None = setting(
        "off",
        values.OTLP_ENDPOINT,
        "OTLP/HTTP endpoint that receives traces of control requests.",
    )
    origins: Mapping[str, str] = field(repr=False, default_factory=dict)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Every listener of the server."""
        plain = Listener(self.http, tls=False, setting="http") if self.http else None
        secure = Listener(self.https, tls=True, setting="https") if self.https else None
        return (*(each for each in (plain, secure) if each), *self.listen)

    def shown(self) -> list["Shown"]:
        """Return each setting with its value and origin, to be printed."""
        return [
            Shown(name, _words(getattr(self, name)), self.origins[name], declaration.help)
            for name, declaration in declarations().items()
            if not (declaration.hidden and self.origins[name] == "default")
        ]


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting as text."""

    name: str
    value: str
    origin: str
    help: str


def declarations() -> dict[str, Declaration]:
    """Return the declaration of each setting, by name, in this order."""
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

"""attimo webhook: messages of a topic, posted to a URL."""

from typing import Any

from attimo.cli import ask, complete
from attimo.cli.base_client import cache_part
from attimo.cli.command import Group, command
from attimo.cli.durations import Duration
from attimo.cli.http_client import HttpClient, part
from attimo.cli.options import Decorator, Function, Integer, argument, option, yes
from attimo.cli.shapes import Answer, Column, Done, Listing, Plain, Record, View, quoted
from attimo.cli.target import asks_server

group = Group("webhook", help="Webhooks: messages of a topic, posted to a URL.")

MOST_KEEP_OLD = 7 * 86_400
NOT_DELIVERED = 1
"""The exit status of a test that fails."""

CACHE, NAME = Column("cache"), Column("name")
COLUMNS = (
    *(CACHE, NAME, Column("topic"), Column("url", title="URL"), Column("state")),
    *(Column("waiting", "number"), Column("dead", "number"), Column("dropped", "number")),
    Column("failures", "number", wide=True),
    Column("next_attempt_at", "moment", "Next attempt", none="-", wide=True),
    Column("created_at", "moment", "Created", wide=True),
)
SECRET = Column("secret", none="-")
ATTEMPT = (
    *(Column("at", "instant"), Column("message"), Column("attempt", "number")),
    Column("delivered", "flag"),
    Column("status", "number", none="-"),
    Column("milliseconds", "number"),
    Column("error", "prose", none=""),
)


class _Set(Done):
    """A sentence on standard error, and a new secret alone on standard output."""

    def text(self, answer: Any, view: View) -> None:
        """Print them."""
        super().text(answer, view)
        if secret := answer.get("secret"):
            print(secret)


def which(function: Function) -> Function:
    """The webhook that a command is about."""
    named = argument("name", "The webhook.")(function)
    return argument("cache", "The cache.", shell_complete=complete.caches)(named)


def _path(cache: str, name: str, more: str = "") -> str:
    return f"/webhooks/{cache_part(cache)}/{part(name, 'webhook')}{more}"


def _limit() -> Decorator:
    return option(
        "--limit", type=Integer(min=1), default=20, show_default=True, help="The most to list."
    )


@command(
    group,
    "list",
    shape=Listing(*COLUMNS),
    examples=["attimo webhook list", "attimo webhook list --cache shop --json"],
)
@option("--cache", help="Only those of this cache.", shell_complete=complete.caches)
@asks_server
def list_webhooks(client: HttpClient, cache: str | None) -> list[dict[str, Any]]:
    """List webhooks, and how their deliveries go."""
    return list(client.pages("/webhooks", "webhooks", {} if cache is None else {"cache": cache}))


@command(
    group,
    shape=Record(*COLUMNS),
    examples=["attimo webhook show shop orders", "attimo webhook show shop orders --json"],
)
@which
@asks_server
def show(client: HttpClient, cache: str, name: str) -> dict[str, Any]:
    """Show a webhook, and how its deliveries go."""
    found: dict[str, Any] = client.ask("GET", _path(cache, name)).json()
    return found


@command(
    group,
    "set",
    shape=_Set("Set the webhook {shown}.", *COLUMNS, SECRET),
    examples=[
        "attimo webhook set shop orders --topic orders --to https://example.com/orders",
        "attimo webhook set shop bills --topic bills --to https://example.com/bills --json",
    ],
)
@which
@option("--topic", required=True, help="The topic whose messages are posted.")
@option("--to", required=True, metavar="URL", help="Where they are posted: http:// or https://.")
@asks_server
def set_webhook(client: HttpClient, cache: str, name: str, topic: str, to: str) -> dict[str, Any]:
    """Create a webhook and print its secret, or change its topic and URL.

    The secret is shown once; receivers verify deliveries with it. A webhook that was disabled works
    again.
    """
    body = {"topic": topic, "url": to}
    made: dict[str, Any] = client.ask("PUT", _path(cache, name), body=body).json()
    return made | {"shown": quoted(name)}


@command(
    group,
    shape=Done("Deleted the webhook {shown}.", CACHE, NAME),
    examples=[
        "attimo webhook delete shop orders --yes",
        "attimo webhook set shop bills --topic bills --to https://example.com/bills && "
        "attimo webhook delete shop bills --yes --json",
    ],
)
@which
@yes
@asks_server
def delete(client: HttpClient, cache: str, name: str, yes: bool) -> dict[str, Any]:
    """Delete a webhook, with what waits for it."""
    ask.confirm(f"Delete the webhook {quoted(name)}? This can't be undone.", yes)
    client.ask("DELETE", _path(cache, name))
    return {"cache": cache, "name": name, "shown": quoted(name)}


@command(
    group,
    "rotate-secret",
    shape=Plain(SECRET, CACHE, NAME, Column("old_secret_until", "moment", none="-")),
    examples=[
        "attimo webhook rotate-secret shop orders",
        "attimo webhook rotate-secret shop orders --keep-old 1h --json",
    ],
)
@which
@option(
    "--keep-old",
    type=Duration(most=MOST_KEEP_OLD),
    default="24h",
    show_default=True,
    help="How long the old secret signs, too.",
)
@asks_server
def rotate_secret(client: HttpClient, cache: str, name: str, keep_old: int) -> dict[str, Any]:
    """Give a webhook a new secret, and print it."""
    body = {"keep_old_seconds": keep_old}
    made: dict[str, Any] = client.ask(
        "POST", _path(cache, name, "/rotate-secret"), body=body
    ).json()
    return made


@command(
    group,
    shape=Record(*ATTEMPT),
    examples=["attimo webhook test shop orders", "attimo webhook test shop orders --json"],
)
@which
@asks_server
def test(client: HttpClient, cache: str, name: str) -> Answer:
    """Post a message to a webhook now; the exit status is 1 if it is not delivered."""
    told = client.ask("POST", _path(cache, name, "/test")).json()
    return Answer(told, 0 if told["delivered"] else NOT_DELIVERED)


@command(
    group,
    shape=Listing(*ATTEMPT),
    examples=[
        "attimo webhook deliveries shop orders",
        "attimo webhook deliveries shop orders --limit 100 --json",
    ],
)
@which
@_limit()
@asks_server
def deliveries(client: HttpClient, cache: str, name: str, limit: int) -> list[dict[str, Any]]:
    """List attempts to deliver messages, the newest first; the log has the last 1,000."""
    return _first(client, _path(cache, name, "/deliveries"), "deliveries", limit)


@command(
    group,
    "dead-letters",
    shape=Listing(
        *(Column("message"), Column("topic"), Column("published_at", "instant", "Published")),
        Column("dead_at", "instant", "Given up"),
        *(Column("attempts", "number"), Column("reason", "prose")),
    ),
    examples=[
        "attimo webhook dead-letters shop orders",
        "attimo webhook dead-letters shop orders --json",
    ],
)
@which
@_limit()
@asks_server
def dead_letters(client: HttpClient, cache: str, name: str, limit: int) -> list[dict[str, Any]]:
    """List messages that were given up, the oldest first."""
    return _first(client, _path(cache, name, "/dead-letters"), "dead_letters", limit)


@command(
    group,
    shape=Done(
        lambda told: (
            f"Delivering {told['messages']:,} message{'s' * (told['messages'] != 1)} once more."
        ),
        Column("messages", "number"),
    ),
    examples=[
        "attimo webhook redeliver shop orders",
        "attimo webhook redeliver shop orders --from 1764633600000000-17-0123456789ab --json",
    ],
)
@which
@option("--from", "since", metavar="MESSAGE", help="Only this message and those after it.")
@asks_server
def redeliver(client: HttpClient, cache: str, name: str, since: str | None) -> dict[str, Any]:
    """Deliver messages that were given up once more, before those that wait."""
    query = "" if since is None else f"?from={part(since, 'message')}"
    told: dict[str, Any] = client.ask("POST", _path(cache, name, f"/redeliver{query}")).json()
    return told


def _first(client: HttpClient, path: str, field: str, limit: int) -> list[dict[str, Any]]:
    found = client.pages(path, field)
    return [each for _, each in zip(range(limit), found, strict=False)]

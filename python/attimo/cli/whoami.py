"""attimo whoami: who a key is, what it permits, and how this command came by it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.shapes import Column, Record, View
from attimo.cli.target import Choice, asks_chosen


class Identity(Record):
    """A credential; what it does not have is left out for people."""

    def text(self, answer: Any, view: View) -> None:
        """Print a line for each field that it has."""
        shown = {**answer, **{name: ", ".join(answer[name]) for name in ("allowed", "addresses")}}
        shown["allowed"] = shown["allowed"] or "nothing"
        has = [each for each in self.columns if shown.get(each.name) or each.name == "expires_at"]
        texts = [Column(each.name) if each.kind == "data" else each for each in has]
        Record(*(each for each in texts if each.name != "permissions")).text(shown, view)


IDENTITY = (
    Column("kind"),
    Column("id", none=""),
    Column("description", "prose", none=""),
    Column("email", title="E-mail", none=""),
    Column("account", none=""),
    Column("account_id", "number", none=""),
    Column("role", none=""),
    Column("role_id", none="", wide=True),
    Column("allowed", "data"),
    Column("permissions", "data"),
    Column("addresses", "data", none=""),
    Column("issued_at", "moment", "Issued", none=""),
    Column("expires_at", "moment", "Expires", none="never"),
    Column("made_by", title="Made by", none=""),
    Column("made_by_key_id", title="Made by key", none=""),
    Column("url", title="Server"),
    Column("server", title="Chosen by"),
    Column("key_from", title="Key from"),
)


@command(shape=Identity(*IDENTITY), examples=["attimo whoami", "attimo whoami --json"])
@asks_chosen
def whoami(client: HttpClient, choice: Choice) -> dict[str, Any]:
    """Show who you are: the key, its account, role and permissions, and where the key came from.

    Any valid key, disposable token or session can ask this about itself.
    """
    return fields(client.whoami(), choice)


def fields(found: Mapping[str, Any], choice: Choice) -> dict[str, Any]:
    """What the server says of a credential, as it is shown."""
    account, role = found.get("account") or {}, found.get("role") or {}
    conditions = found["permissions"].get("conditions", [])
    return {
        **found,
        "account": account.get("name"),
        "account_id": account.get("account_id"),
        "role": role.get("role_name"),
        "role_id": role.get("role_id"),
        "addresses": [" or ".join(each["ip_filter"]["allowed_cidr_ranges"]) for each in conditions],
        "issued_at": seconds(found.get("issued_at")),
        "expires_at": seconds(found.get("expires_at")),
        "url": choice.server.url,
        "server": choice.name,
        "key_from": choice.key_from,
    }


def seconds(moment: str | None) -> float | None:
    """A moment in ISO 8601 in seconds since 1970."""
    return None if moment is None else datetime.fromisoformat(moment).timestamp()

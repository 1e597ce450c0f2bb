"""Permissions as they are typed: `read:prod/public/*`.

A grant is verbs, a cache, and after a slash which keys: `*` is every cache or key, a `*` at the end
of a key is every key that begins so. Topics are typed as `topic:read,write:chat/room-*`.
"""

import json
from pathlib import Path
from typing import Any

import typer

HELP = (
    "A grant, such as read:prod, read,write:prod/user-7, read:prod/public/* or "
    "topic:write:chat/room-*; may be repeated."
)
_EVERYTHING = "*"


def rules(grants: list[str]) -> dict[str, Any]:
    """The permission set of some grants.

    Raises:
        typer.BadParameter: One is none.
    """
    return {"rules": [_rule(grant) for grant in grants]}


def of_file(path: Path) -> dict[str, Any]:
    """The permission set in a file, as JSON.

    Raises:
        typer.BadParameter: It is no JSON object.
    """
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        raise typer.BadParameter(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise typer.BadParameter(f"{path} must hold an object with rules")
    return found


def shown(rule: dict[str, Any]) -> str:
    """A rule as it is typed, as far as it can be; for tables."""
    verbs = ",".join(rule["permissions"])
    about = [_shown(value) for name, value in rule.items() if name not in ("type", "permissions")]
    while about and about[-1] == _EVERYTHING:
        about.pop()
    kind = "" if rule["type"] == "cache" else f"{rule['type']}:"
    return f"{kind}{verbs}:{'/'.join(about) or _EVERYTHING}"


def _rule(grant: str) -> dict[str, Any]:
    kind, rest = ("topic", grant[6:]) if grant.startswith("topic:") else ("cache", grant)
    verbs, colon, about = rest.partition(":")
    cache, slash, name = about.partition("/")
    if not verbs or not colon or not cache or (slash and not name):
        raise typer.BadParameter(f"{grant!r} is no grant: say verbs:cache or verbs:cache/key")
    fields = ("topics", "name", "prefix") if kind == "topic" else ("items", "key", "key_prefix")
    return {
        "type": kind,
        "permissions": verbs.split(","),
        "caches": _EVERYTHING if cache == _EVERYTHING else {"name": cache},
        fields[0]: _selector(name or _EVERYTHING, *fields[1:]),
    }


def _selector(name: str, exact: str, prefix: str) -> object:
    if name == _EVERYTHING:
        return _EVERYTHING
    return {prefix: name[:-1]} if name.endswith("*") else {exact: name}


def _shown(selector: Any) -> str:
    if selector == _EVERYTHING:
        return _EVERYTHING
    ((name, value),) = selector.items()
    return f"{value}*" if "prefix" in name else str(value)

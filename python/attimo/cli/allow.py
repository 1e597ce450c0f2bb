"""Permissions as they are typed: `read:prod/public/*`.

A grant is verbs, a cache, and after a slash the keys: `*` is every cache or key, a `*` at the end
of a name makes it a prefix. Topics are typed as `topic:read,write:chat/room-*`, the right to
create, flush, delete and list caches as `caches:write,list:pr-*`, the right to create disposable
tokens as `tokens`, and the right to manage the server's accounts as `server:list,read,write`.
"""

import json
from pathlib import Path
from typing import Any

import click

HELP = (
    "Grant as VERBS:CACHE or VERBS:CACHE/KEY: read:prod, read,write:pr-*, read:prod/public/*, "
    "topic:write:chat/room-*, caches:write,list:pr-* (create and delete caches), tokens (create "
    "disposable tokens) or server:list,read,write (the server's accounts). Can be repeated."
)
_EVERYTHING = "*"
_TOKENS = "tokens"
_SERVER = "server:"
_TYPES = {"topic": "topic", "caches": "resource_management"}


def rules(grants: list[str]) -> dict[str, Any]:
    """The permission set of some grants.

    Raises:
        click.BadParameter: A grant is not valid.
    """
    return {"rules": [_rule(grant) for grant in grants]}


def of_file(path: Path) -> dict[str, Any]:
    """The permission set in a file, as JSON.

    Raises:
        click.BadParameter: It is not a JSON object.
    """
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        raise click.BadParameter(f"{path} is not valid JSON: {error}") from error
    if not isinstance(found, dict):
        raise click.BadParameter(f"{path} must contain a JSON object with rules")
    return found


def shown(rule: dict[str, Any]) -> str:
    """A rule as it is typed, as far as it can be; for tables."""
    if rule["type"] == "token_management":
        return _TOKENS
    verbs = ",".join(rule["permissions"])
    if rule["type"] == "server_management":
        return f"{_SERVER}{verbs}"
    about = [_shown(value) for name, value in rule.items() if name not in ("type", "permissions")]
    while about and about[-1] == _EVERYTHING:
        about.pop()
    names = {type: name for name, type in _TYPES.items()}
    kind = "" if rule["type"] == "cache" else f"{names.get(rule['type'], rule['type'])}:"
    return f"{kind}{verbs}:{'/'.join(about) or _EVERYTHING}"


def _rule(grant: str) -> dict[str, Any]:
    if grant == _TOKENS:
        return {"type": "token_management", "permissions": ["write"]}
    if grant.startswith(_SERVER):
        verbs = grant.removeprefix(_SERVER)
        return {"type": "server_management", "permissions": verbs.split(",")}
    kind, _, rest = grant.partition(":")
    type = _TYPES.get(kind, "cache")
    verbs, colon, about = (rest if kind in _TYPES else grant).partition(":")
    cache, slash, name = about.partition("/")
    if not verbs or not colon or not cache or (slash and not name):
        raise click.BadParameter(
            f"{grant!r} is not a valid grant. Use VERBS:CACHE or VERBS:CACHE/KEY, "
            "for example read,write:prod/user-*"
        )
    if type == "resource_management" and slash:
        raise click.BadParameter(
            f"{grant!r} is not a valid grant. Use caches:VERBS:CACHE, without a key"
        )
    chosen = [_selector(cache, "name", "prefix")]
    match type:
        case "resource_management":
            fields = ["resources"]
        case "topic":
            fields = ["caches", "topics"]
            chosen.append(_selector(name or _EVERYTHING, "name", "prefix"))
        case _:
            fields = ["caches", "items"]
            chosen.append(_selector(name or _EVERYTHING, "key", "key_prefix"))
    return {"type": type, "permissions": verbs.split(",")} | dict(zip(fields, chosen, strict=True))


def _selector(name: str, exact: str, prefix: str) -> object:
    if name == _EVERYTHING:
        return _EVERYTHING
    return {prefix: name[:-1]} if name.endswith("*") else {exact: name}


def _shown(selector: Any) -> str:
    if selector == _EVERYTHING:
        return _EVERYTHING
    ((name, value),) = selector.items()
    said = f"base64 {value}" if name.endswith("_base64") else str(value)
    if "prefix" in name:
        return f"{said}*"
    # One name that ends so is no prefix; such a rule comes from JSON only.
    return f"{said!r} exactly" if said.endswith("*") else said

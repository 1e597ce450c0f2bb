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

from attimo.cli import inputs
from attimo.grant_text import EVERYTHING, SERVER, TOKENS, TYPES

VERBS = ("read", "write", "list")
HELP = (
    "Grant as VERBS:CACHE or VERBS:CACHE/KEY: read:prod, read,write:pr-*, read:prod/public/*, "
    "topic:write:chat/room-*, caches:write,list:pr-* (create and delete caches), tokens (create "
    "disposable tokens) or server:list,read,write (the server's accounts). Can be repeated."
)


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
        InvalidArgument: It cannot be read.
    """
    try:
        found = json.loads(inputs.content(path))
    except RecursionError:
        raise click.BadParameter(f"{path} is not valid JSON: it is nested too deep") from None
    except ValueError as error:
        raise click.BadParameter(f"{path} is not valid JSON: {error}") from error
    if not isinstance(found, dict):
        raise click.BadParameter(f"{path} must contain a JSON object with rules")
    return found


def _rule(grant: str) -> dict[str, Any]:
    if grant == TOKENS:
        return {"type": "token_management", "permissions": ["write"]}
    if grant.startswith(f"{SERVER}:"):
        verbs = grant.removeprefix(f"{SERVER}:")
        return {"type": "server_management", "permissions": _verbs(verbs, grant)}
    kind, _, rest = grant.partition(":")
    type = TYPES.get(kind, "cache")
    verbs, colon, about = (rest if kind in TYPES else grant).partition(":")
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
            chosen.append(_selector(name or EVERYTHING, "name", "prefix"))
        case _:
            fields = ["caches", "items"]
            chosen.append(_selector(name or EVERYTHING, "key", "key_prefix"))
    granted = {"type": type, "permissions": _verbs(verbs, grant)}
    return granted | dict(zip(fields, chosen, strict=True))


def _verbs(verbs: str, grant: str) -> list[str]:
    found = verbs.split(",")
    if wrong := [verb for verb in found if verb not in VERBS]:
        raise click.BadParameter(
            f"{wrong[0]!r} in {grant!r} is not a verb. Use read, write or list"
        )
    return found


def _selector(name: str, exact: str, prefix: str) -> object:
    if name == EVERYTHING:
        return EVERYTHING
    return {prefix: name[:-1]} if name.endswith("*") else {exact: name}

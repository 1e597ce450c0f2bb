"""Rules of a permission set in the words of the command line: `read:prod/public/*`."""

from collections.abc import Mapping
from typing import Any

EVERYTHING = "*"
TOKENS = "tokens"
SERVER = "server"
TYPES = {"topic": "topic", "caches": "resource_management"}
"""The types of rules that have a name of their own here, beside those above."""

_NAMES = {type: name for name, type in TYPES.items()} | {"server_management": SERVER}


def shown(rule: Mapping[str, Any]) -> str:
    """A rule in JSON as it is typed, as far as it can be."""
    if rule["type"] == "token_management":
        return TOKENS
    verbs = ",".join(rule["permissions"])
    about = [_shown(value) for name, value in rule.items() if name not in ("type", "permissions")]
    if rule["type"] == "server_management":
        return f"{SERVER}:{verbs}"
    while about and about[-1] == EVERYTHING:
        about.pop()
    return f"{_kind(rule['type'])}{verbs}:{'/'.join(about) or EVERYTHING}"


def verb_of(type: str, verb: str) -> str:
    """One verb of a type: `caches:write`."""
    return TOKENS if type == "token_management" else f"{_kind(type)}{verb}"


def _kind(type: str) -> str:
    return "" if type == "cache" else f"{_NAMES.get(type, type)}:"


def _shown(selector: Any) -> str:
    if selector == EVERYTHING:
        return EVERYTHING
    ((name, value),) = selector.items()
    said = f"base64 {value}" if name.endswith("_base64") else str(value)
    if "prefix" in name:
        return f"{said}*"
    # One name that ends so is no prefix; such a rule comes from JSON only.
    return f"{said!r} exactly" if said.endswith("*") else said

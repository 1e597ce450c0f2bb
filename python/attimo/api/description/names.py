"""Names of schemas that people can read, in place of paths of Python modules."""

import json
import re
from typing import Any

_NOUNS = {
    "api_keys": "ApiKey",
    "audit": "AuditEntry",
    "caches": "Cache",
    "limits": "Limit",
    "members": "Member",
    "password": "Password",
    "roles": "Role",
    "session": "Session",
    "signing_keys": "SigningKey",
    "signup": "Account",
    "tokens": "Token",
}
_WORDS = {
    "Wanted": "Wanted{}",
    "Shown": "{}",
    "Made": "New{}",
    "Listed": "{}Page",
    "Changed": "Changed{}",
}
_MODULE = re.compile(r"attimo__api__([a-z_]+)__([A-Za-z]+)")


def readable(part: dict[str, Any]) -> dict[str, Any]:
    """The same part of the document, its `schemas` among it, with such names.

    Raises:
        KeyError: A model's name is one of several, and no word here tells it apart.
    """
    text = _MODULE.sub(_name, json.dumps(part))
    found: dict[str, Any] = json.loads(text)
    for name, schema in found["schemas"].items():
        schema["title"] = name
    return found


def _name(match: re.Match[str]) -> str:
    module, word = match.groups()
    return _WORDS[word].format(_NOUNS[module])

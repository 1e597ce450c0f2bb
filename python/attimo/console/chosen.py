"""Permissions as forms ask for them: one rule by choosing, or JSON."""

import json

from attimo.console.web import Visit
from attimo.control import permissions
from attimo.control.permissions import Permissions
from attimo.errors import InvalidArgument


def wanted(visit: Visit) -> Permissions:
    """The permissions in the fields of `permission_fields` of the macros; JSON goes first.

    Raises:
        InvalidArgument: They are malformed, or nothing is chosen.
    """
    asked = visit.field("permissions").strip()
    return parsed(asked) if asked else _rule(visit)


def parsed(text: str) -> Permissions:
    """Permissions in JSON.

    Raises:
        InvalidArgument: They are malformed; the message names the place.
    """
    try:
        return permissions.read(json.loads(text))
    except (ValueError, RecursionError) as error:  # ValueError is also a number of 4,301 digits
        raise InvalidArgument("permissions: cannot be read as JSON") from error


def _rule(visit: Visit) -> Permissions:
    verbs = [verb for verb in ("read", "write") if visit.field(verb)]
    if not verbs:
        raise InvalidArgument("Choose read, write or both")
    cache, prefix = visit.field("cache").strip(), visit.field("prefix")
    rule = {
        "type": "cache",
        "permissions": verbs,
        "caches": {"name": cache} if cache else "*",
        "items": {"key_prefix": prefix} if prefix else "*",
    }
    return permissions.read({"rules": [rule]})

"""Converts the permissions in Momento's messages to a permission set."""

from google.protobuf.message import Message

from attimo.api.messages import permissionmessages_pb2 as pb
from attimo.control.permissions import MOST_RULES, Permissions, Rule
from attimo.control.selectors import ALL, LONGEST, Selector
from attimo.errors import InvalidArgument

_VERBS = {1: frozenset({"read", "write"}), 2: frozenset({"read"}), 3: frozenset({"write"})}
"""The verbs of a cache's roles, and of a topic's: read to subscribe, write to publish."""
_INVOKE = {1: frozenset({"invoke"})}


def is_super_user(asked: pb.Permissions) -> bool:
    """Whether all permissions are requested."""
    return bool(asked.WhichOneof("kind") == "super_user")


def read(asked: pb.Permissions) -> Permissions:
    """Parse explicit permissions.

    Raises:
        InvalidArgument: Nothing is granted, a name is empty, or one thing is granted twice; the
            message names the place.
    """
    grants = asked.explicit.permissions
    path = "permissions.explicit.permissions"
    if not 1 <= len(grants) <= MOST_RULES:
        raise InvalidArgument(f"{path} must hold 1 to {MOST_RULES} grants")
    rules = [_rule(grant, f"{path}[{at}]") for at, grant in enumerate(grants)]
    seen: set[tuple[str, tuple[Selector, ...]]] = set()
    for at, rule in enumerate(rules):
        if (rule.type, rule.selectors) in seen:
            raise InvalidArgument(f"{path}[{at}] is about the same as one before it: join the two")
        seen.add((rule.type, rule.selectors))
    return Permissions(tuple(rules))


def _rule(grant: pb.PermissionsType, path: str) -> Rule:
    match grant.WhichOneof("kind"):
        case "cache_permissions":
            asked = grant.cache_permissions
            place = f"{path}.cache_permissions"
            item = _chosen(asked, "cache_item", "item_selector", place, may_be_unset=True)
            return Rule("cache", _verbs(asked.role, _VERBS, place), (_cache(asked, place), item))
        case "topic_permissions":
            topic = grant.topic_permissions
            place = f"{path}.topic_permissions"
            named = _chosen(topic, "topic", "topic_selector", place)
            return Rule("topic", _verbs(topic.role, _VERBS, place), (_cache(topic, place), named))
        case "function_permissions":
            function = grant.function_permissions
            place = f"{path}.function_permissions"
            named = _chosen(function, "function", "function_selector", place)
            verbs = _verbs(function.role, _INVOKE, place)
            return Rule("function", verbs, (_cache(function, place), named))
        case _:
            raise InvalidArgument(f"{path} must be about a cache, a topic or a function")


def _verbs(role: int, roles: dict[int, frozenset[str]], path: str) -> frozenset[str]:
    if role not in roles:
        raise InvalidArgument(f"{path}.role must be set to one that permits something")
    return roles[role]


def _cache(grant: Message, path: str) -> Selector:
    chosen = _chosen(grant, "cache", "cache_selector", path)
    if chosen.looks_like_a_pattern:
        raise InvalidArgument(
            f'{path}.cache_selector.cache_name must not end with "*": it names one cache here; '
            "POST /tokens takes a prefix of names"
        )
    return chosen


def _chosen(
    grant: Message, choice: str, selector: str, path: str, may_be_unset: bool = False
) -> Selector:
    """Return what a grant matches: everything, or its selector's field."""
    field = grant.WhichOneof(choice)
    if field is None and not may_be_unset:
        raise InvalidArgument(f"{path} must choose one {choice}, or all of them")
    if field != selector:
        return ALL
    chosen: Message = getattr(grant, selector)
    name = chosen.WhichOneof("kind")
    value = getattr(chosen, name) if name else ""
    found = value.encode() if isinstance(value, str) else bytes(value)
    if not 1 <= len(found) <= LONGEST:
        raise InvalidArgument(
            f"{path}.{selector}.{name or 'kind'} must be 1 to {LONGEST} bytes long"
        )
    return Selector("prefix" if str(name).endswith("_prefix") else "exact", found)

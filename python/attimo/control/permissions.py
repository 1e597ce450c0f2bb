"""Permission sets of roles and tokens: Momento's version 2, parsed strictly.

A set has rules, any of which can grant, and conditions, all of which must hold. The default is to
deny. The data plane reads the same JSON, and only what `dump` wrote.
"""

import ipaddress
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from attimo.control import selectors
from attimo.control.selectors import ALL, Selector
from attimo.errors import InvalidArgument, PermissionDenied

FIRST_ACCOUNT = 1
"""The first account of a server, whose Owners are its operators."""
SERVER_MANAGEMENT = "server_management"
"""The type of rules about other accounts (not in Momento's API).

They count in the first account only.
"""

MOST_RULES = 20
MOST_RANGES = 100

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of rule: its verbs, and its selectors by the names of their fields."""

    verbs: tuple[str, ...]
    selectors: Mapping[str, selectors.Form]
    is_data: bool


_VERBS = ("read", "write", "list")
_CACHES = {"caches": selectors.NAME}

KINDS: Mapping[str, Kind] = {
    "account_management": Kind(_VERBS, {}, is_data=False),
    "auth_management": Kind(_VERBS, {"items": selectors.ANY}, is_data=False),
    "token_management": Kind(("write",), {}, is_data=False),
    SERVER_MANAGEMENT: Kind(_VERBS, {}, is_data=False),
    "resource_management": Kind(_VERBS, {"resources": selectors.RESOURCE}, is_data=False),
    "cache": Kind(_VERBS, _CACHES | {"items": selectors.KEY}, is_data=True),
    "topic": Kind(_VERBS, _CACHES | {"topics": selectors.NAME}, is_data=True),
    "store": Kind(_VERBS, {"stores": selectors.NAME, "items": selectors.KEY}, is_data=True),
    "function": Kind(("invoke",), _CACHES | {"functions": selectors.NAME}, is_data=True),
    "database": Kind(("read", "write"), {"databases": selectors.NAME}, is_data=True),
}
"""Every type of rule. `token_management` (not in Momento's API) permits creating disposable
tokens. The last three are stored, but nothing uses them yet."""

LISTED = ("cache", "topic", "store")
"""What `list` on resources lists."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One grant: these verbs on what all of these selectors match."""

    type: str
    verbs: frozenset[str]
    selectors: tuple[Selector, ...] = ()

    def covers(self, other: "Rule") -> bool:
        """Whether it grants all that the other grants."""
        return (
            self.type == other.type
            and self.verbs >= other.verbs
            and all(ours.covers(theirs) for ours, theirs in self._beside(other))
        )

    def grants(self) -> Iterator["Rule"]:
        """Yield the rule, and what it implies.

        Creating keys includes creating tokens; listing all resources includes listing the caches.
        """
        yield self
        if self.type == "auth_management" and "write" in self.verbs:
            yield Rule("token_management", frozenset({"write"}))
        if self.type == "resource_management" and "list" in self.verbs:
            for type in LISTED:
                yield Rule(type, frozenset({"list"}), (*self.selectors, ALL))

    def parts(self) -> Iterator["Rule"]:
        """Split it into what different rules can grant: `list`, and the other verbs."""
        for verbs in (self.verbs - {"list"}, self.verbs & {"list"}):
            if verbs:
                yield Rule(self.type, verbs, self.selectors)

    def met(self, other: "Rule") -> "Rule | None":
        """What both grant; None if that is nothing."""
        verbs = self.verbs & other.verbs
        if self.type != other.type or not verbs:
            return None
        met = [ours.met(theirs) for ours, theirs in self._beside(other)]
        narrower = tuple(selector for selector in met if selector is not None)
        return Rule(self.type, verbs, narrower) if len(narrower) == len(met) else None

    def dump(self) -> dict[str, Any]:
        """The rule as JSON."""
        kind = KINDS[self.type]
        fields = zip(kind.selectors.items(), self.selectors, strict=True)
        return {
            "type": self.type,
            "permissions": [verb for verb in kind.verbs if verb in self.verbs],
            **{name: form.dump(selector) for (name, form), selector in fields},
        }

    def _beside(self, other: "Rule") -> Sequence[tuple[Selector, Selector]]:
        return list(zip(self.selectors, other.selectors, strict=True))


@dataclass(frozen=True, slots=True)
class Right:
    """A permission that something needs.

    Attributes:
        about: What the permission must cover; None if it may cover anything, because the action
            itself checks what it reads or writes.
    """

    type: str
    verb: str
    about: Selector | None = ALL

    def on(self, name: str) -> "Right":
        """The same permission on the resource with this name."""
        return replace(self, about=Selector("exact", name.encode()))


@dataclass(frozen=True, slots=True)
class Permissions:
    """A permission set.

    Attributes:
        rules: Each of them grants something.
        networks: The caller's address must be in one network of each of these.
    """

    rules: tuple[Rule, ...]
    networks: tuple[tuple[Network, ...], ...] = field(default=())

    def chosen(self, type: str, verb: str) -> list[Selector]:
        """The selectors of the rules that grant this verb; ALL for types without selectors."""
        return [
            rule.selectors[0] if rule.selectors else ALL
            for rule in self._granted()
            if rule.type == type and verb in rule.verbs
        ]

    def allows(self, type: str, verb: str, about: Selector | None = ALL) -> bool:
        """Whether a rule grants this on all that `about` matches; None matches any rule."""
        chosen = self.chosen(type, verb)
        return bool(chosen) if about is None else any(each.covers(about) for each in chosen)

    def within(self, account_id: int) -> "Permissions":
        """What of it counts in an account: rules about the server do in the first one only."""
        if account_id == FIRST_ACCOUNT:
            return self
        return replace(
            self, rules=tuple(rule for rule in self.rules if rule.type != SERVER_MANAGEMENT)
        )

    def covers(self, other: "Permissions") -> bool:
        """Whether it permits everything that the other permits, from every address of the other."""
        return not other.beyond(self) and all(
            any(_inside(theirs, ours) for theirs in other.networks) for ours in self.networks
        )

    def beyond(self, other: "Permissions") -> list[Rule]:
        """What this permits, part by part, and the other does not."""
        granted = list(other._granted())
        parts = (part for rule in self.rules for part in rule.parts())
        return [part for part in parts if not any(theirs.covers(part) for theirs in granted)]

    def within_both(self, other: "Permissions") -> "Permissions":
        """What both permit, from the addresses of both."""
        met = [own.met(theirs) for own in self.rules for theirs in other._granted()]
        rules = list(dict.fromkeys(rule for rule in met if rule is not None))
        narrow = [
            rule
            for rule in rules
            if not any(wider != rule and wider.covers(rule) for wider in rules)
        ]
        return Permissions(tuple(narrow), self.networks + other.networks)

    def _granted(self) -> Iterator[Rule]:
        return (granted for rule in self.rules for granted in rule.grants())

    def admit(self, peer: str) -> None:
        """Refuse a caller from an address for which the conditions do not hold.

        Raises:
            PermissionDenied: The address is in none of the networks.
        """
        address = ipaddress.ip_address(peer)
        if not all(any(address in network for network in ranges) for ranges in self.networks):
            raise PermissionDenied("Insufficient permissions: the role is not for this address")

    @property
    def is_data_only(self) -> bool:
        """Whether it permits data only, and nothing about accounts, keys or caches as such."""
        return all(KINDS[rule.type].is_data for rule in self.rules)

    def dump(self) -> dict[str, Any]:
        """The set as JSON."""
        dumped: dict[str, Any] = {"rules": [rule.dump() for rule in self.rules]}
        if self.networks:
            dumped["conditions"] = [
                {"ip_filter": {"allowed_cidr_ranges": [str(network) for network in ranges]}}
                for ranges in self.networks
            ]
        return dumped

    def text(self) -> str:
        """The set as JSON text."""
        return json.dumps(self.dump(), separators=(",", ":"))


def of_text(text: str) -> Permissions:
    """Parse the output of `text`."""
    return _read(json.loads(text), "permissions")


NOTHING = Permissions(())


def everything(verbs: Mapping[str, Sequence[str]] | None = None) -> Permissions:
    """Every type of rule, on everything, with all or with these verbs."""
    chosen = verbs or {}
    rules = tuple(
        Rule(type, frozenset(chosen.get(type, kind.verbs)), (ALL,) * len(kind.selectors))
        for type, kind in KINDS.items()
        if chosen.get(type, kind.verbs)
    )
    return Permissions(rules)


def read(asked: object, path: str = "permissions") -> Permissions:
    """Parse a permission set.

    Raises:
        InvalidArgument: It is malformed, or names a cache or another resource by a pattern; the
            message names the place.
    """
    found = _read(asked, path)
    for at, rule in enumerate(found.rules):
        if rule.selectors and rule.selectors[0].looks_like_a_pattern:
            field = next(iter(KINDS[rule.type].selectors))
            name = rule.selectors[0].value.decode()
            raise InvalidArgument(
                f'{path}.rules[{at}].{field}.name must not end with "*"; for all whose names begin '
                f'so, write {{"prefix": {json.dumps(name[:-1])}}}'
            )
    return found


def _read(asked: object, path: str) -> Permissions:
    found = _object(asked, path, {"rules", "conditions"})
    rules = _list(found.get("rules"), f"{path}.rules", MOST_RULES)
    if not rules:
        raise InvalidArgument(f"{path}.rules must hold 1 to {MOST_RULES} rules")
    conditions = _list(found.get("conditions", []), f"{path}.conditions", MOST_RULES)
    return Permissions(
        tuple(_rule(rule, f"{path}.rules[{at}]") for at, rule in enumerate(rules)),
        tuple(_ranges(each, f"{path}.conditions[{at}]") for at, each in enumerate(conditions)),
    )


def _rule(asked: object, path: str) -> Rule:
    type = asked.get("type") if isinstance(asked, dict) else None
    kind = KINDS.get(type) if isinstance(type, str) else None
    if kind is None or not isinstance(type, str):
        raise InvalidArgument(f"{path}.type must be one of {', '.join(KINDS)}")
    found = _object(asked, path, {"type", "permissions", *kind.selectors})
    chosen = tuple(
        form.read(found.get(name), f"{path}.{name}") for name, form in kind.selectors.items()
    )
    return Rule(type, _verbs(found.get("permissions"), kind, f"{path}.permissions"), chosen)


def _verbs(asked: object, kind: Kind, path: str) -> frozenset[str]:
    verbs = _list(asked, path, len(kind.verbs))
    if not verbs or not all(verb in kind.verbs for verb in verbs):
        raise InvalidArgument(f"{path} must hold one or more of {', '.join(kind.verbs)}")
    return frozenset(verbs)


def _ranges(asked: object, path: str) -> tuple[Network, ...]:
    condition = _object(asked, path, {"ip_filter"})
    path = f"{path}.ip_filter"
    found = _object(condition.get("ip_filter"), path, {"allowed_cidr_ranges"})
    path = f"{path}.allowed_cidr_ranges"
    ranges = _list(found.get("allowed_cidr_ranges"), path, MOST_RANGES)
    if not ranges:
        raise InvalidArgument(f"{path} must hold 1 to {MOST_RANGES} ranges")
    return tuple(_network(each, f"{path}[{at}]") for at, each in enumerate(ranges))


def _network(asked: object, path: str) -> Network:
    try:
        # Python accepts zones (fe80::%1/64); the data plane would reject the set.
        if isinstance(asked, str) and "/" in asked and "%" not in asked:
            return ipaddress.ip_network(asked)
    except ValueError:
        pass
    raise InvalidArgument(f"{path} must be a range such as 10.0.0.0/8, with no bits behind it")


def _inside(inner: tuple[Network, ...], outer: tuple[Network, ...]) -> bool:
    return all(any(_within(each, all_of) for all_of in outer) for each in inner)


def _within(inner: Network, outer: Network) -> bool:
    if isinstance(inner, ipaddress.IPv4Network):
        return isinstance(outer, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, ipaddress.IPv6Network) and inner.subnet_of(outer)


def _object(asked: object, path: str, names: set[str]) -> dict[str, Any]:
    if not isinstance(asked, dict):
        raise InvalidArgument(f"{path} must be an object")
    unknown = sorted(str(name) for name in asked.keys() - names)
    if unknown:
        raise InvalidArgument(f"{path}.{unknown[0]} is not a field: {', '.join(sorted(names))} are")
    return asked


def _list(asked: object, path: str, most: int) -> list[Any]:
    if not isinstance(asked, list):
        raise InvalidArgument(f"{path} must be a list")
    if len(asked) > most:
        raise InvalidArgument(f"{path} must hold at most {most}")
    return asked

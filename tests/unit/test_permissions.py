"""Permission sets: what is read is what was written, and what breaks the form is named."""

from typing import Any

import pytest

from attimo.control import permissions
from attimo.control.system_roles import OPERATOR, OWNER, VIEWER
from attimo.errors import InvalidArgument

FULL: dict[str, Any] = {
    "rules": [
        {"type": "account_management", "permissions": ["read", "list"]},
        {"type": "auth_management", "permissions": ["read", "write", "list"], "items": "*"},
        {"type": "resource_management", "permissions": ["read"], "resources": "*"},
        {
            "type": "cache",
            "permissions": ["read"],
            "caches": {"name": "prod"},
            "items": {"key_prefix": "public/"},
        },
        {"type": "cache", "permissions": ["write"], "caches": "*", "items": {"key_base64": "/w=="}},
        {
            "type": "topic",
            "permissions": ["write"],
            "caches": {"name": "chat"},
            "topics": {"prefix": "room-"},
        },
        {
            "type": "store",
            "permissions": ["write"],
            "stores": {"name": "prefs"},
            "items": {"key": "schema"},
        },
        {
            "type": "function",
            "permissions": ["invoke"],
            "caches": "*",
            "functions": {"prefix": "webhook-"},
        },
        {"type": "database", "permissions": ["read", "write"], "databases": "*"},
    ],
    "conditions": [{"ip_filter": {"allowed_cidr_ranges": ["10.0.0.0/8", "2001:db8::/32"]}}],
}
CACHE: dict[str, Any] = {"type": "cache", "permissions": ["read"], "caches": "*", "items": "*"}


def of(*rules: dict[str, Any], conditions: Any = None) -> permissions.Permissions:
    asked: dict[str, Any] = {"rules": list(rules)}
    return permissions.read(asked | ({"conditions": conditions} if conditions else {}))


def test_what_is_read_is_what_was_written() -> None:
    assert permissions.read(FULL).dump() == FULL
    assert permissions.of_text(permissions.read(FULL).text()) == permissions.read(FULL)


def test_the_selector_of_a_management_rule_may_be_left_out() -> None:
    found = of({"type": "auth_management", "permissions": ["read"]}).dump()

    assert found["rules"][0]["items"] == "*"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ([], "permissions must be an object"),
        ({}, "permissions.rules must be a list"),
        ({"rules": []}, "permissions.rules must hold 1 to 20"),
        ({"rules": [CACHE] * 21}, "permissions.rules must hold at most 20"),
        ({"rules": [CACHE], "extra": 1}, "permissions.extra is not a field"),
        ({"rules": ["cache"]}, r"permissions.rules\[0\].type must be one of account_management"),
        ({"rules": [{"type": "cash"}]}, r"permissions.rules\[0\].type must be one of"),
        ({"rules": [{"type": ["cache"]}]}, r"permissions.rules\[0\].type must be one of"),
        ({"rules": [CACHE | {"topics": "*"}]}, r"rules\[0\].topics is not a field"),
        ({"rules": [CACHE | {"permissions": []}]}, r"rules\[0\].permissions must hold one or more"),
        ({"rules": [CACHE | {"permissions": ["invoke"]}]}, r"permissions must hold one or more of"),
        ({"rules": [CACHE | {"permissions": [["read"]]}]}, "permissions must hold one or more of"),
        ({"rules": [CACHE | {"permissions": "read"}]}, r"rules\[0\].permissions must be a list"),
        ({"rules": [CACHE | {"caches": None}]}, r'rules\[0\].caches must be "\*" or {"name": …}'),
        (
            {"rules": [CACHE | {"caches": {"prefix": "a", "name": "a"}}]},
            r"rules\[0\].caches must be",
        ),
        ({"rules": [CACHE | {"caches": {"name": ""}}]}, r"caches.name must be 1 to 1024 bytes"),
        ({"rules": [CACHE | {"caches": {"name": 7}}]}, r"caches.name must be text"),
        ({"rules": [CACHE | {"items": {"key": "\ud800"}}]}, r"items.key must be Unicode text"),
        ({"rules": [CACHE | {"items": {"key_base64": "?"}}]}, r"key_base64 must be base64"),
        ({"rules": [CACHE | {"items": {"key": "a", "key_prefix": "b"}}]}, r"rules\[0\].items must"),
        ({"rules": [CACHE], "conditions": [{}]}, r"conditions\[0\].ip_filter must be an object"),
        ({"rules": [CACHE], "conditions": [{"at": "noon"}]}, r"conditions\[0\].at is not a field"),
        (
            {"rules": [CACHE], "conditions": [{"ip_filter": {"allowed_cidr_ranges": []}}]},
            "allowed_cidr_ranges must hold 1 to 100",
        ),
        (
            {
                "rules": [CACHE],
                "conditions": [{"ip_filter": {"allowed_cidr_ranges": ["1.2.3.4/8"]}}],
            },
            r"allowed_cidr_ranges\[0\] must be a range such as 10.0.0.0/8",
        ),
        (
            {"rules": [CACHE], "conditions": [{"ip_filter": {"allowed_cidr_ranges": ["::1"]}}]},
            r"allowed_cidr_ranges\[0\] must be a range",
        ),
        (
            {
                "rules": [CACHE],
                "conditions": [{"ip_filter": {"allowed_cidr_ranges": ["fe80::%1/64"]}}],
            },
            r"allowed_cidr_ranges\[0\] must be a range",
        ),
    ],
)
def test_what_breaks_the_form_is_named(asked: object, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        permissions.read(asked)


def test_the_system_roles_stand_above_each_other() -> None:
    owner, operator, viewer = (role.permissions for role in (OWNER, OPERATOR, VIEWER))

    assert owner.covers(operator)
    assert operator.covers(viewer)
    assert not viewer.covers(operator)
    assert not operator.covers(owner)
    assert operator.allows("account_management", "list")
    assert not operator.allows("account_management", "write")


def test_reading_and_writing_at_once_is_covered_by_one_rule_only() -> None:
    apart = of(CACHE, CACHE | {"permissions": ["write"]})
    both = of(CACHE | {"permissions": ["read", "write"]})

    assert both.covers(apart)
    assert not apart.covers(both)


def test_who_may_something_from_some_networks_cannot_grant_it_from_others() -> None:
    ten: list[dict[str, Any]] = [{"ip_filter": {"allowed_cidr_ranges": ["10.0.0.0/8"]}}]
    inside: list[dict[str, Any]] = [{"ip_filter": {"allowed_cidr_ranges": ["10.1.0.0/16"]}}]
    other: list[dict[str, Any]] = [{"ip_filter": {"allowed_cidr_ranges": ["::/0"]}}]
    limited = of(CACHE, conditions=ten)

    assert limited.covers(of(CACHE, conditions=inside))
    assert not limited.covers(of(CACHE))
    assert not limited.covers(of(CACHE, conditions=other))
    assert of(CACHE).covers(limited)


def test_only_sets_without_management_are_for_data_only() -> None:
    assert of(CACHE).is_data_only
    assert not of(CACHE, {"type": "auth_management", "permissions": ["read"]}).is_data_only

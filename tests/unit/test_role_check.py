"""What the page of a role answers about it."""

from collections.abc import Mapping

import pytest

from attimo.console.role_check import Check
from attimo.control import permissions
from attimo.control.permissions import Permissions
from attimo.errors import InvalidArgument

READS_PUBLIC = {
    "type": "cache",
    "permissions": ["read"],
    "caches": {"name": "prod"},
    "items": {"key_prefix": "public/"},
}
OFFICE = {"ip_filter": {"allowed_cidr_ranges": ["192.0.2.0/24"]}}
NO = "No: no rule permits all of this."


def role(*rules: Mapping[str, object], networks: bool = False) -> Permissions:
    return permissions.read({"rules": list(rules)} | ({"conditions": [OFFICE]} if networks else {}))


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (Check("cache.read", "prod", "public/a", ""), "Yes."),
        (Check("cache.read", "prod", "private", ""), NO),
        (Check("cache.read", "prod", "", ""), NO),
        (Check("cache.read", "", "public/a", ""), NO),
        (Check("cache.write", "prod", "public/a", ""), NO),
        (Check("topic.read", "prod", "public/a", ""), NO),
        (Check("resource_management.write", "prod", "", ""), NO),
        (Check("", "prod", "public/a", ""), None),
    ],
)
def test_a_role_permits_what_one_of_its_rules_covers(check: Check, answer: str | None) -> None:
    assert check.answer(role(READS_PUBLIC)) == answer


def test_who_may_manage_a_cache_may_do_so_whatever_key_is_named() -> None:
    manages = {
        "type": "resource_management",
        "permissions": ["write"],
        "resources": {"prefix": "pr-"},
    }

    assert Check("resource_management.write", "pr-1", "k", "").answer(role(manages)) == "Yes."
    assert Check("resource_management.write", "prod", "k", "").answer(role(manages)) == NO


@pytest.mark.parametrize(
    ("peer", "answer"),
    [
        ("", "Yes, from the networks of the role."),
        ("192.0.2.7", "Yes."),
        ("198.51.100.1", "No: the role is not for this address."),
        ("2001:db8::1", "No: the role is not for this address."),
    ],
)
def test_a_role_for_some_networks_is_for_no_other_address(peer: str, answer: str) -> None:
    held = role(READS_PUBLIC, networks=True)
    assert Check("cache.read", "prod", "public/a", peer).answer(held) == answer


def test_what_is_no_address_is_told() -> None:
    with pytest.raises(InvalidArgument, match="from must be an IP address"):
        Check("cache.read", "prod", "public/a", "office").answer(role(READS_PUBLIC))

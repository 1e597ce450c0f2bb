"""Caches by the beginning of their names: what rules take, and what a key for CI may."""

from typing import Any

import click
import pytest
from momento_wire_types import controlclient_pb2 as pb

from attimo import grant_text
from attimo.cli import allow
from fakes import Client

CI: list[dict[str, Any]] = [
    {
        "type": "resource_management",
        "permissions": ["write", "list"],
        "resources": {"prefix": "pr-"},
    },
    {
        "type": "cache",
        "permissions": ["read", "write"],
        "caches": {"prefix": "pr-"},
        "items": "*",
    },
    {"type": "token_management", "permissions": ["write"]},
]
SELECTED: dict[str, dict[str, Any]] = {
    "cache": {"caches": {}, "items": "*"},
    "topic": {"caches": {}, "topics": "*"},
    "store": {"stores": {}, "items": "*"},
    "function": {"caches": {}, "functions": "*"},
    "database": {"databases": {}},
    "resource_management": {"resources": {}},
}


def holder(owner: Client, rules: list[dict[str, Any]]) -> Client:
    role = {"role_name": "ci", "permissions": {"rules": rules}}
    role_id = owner.ask("POST", "/roles", role).json()["role_id"]
    asked = {"role_id": role_id, "description": "CI"}
    made = owner.ask("POST", "/api-keys", asked).json()
    return Client(owner.app, owner.account_id, made["key_info"]["key_id"])


def token(caches: object) -> dict[str, Any]:
    rule = {"type": "cache", "permissions": ["read"], "caches": caches, "items": "*"}
    return {"permissions": {"rules": [rule]}, "valid_for_seconds": 60}


def test_a_key_for_ci_makes_lists_and_deletes_its_caches_and_no_other(owner: Client) -> None:
    for name in ("prod", "pr", "PR-1"):
        owner.ask("PUT", f"/caches/{name}")
    ci = holder(owner, CI)

    for name in ("pr-1", "pr-2"):
        assert ci.ask("PUT", f"/caches/{name}").status_code == 201
    assert ci.ask("POST", "/caches/pr-1/flush").status_code == 204
    assert ci.ask("DELETE", "/caches/pr-2").status_code == 204
    for name in ("prod", "pr", "PR-1", "new", "no-such"):
        assert ci.ask("PUT", f"/caches/{name}").status_code == 403
        assert ci.ask("DELETE", f"/caches/{name}").status_code == 403
        assert ci.ask("POST", f"/caches/{name}/flush").status_code == 403
    assert [each["name"] for each in ci.ask("GET", "/caches").json()["caches"]] == ["pr-1"]
    listed = ci.call("/control_client.ScsControl/ListCaches", b"").content
    assert [each.cache_name for each in pb._ListCachesResponse.FromString(listed).cache] == ["pr-1"]


def test_a_key_for_ci_hands_out_tokens_for_its_caches_alone(owner: Client) -> None:
    ci = holder(owner, CI)
    ours = [{"name": "pr-1"}, {"prefix": "pr-"}, {"prefix": "pr-1"}]
    others: list[object] = [{"name": "prod"}, {"prefix": "pr"}, {"prefix": "p"}, "*"]

    for caches in ours:
        assert ci.ask("POST", "/tokens", token(caches)).status_code == 200
    for other in others:
        assert ci.ask("POST", "/tokens", token(other)).status_code == 403
    for path in ("/api-keys", "/roles", "/members", "/usage", "/audit"):
        assert ci.ask("GET", path).status_code == 403


def test_pages_of_caches_hold_only_those_that_may_be_listed(owner: Client) -> None:
    for number in range(3):
        owner.ask("PUT", f"/caches/pr-{number}")
        owner.ask("PUT", f"/caches/q{number}")
    ci = holder(owner, CI)
    names, query = [], "?limit=2"
    while True:
        page = ci.ask("GET", f"/caches{query}").json()
        names += [each["name"] for each in page["caches"]]
        if "next_token" not in page:
            break
        query = f"?limit=2&next_token={page['next_token']}"

    assert names == ["pr-0", "pr-1", "pr-2"]


@pytest.mark.parametrize("caches", [{"name": "a"}, {"prefix": "a"}, "*"])
def test_a_cache_rule_with_list_lists_the_caches_that_it_is_about(
    owner: Client, caches: object
) -> None:
    for name in ("a", "ab", "b"):
        owner.ask("PUT", f"/caches/{name}")
    rule = {"type": "cache", "permissions": ["read", "list"], "caches": caches, "items": "*"}
    expected = {"*": ["a", "ab", "b"]}.get(str(caches), ["a", "ab"][: 1 + ("prefix" in caches)])  # type: ignore[operator]

    found = holder(owner, [rule]).ask("GET", "/caches").json()["caches"]

    assert [each["name"] for each in found] == expected


@pytest.mark.parametrize("type", SELECTED)
def test_every_kind_of_rule_takes_a_prefix_and_refuses_a_pattern(owner: Client, type: str) -> None:
    fields = SELECTED[type]
    about = next(iter(fields))
    rule = {"type": type, "permissions": ["invoke" if type == "function" else "read"]} | fields

    def create(selector: object) -> Any:
        role = {"role_name": "a role", "permissions": {"rules": [rule | {about: selector}]}}
        return owner.ask("POST", "/roles", role)

    made, refused = create({"prefix": "pr-"}), create({"name": "pr-*"})

    assert made.json()["permissions"]["rules"] == [rule | {about: {"prefix": "pr-"}}]
    assert refused.status_code == 400
    assert f"permissions.rules[0].{about}.name" in refused.json()["message"]
    assert '{"prefix": "pr-"}' in refused.json()["message"]


@pytest.mark.parametrize(
    ("grant", "rule"),
    [
        ("read:pr-*", {"type": "cache", "permissions": ["read"], "caches": {"prefix": "pr-"}}),
        ("read:pr-1", {"type": "cache", "permissions": ["read"], "caches": {"name": "pr-1"}}),
        ("topic:read:pr-*/a*", {"caches": {"prefix": "pr-"}, "topics": {"prefix": "a"}}),
        ("read:pr-*/a*", {"caches": {"prefix": "pr-"}, "items": {"key_prefix": "a"}}),
        (
            "caches:write,list:pr-*",
            {
                "type": "resource_management",
                "permissions": ["write", "list"],
                "resources": {"prefix": "pr-"},
            },
        ),
        ("caches:list:*", {"type": "resource_management", "resources": "*"}),
        ("tokens", {"type": "token_management", "permissions": ["write"]}),
    ],
)
def test_a_grant_means_what_is_typed_and_is_shown_as_typed(
    grant: str, rule: dict[str, Any]
) -> None:
    (found,) = allow.rules([grant])["rules"]

    assert found | rule == found
    assert grant_text.shown(found) == grant


def test_a_name_that_only_looks_like_a_prefix_is_not_shown_as_one() -> None:
    old = {"type": "cache", "permissions": ["read"], "caches": {"name": "pr-*"}, "items": "*"}

    assert grant_text.shown(old) == "read:'pr-*' exactly"


@pytest.mark.parametrize("grant", ["caches:write:pr-*/key", "caches:write", "caches:"])
def test_what_is_no_grant_is_refused(grant: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a valid grant"):
        allow.rules([grant])

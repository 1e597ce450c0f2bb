"""The empty key is a key like any other, by every protocol and on every route."""

from conformance.http.items import MINUTE, Items, base64url
from conformance.http.routes import TYPES
from conformance.wire import Wire

LEADERBOARDS = "leaderboard"
"""Their names are text, which is not empty (test_leaderboard)."""


def answers(items: Items, key: str) -> dict[str, int]:
    """The status of every route, asked about this key one after another."""
    routes = [each for routes in TYPES for each in (*routes, routes[-1]) if each.names_key]
    about_items = [each for each in routes if not each.below.startswith(LEADERBOARDS)]
    return {
        f"{at} {each}": each.ask(items, key=key).status_code for at, each in enumerate(about_items)
    }


def test_every_route_answers_as_for_another_key(items: Items) -> None:
    assert answers(items, "") == answers(items, "another")


def test_protocols_and_forms_mean_the_same_item(items: Items, scs: Wire) -> None:
    scs.set(b"", b"by gRPC")
    assert items.value("") == b"by gRPC"
    assert items.ask("GET", key_base64=base64url(b"")).content == b"by gRPC"

    items.post("put", {"items": [{"key": "", "value": "by HTTP"}]}, **MINUTE)

    assert scs.get(b"") == b"by HTTP"
    assert items.post("get", {"keys": [""]})["items"][0]["value"] == "by HTTP"
    assert items.post("exists", {"keys": ["", "another"]}) == {"exists": [True, False]}
    assert items.get("keys", prefix="") == {"keys": [""]}
    items.delete(key="")
    assert scs.get(b"") is None


def test_a_path_has_no_form_for_it(items: Items) -> None:
    items.put("", b"v")

    assert items.web.get(f"/cache/{items.cache}/", headers=items.headers).status_code == 404

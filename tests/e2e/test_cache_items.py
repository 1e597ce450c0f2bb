"""`attimo cache items`: what a cache holds, on a terminal and for scripts."""

import json

from e2e.terminal import Terminal


def test_items_are_shown_with_their_types_sizes_and_lives(terminal: Terminal, cache: str) -> None:
    terminal.do("set", "user:1", "Ada", "--ttl", "1h")
    terminal.do("lists", "push", "user:jobs", "a", "b", "--ttl", "1h")
    terminal.do("leaderboards", "put", "user:game", "7", "99.5")
    terminal.do("set", "other", "x")

    answer = terminal.type("cache", "items", cache, "user:", "--json")

    found = {each["key"]: each for each in json.loads(answer.printed)["items"]}
    assert {key: (each["type"], each["length"]) for key, each in found.items()} == {
        "user:1": ("scalar", None),
        "user:jobs": ("list", 2),
        "user:game": ("leaderboard", 1),
    }
    assert found["user:1"]["bytes"] == len("user:1Ada")
    assert 3_500 < found["user:1"]["ttl_seconds"] <= 3_600
    assert found["user:game"]["ttl_seconds"] is None


def test_a_list_of_items_is_cut_and_continued(terminal: Terminal, cache: str) -> None:
    lines = b"".join(b"user:%d\tv\n" % number for number in range(30))
    terminal.do("set", "--lines", "-", given=lines)

    found: list[str] = []
    next: list[str] = []
    while True:
        answer = terminal.type("cache", "items", cache, "--limit", "7", "--json", *next)
        told = json.loads(answer.printed)
        found += [each["key"] for each in told["items"]]
        assert len(told["items"]) <= 7
        if told["next"] is None:
            break
        next = ["--next", told["next"]]

    assert sorted(found) == sorted(f"user:{number}" for number in range(30))

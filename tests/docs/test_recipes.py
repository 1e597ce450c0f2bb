"""The recipes do what they promise, through Momento's own SDK."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from uuid import uuid4

import pytest

from docs.typed import DOCS, blocks
from harness import Server, attimo, bare_environment

PAGE = DOCS / "how-to" / "recipes.md"
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def recipes(server: Server) -> Iterator[ModuleType]:
    """The page as one program, in the environment that `attimo env` prints."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in exported(server).items():
            patch.setenv(name, value)
        patch.setenv("ATTIMO_URL", server.http)
        module = ModuleType("recipes")
        exec(compile(program(), str(PAGE), "exec"), module.__dict__)  # noqa: S102
        yield module


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return uuid4().hex


def program() -> str:
    """The blocks of Python, each on the lines that it has on the page."""
    lines, fence = [], ""
    for line in PAGE.read_text().splitlines():
        ends = line.startswith("```")
        lines.append("" if ends or fence != "```python" else line)
        fence = ("" if fence else line) if ends else fence
    return "\n".join(lines)


def exported(server: Server) -> dict[str, str]:
    """What the shell of a program has after `eval "$(attimo env)"`."""
    words = [*attimo(), "env", "--json", "--data-dir", str(server.data_dir)]
    printed = subprocess.run(words, capture_output=True, text=True, check=True)
    variables: dict[str, str] = json.loads(printed.stdout)
    return variables


class Source:
    """A slow source of values, which counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self) -> dict[str, int]:
        self.asked += 1
        assert self.go_on.wait(60)
        return {"version": self.asked}


def test_cache_aside_asks_the_source_once_until_it_is_told_to_forget(
    recipes: ModuleType, name: str
) -> None:
    source = Source()

    first = [recipes.cached(name, MINUTE, source) for _ in range(3)]
    recipes.forget(name)
    then = recipes.cached(name, MINUTE, source)

    assert first == [{"version": 1}] * 3
    assert then == {"version": 2}


def test_of_many_readers_of_a_missing_value_one_makes_it(recipes: ModuleType, name: str) -> None:
    source = Source()
    with ThreadPoolExecutor(8) as readers:
        read = list(readers.map(lambda _: recipes.made_once(name, source), range(32)))

    assert source.asked == 1
    assert read == [{"version": 1}] * 32


def test_while_one_reader_makes_a_value_anew_the_others_have_the_old_one(
    recipes: ModuleType, name: str
) -> None:
    source = Source()
    old = json.dumps({"value": "old", "until": 0})
    recipes.client.set(recipes.CACHE, name, old, MINUTE)
    source.go_on.clear()
    with ThreadPoolExecutor(1) as readers:
        made = readers.submit(recipes.made_once, name, source, lease=50)
        while not source.asked:
            pass
        read = recipes.made_once(name, source, lease=50)
        source.go_on.set()

        assert read == "old"
        assert made.result() == {"version": 1}
    assert recipes.made_once(name, source) == {"version": 1}


def test_a_session_keeps_its_fields_and_ends_when_it_is_signed_out(recipes: ModuleType) -> None:
    secret = recipes.sign_in("ada")
    recipes.remember(secret, "theme", "dark")

    held = recipes.session(secret)
    recipes.sign_out(secret)

    assert held["user"] == "ada"
    assert held["theme"] == "dark"
    assert recipes.session(secret) is None
    assert recipes.session("guessed") is None


def test_a_session_that_is_used_outlives_its_ttl(
    recipes: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipes, "SESSION", timedelta(seconds=5))
    secret, unused = recipes.sign_in("ada"), recipes.sign_in("bob")

    while is_held(recipes, unused):
        assert recipes.session(secret)

    assert recipes.session(secret)["user"] == "ada"


def is_held(recipes: ModuleType, secret: str) -> bool:
    """Whether there is a session, asked without using it."""
    found = recipes.client.dictionary_fetch(recipes.CACHE, recipes._session(secret))
    return isinstance(found, recipes.CacheDictionaryFetch.Hit)


def test_a_request_that_outlives_its_session_does_not_bring_it_back(recipes: ModuleType) -> None:
    secret = recipes.sign_in("ada")
    recipes.sign_out(secret)

    recipes.remember(secret, "seen", "now")

    assert recipes.session(secret) is None


def test_a_steady_caller_has_the_whole_limit_again_in_each_window(
    recipes: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(recipes, "time", clock)
    for _ in range(3):
        let_in = [recipes.allowed(name, limit=3, window=60) for _ in range(5)]
        clock.now += 60

        assert let_in == [True, True, True, False, False]


@dataclass
class Clock:
    """The clock of a program; a busy machine would be too slow for a steady caller in real time."""

    now: int = 1_800_000_000

    def time(self) -> float:
        return self.now


def test_a_lock_has_one_holder_until_it_is_released(recipes: ModuleType, name: str) -> None:
    with recipes.lock(name) as renew:
        renew()
        with pytest.raises(recipes.NotMine), recipes.lock(name):
            pass

    assert holds_at_last(recipes, name)


def test_a_holder_whose_lease_is_over_neither_renews_nor_releases_anothers_lock(
    recipes: ModuleType, name: str
) -> None:
    with recipes.lock(name, lease=1) as renew:
        while True:
            try:
                with recipes.lock(name), pytest.raises(recipes.NotMine):
                    renew()
                break
            except recipes.NotMine:
                continue
        released = holds_at_last(recipes, name)

    assert released


def holds_at_last(recipes: ModuleType, name: str) -> bool:
    """Take a lock that is over in a second."""
    while True:
        try:
            with recipes.lock(name):
                return True
        except recipes.NotMine:
            continue


def test_flags_have_the_values_of_the_cache_and_without_it_those_of_the_code(
    recipes: ModuleType, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not recipes.flag("new-checkout", "ada")
    some = {user for user in map(str, range(1000)) if recipes.flag("search-v2", user)}

    (typed,) = [block.typed for block in blocks(PAGE) if "set flags" in block.typed]
    run(server, typed)
    monkeypatch.setattr(recipes, "_read_at", 0)

    more = {user for user in map(str, range(1000)) if recipes.flag("search-v2", user)}
    assert recipes.flag("new-checkout", "ada")
    assert some < more
    assert 50 < len(some) < 150
    assert 400 < len(more) < 600


def run(server: Server, typed: str) -> None:
    """Type lines into a shell on the server's machine."""
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", typed],
        env=bare_environment()
        | {
            "ATTIMO_DATA_DIR": str(server.data_dir),
            "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
        },
        check=True,
        capture_output=True,
    )

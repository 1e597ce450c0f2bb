"""Every command does what its help says: its examples run, its JSON follows its schema."""

import contextlib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from attimo.cli.command import Command, walk
from attimo.cli.commands import app
from attimo.cli.main import run
from attimo.cli.shapes import Listing
from e2e.screen import Screen
from e2e.words import COMMANDS
from harness import Server, bare_environment
from valkey_server import LOCALHOST, valkey

PASSWORD = "correct horse battery"  # noqa: S105

ITEMS = """
set greeting hello
set user:1 Ada
set visits 5
cache create sessions --if-not-exists
cache create shop --if-not-exists
cache create pr-7 --if-not-exists
set user:1 Ada --cache sessions
set user:2 Bob --cache sessions
sets add cart:7 apples --cache shop
dictionaries set person name Ada
dictionaries set person born 1815
lists push jobs mail invoice a b c
sets add tags red blue green black white
sorted-sets put ranking ada 3.5
sorted-sets put ranking bob 1
sorted-sets put monday ada 1
sorted-sets put tuesday bob 2
leaderboards put game 7 99.5
leaderboards put game 8 1
"""
BEFORE: dict[tuple[str, ...], list[str]] = {
    ("role",): ["role create reader --allow read:shop"],
    ("profile",): [
        "profile add prod --url https://cache.example.com --api-key k",
        "profile add staging --url https://staging.example.com --api-key k",
    ],
    ("restore",): ["backup monday"],
    ("account",): ["account create team-a"],
    ("account", "create"): [],
    ("account", "invite"): ["account create team-a --owner ann@example.com"],
    ("role", "create"): [],
}
"""What else there must be, by the first words of a command."""

LOCKS_OUT = ("key", "rotate-signing")
"""It makes the owner's key useless."""

ANOTHER_ANSWER = {"get", "audit", "pop", "doctor"}
"""Commands whose second answer may differ from the first."""

AFTER = ["reader", "shop-reader", "ci"]
"""Roles that examples create."""


@pytest.fixture(scope="module")
def its_own() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def here(
    its_own: Server,
    path: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[httpx.Client]:
    """A person on the server's machine, in an empty folder."""
    with contextlib.ExitStack() as stack:
        alone = path == LOCKS_OUT or path[0] == "account"
        server = stack.enter_context(Server()) if alone else its_own
        yield from person(server, tmp_path, monkeypatch)


def person(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx.Client]:
    monkeypatch.setenv("ATTIMO_DATA_DIR", str(server.data_dir))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    headers = {"Authorization": server.api_key}
    with httpx.Client(base_url=server.http, headers=headers, trust_env=False) as client:
        yield client
    for name in AFTER:
        run(["role", "delete", name, "--yes"])


@pytest.fixture(scope="module")
def store() -> Iterator[int]:
    """The port of a Valkey server, for the one command that reads from one."""
    with valkey() as port:
        yield port


@pytest.fixture
def known(path: tuple[str, ...], here: httpx.Client, store: int) -> dict[str, str]:
    """What stands for words in the examples of a command, for which all is prepared."""
    return prepare(path, here) | {"localhost:6379": f"{LOCALHOST}:{store}"}


def prepare(path: tuple[str, ...], client: httpx.Client) -> dict[str, str]:
    """What the examples of a command work on; returns what stands for words in them."""
    lines = ITEMS.strip().splitlines()
    lines += BEFORE.get(path, BEFORE.get(path[:1], []))
    if path == ("cache", "create"):
        lines += ["cache delete sessions --yes", "cache delete pr-7 --yes"]
    for line in lines:
        assert run(shlex.split(line)) == 0, line
    if path == ("cache", "import"):
        Path("items.jsonl").write_text('{"key": "greeting", "value": "hello"}\n')
    if path[0] == "member" and path[1] in ("role", "remove"):
        invited(client)
    if path == ("key", "revoke"):
        asked = {"role_id": "viewer", "description": "to be revoked", "expiry": "never"}
        return {"KEY_ID": client.post("/api-keys", json=asked).json()["key_info"]["key_id"]}
    return {}


def invited(client: httpx.Client) -> None:
    """Let Ann join the account, unless she has."""
    members = [each["email"] for each in client.get("/members").json()["members"]]
    if "ann@example.com" in members:
        return
    asked = {"email": "ann@example.com", "role_id": "viewer"}
    made = client.post("/invitations", json=asked).json()
    accepted = {"token": made["token"], "password": PASSWORD}
    joined = client.post("/invitations/accept", json=accepted)
    assert joined.status_code == 200, joined.text


def in_words(example: str, known: dict[str, str]) -> str:
    """An example with the words of this server."""
    for word, meant in known.items():
        example = example.replace(word, meant)
    return example


def plain(command: Command) -> str:
    """The first example that is one command, without a shell."""
    simple = [each for each in command.examples if not set("|>$&") & set(each)]
    return simple[0].replace(" --json", "")


def test_every_command_has_two_examples_and_json() -> None:
    wrong = {
        path
        for path, command in walk(app)
        if not isinstance(command, Command)
        or len(command.examples) < 2
        or (command.shape is None and path not in {("serve",), ("help",)})
    }

    assert wrong == set()


@pytest.mark.parametrize("path", [*COMMANDS, ("help",), ("completion",)], ids=" ".join)
def test_the_examples_of_the_help_run(known: dict[str, str], path: tuple[str, ...]) -> None:
    command = dict(walk(app))[path]
    assert isinstance(command, Command)
    own = {
        name: value for name, value in os.environ.items() if name.startswith(("ATTIMO_", "XDG_"))
    }
    failed = {}
    for example in command.examples:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", in_words(example, known)],
            env=bare_environment() | own | {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode or "attimo:" in done.stderr:
            failed[example] = done.stderr

    assert failed == {}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_json_follows_the_schema_and_a_terminal_shows_the_same(
    known: dict[str, str], path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    command = COMMANDS[path]
    assert command.shape is not None
    words = shlex.split(in_words(plain(command), known))[1:]
    capsys.readouterr()

    assert run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    schema = command.shape.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.validate(told, schema, format_checker=checker)

    if isinstance(command.shape, Listing) and not {*path} & ANOTHER_ANSWER:
        with Screen(columns=60) as screen:
            assert run(words) == 0
        for item in told["items"]:
            whole_on(screen.shown, command.shape, item)


def whole_on(shown: str, shape: Listing, item: dict[str, Any]) -> None:
    """See that nothing but prose is cut, even on a narrow terminal."""
    assert not set("│┃─━") & set(shown)
    for column in shape.columns:
        value = item.get(column.name)
        if column.kind in ("text", "number") and not column.wide and value not in (None, ""):
            assert str(value) in shown or f"{value:,}" in shown, (column.name, value, shown)

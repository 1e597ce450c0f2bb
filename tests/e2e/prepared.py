"""What the examples of the commands work on: items, people and keys on a server of their own."""

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from attimo.cli.command import Command
from attimo.cli.main import run
from harness import Server
from ports import LOCALHOST
from receivers import receiving
from stripe_server import paid, stripe_server
from valkey_server import valkey

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
topic publish news hello
"""
BEFORE: dict[tuple[str, ...], list[str]] = {
    ("role",): ["role create reader --allow read:shop"],
    ("profile",): [
        "profile add prod --url https://cache.example.com --api-key k",
        "profile add staging --url https://staging.example.com --api-key k",
    ],
    ("restore",): ["backup monday"],
    ("database", "copy"): ["backup monday"],
    ("account",): ["account create team-a"],
    ("account", "create"): [],
    ("account", "invite"): ["account create team-a --owner ann@example.com"],
    ("role", "create"): [],
    ("plan",): ["account create team-a", "plan create small caches=5"],
    ("plan", "create"): [],
    ("budget",): ["budget set 30"],
    ("webhook",): ["webhook set shop orders --topic orders --to https://example.com/orders"],
    ("webhook", "set"): [],
}
"""What else there must be, by the first words of a command."""

LOCKS_OUT = ("key", "rotate-signing")
"""It makes the owner's key useless."""

AFTER = ["reader", "shop-reader", "ci"]
"""Roles that examples create."""


@pytest.fixture(scope="module")
def its_own() -> Iterator[Server]:
    with Server("--webhook-networks", "127.0.0.0/8") as server:
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
        alone = path == LOCKS_OUT or path[0] in ("account", "plan")
        server = stack.enter_context(Server()) if alone else its_own
        if path[0] == "payments":
            server = stack.enter_context(paid(stack.enter_context(stripe_server())))
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
def known(path: tuple[str, ...], here: httpx.Client, store: int) -> Iterator[dict[str, str]]:
    """What stands for words in the examples of a command, for which all is prepared."""
    words = prepare(path, here) | {"localhost:6379": f"{LOCALHOST}:{store}"}
    with receiving() as receiver:
        if path == ("webhook", "test"):
            set_webhook = "webhook set shop orders --topic orders --to"
            assert run([*set_webhook.split(), receiver.url]) == 0
        yield words


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

"""Signing in from the command line, on a pipe and on a terminal; signing out again."""

import json
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pyotp
import pytest

from attimo.cli.login import login
from attimo.cli.trust import fingerprint
from e2e.dialogue import talk
from e2e.terminal import Answer, Terminal
from harness import Server

PASSWORD = "correct horse battery"  # noqa: S105
LINE = f"{PASSWORD}\n".encode()
ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where other people have their homes."""
    return tmp_path_factory.mktemp("others")


@pytest.fixture
def print_of_root(server: Server) -> str:
    return fingerprint(server.ca.read_text())


@pytest.fixture
def ann(terminal: Terminal, server: Server, room: Path) -> str:
    """An owner, by e-mail; joins once."""
    if ANN not in terminal.do("member", "list"):
        joined(terminal, room, server, ANN, "owner")
    return ANN


def joined(terminal: Terminal, room: Path, server: Server, email: str, role: str) -> Answer:
    """Somebody who accepts an invitation by `attimo login`, on a machine of their own."""
    link = terminal.type("member", "invite", email, "--role", role).text.strip()
    home = room / f"home-{email}"
    home.mkdir()
    print_of_root = fingerprint(server.ca.read_text())
    words = ("--invitation", link, "--fingerprint", print_of_root, "--json")
    return Terminal(home).type("login", *words, given=LINE)


def log_in(person: Terminal, server: Server, *words: str, given: bytes = LINE) -> Answer:
    return person.type("login", "--url", server.https, "--name", "prod", *words, given=given)


def profiles(person: Terminal) -> str:
    return person.do("profile", "list")


def keys(terminal: Terminal) -> dict[str, dict[str, Any]]:
    items = json.loads(terminal.do("key", "list", "--json"))["items"]
    return {each["key_id"]: each for each in items}


def certificates(person: Terminal) -> list[Path]:
    return list(person.home.rglob("*.pem"))


def test_who_is_invited_joins_and_has_a_key(terminal: Terminal, server: Server, room: Path) -> None:
    done = joined(terminal, room, server, "eve@example.com", "owner")

    assert done.status == 0, done
    told = json.loads(done.printed)
    assert (told["kind"], told["role"], told["made_by"]) == ("api_key", "Owner", "eve@example.com")
    assert "eve@example.com" in terminal.do("member", "list")


def test_who_has_logged_in_creates_keys_as_the_pages_say(
    terminal: Terminal, stranger: Terminal, server: Server, ann: str, print_of_root: str
) -> None:
    done = log_in(stranger, server, "--email", ann, "--fingerprint", print_of_root, "--json")
    own_end = json.loads(done.printed)["expires_at"]
    stranger.variables["ATTIMO_PROFILE"] = "prod"

    month = json.loads(stranger.do("key", "create", "--ttl", "30d", "--json"))
    whole = stranger.type("key", "create", "--json")

    assert month["expires_at"] < own_end
    assert json.loads(whole.printed)["expires_at"] == own_end
    assert whole.error == f"The new key expires with your key, on {own_end[:10]}.\n"
    stranger.do("logout", "--yes")


def test_a_login_makes_a_key_for_this_machine_and_a_logout_revokes_it(
    terminal: Terminal, stranger: Terminal, server: Server, ann: str, print_of_root: str
) -> None:
    words = ("--email", ann, "--role", "viewer", "--ttl", "1h")
    done = log_in(stranger, server, *words, "--fingerprint", print_of_root, "--json")

    assert done.status == 0, done
    told = json.loads(done.printed)
    jsonschema.validate(told, login.shape.schema() if login.shape else {})
    assert (told["role"], told["made_by"]) == ("Viewer", ann)
    assert keys(terminal)[told["id"]]["description"].startswith("attimo login on ")
    assert "Saved the profile 'prod'" in done.error
    stranger.variables["ATTIMO_PROFILE"] = "prod"
    assert json.loads(stranger.do("whoami", "--json"))["id"] == told["id"]
    (kept,) = stranger.home.rglob("profiles.toml")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert PASSWORD not in kept.read_text()
    assert len(certificates(stranger)) == 1

    out = stranger.type("logout", "--json")

    assert out.status == 0, out
    assert (profiles(stranger), certificates(stranger)) == ("", [])
    # A viewer cannot revoke keys, also not its own; who can is told.
    assert f"attimo key revoke {told['id']}" in out.error
    assert json.loads(out.printed)["revoked"] is False


def test_a_logout_revokes_the_key_and_a_second_login_the_first_one(
    terminal: Terminal, stranger: Terminal, server: Server, ann: str, print_of_root: str
) -> None:
    before = set(keys(terminal))
    made = []
    for _ in range(2):
        done = log_in(stranger, server, "--email", ann, "--fingerprint", print_of_root, "--json")
        assert done.status == 0, done
        made.append(json.loads(done.printed)["id"])
        assert set(keys(terminal)) - before == {made[-1]}

    out = stranger.type("logout", "prod", "--yes")

    assert (out.status, out.error) == (
        0,
        f"Logged out: revoked the API key {made[1]} and deleted the profile 'prod'.\n",
    )
    assert set(keys(terminal)) == before


def test_a_key_that_cannot_be_kept_is_named_and_the_earlier_one_stays(
    terminal: Terminal, stranger: Terminal, server: Server, ann: str
) -> None:
    here = ("login", "--url", server.http, "--name", "prod", "--email", ann, "--json")
    first = json.loads(stranger.type(*here, given=LINE).printed)["id"]
    before = set(keys(terminal))
    folder = stranger.home / ".config" / "attimo"
    kept = (folder / "profiles.toml").read_text()
    (folder / "profiles.toml").unlink()
    folder.rmdir()
    folder.symlink_to(stranger.home / "nowhere")

    failed = stranger.type(*here, given=LINE)

    (made,) = set(keys(terminal)) - before
    assert failed.status == 2
    assert "cannot be written" in failed.error
    assert f"The API key {made} was created and is kept nowhere" in failed.error
    assert f"attimo key revoke {made}" in failed.error
    folder.unlink()
    folder.mkdir()
    (folder / "profiles.toml").write_text(kept)
    assert json.loads(stranger.do("whoami", "--profile", "prod", "--json"))["id"] == first
    terminal.do("key", "revoke", made)
    stranger.do("logout", "prod", "--yes")


def test_a_logout_can_keep_the_key(
    terminal: Terminal, stranger: Terminal, server: Server, ann: str, print_of_root: str
) -> None:
    done = log_in(stranger, server, "--email", ann, "--fingerprint", print_of_root, "--json")

    stranger.do("logout", "--keep-key")

    key_id = json.loads(done.printed)["id"]
    assert key_id in keys(terminal)
    terminal.do("key", "revoke", key_id, "--yes")


def test_a_terminal_asks_for_everything(
    terminal: Terminal, stranger: Terminal, server: Server, ann: str, print_of_root: str
) -> None:
    done = talk(
        stranger,
        [
            ("Address of the server:", server.https),
            ("Is it the same?", "y"),
            ("E-mail address:", ann),
            ("Password:", PASSWORD),
        ],
        "login",
    )

    assert done.status == 0, done
    assert print_of_root in done.text
    assert PASSWORD not in done.text
    assert "Saved the profile 'localhost'." in done.text
    assert "Owner" in done.text

    stays = talk(stranger, [("delete the profile 'localhost'?", "n")], "logout")
    assert stays.status == 6
    assert profiles(stranger).startswith("localhost\t")
    gone = talk(stranger, [("delete the profile 'localhost'?", "y")], "logout")
    assert (gone.status, profiles(stranger)) == (0, "")


def test_a_root_that_a_person_does_not_trust_gets_no_password(
    stranger: Terminal, server: Server
) -> None:
    done = talk(stranger, [("Is it the same?", "n")], "login", "--url", server.https)

    assert done.status == 6
    assert "Not trusted: nothing was changed" in done.text
    assert (profiles(stranger), certificates(stranger)) == ("", [])


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        ((), 2, "Pass --fingerprint"),
        (("--fingerprint", "00:11"), 3, "different fingerprint"),
    ],
)
def test_a_pipe_needs_the_right_fingerprint(
    stranger: Terminal, server: Server, words: tuple[str, ...], status: int, why: str
) -> None:
    done = log_in(stranger, server, "--email", ANN, *words)

    assert (done.status, why in done.error) == (status, True), done
    assert (profiles(stranger), certificates(stranger)) == ("", [])


def test_a_key_on_standard_input_is_checked_before_it_is_kept(
    stranger: Terminal, server: Server, print_of_root: str
) -> None:
    words = ("--with-key", "--fingerprint", print_of_root)

    wrong = log_in(stranger, server, *words, given=b"nonsense\n")
    assert (wrong.status, "invalid token" in wrong.error.lower()) == (3, True), wrong
    assert (profiles(stranger), certificates(stranger)) == ("", [])
    assert log_in(stranger, server, *words, given=b"").status == 2

    right = log_in(stranger, server, *words, given=server.api_key.encode() + b"\n")
    assert right.status == 0, right
    assert server.api_key not in right.text + right.error
    stranger.do("cache", "list", "--profile", "prod")

    # A key that was made elsewhere stays valid.
    stranger.do("logout", "prod")
    assert log_in(stranger, server, *words, given=server.api_key.encode()).status == 0


def test_a_wrong_password_and_a_role_that_makes_no_keys_are_told_so(
    terminal: Terminal, stranger: Terminal, server: Server, room: Path, ann: str
) -> None:
    trusts = ("--ca", str(server.ca))
    wrong = log_in(stranger, server, "--email", ann, *trusts, given=b"wrong password\n")
    assert (wrong.status, "password is wrong" in wrong.error) == (3, True), wrong

    viewer = joined(terminal, room, server, BOB, "viewer")
    assert viewer.status == 3
    assert "lacks auth_management:write" in viewer.error
    assert "attimo login --with-key. You have joined the account all the same" in viewer.error
    assert profiles(stranger) == ""


def test_a_number_that_is_the_name_of_another_account_chooses_none(
    terminal: Terminal, stranger: Terminal, server: Server, ann: str
) -> None:
    made = json.loads(terminal.do("account", "create", "second", "--owner", ann, "--json"))
    token = made["link"].partition("#")[2]
    asked = {"token": token, "password": PASSWORD}
    httpx.post(f"{server.http}/invitations/accept", json=asked).raise_for_status()
    with closing(sqlite3.connect(server.data_dir / "attimo.db")) as database, database:
        query = "UPDATE accounts SET name = '1' WHERE id = ?"
        database.execute(query, (made["account_id"],))
    here = ("login", "--url", server.http, "--name", "two", "--email", ann, "--json")

    unclear = stranger.type(*here, "--account", "1", given=LINE)

    assert unclear.status == 2
    assert f"pass an id (1, {made['account_id']}) in the form id:N" in unclear.error
    for id in (1, made["account_id"]):
        done = stranger.type(*here, "--account", f"id:{id}", given=LINE)
        assert json.loads(done.printed)["account_id"] == id
    assert stranger.type(*here, "--account", "id:77", given=LINE).status == 4
    stranger.do("logout", "two", "--yes")
    terminal.do("account", "delete", f"id:{made['account_id']}", "--yes")


def test_a_password_is_not_sent_in_plaintext_to_another_machine(stranger: Terminal) -> None:
    words = ("--url", "http://192.0.2.1:8080", "--email", ANN)

    done = stranger.type("login", *words, given=LINE)

    assert (done.status, "in plaintext" in done.error) == (2, True), done


def test_a_profile_of_another_server_is_not_replaced(
    stranger: Terminal, server: Server, print_of_root: str
) -> None:
    stranger.do("profile", "add", "prod", "--url", "http://192.0.2.1", "--api-key", "k")

    done = log_in(stranger, server, "--with-key", "--fingerprint", print_of_root)

    assert (done.status, "pass another name with --name" in done.error) == (2, True), done
    assert profiles(stranger) == "prod\thttp://192.0.2.1\t\n"


@pytest.mark.parametrize(
    "words",
    [
        ("--invitation", "https://example.com/else"),
        ("--invitation", "http://[/invitations/accept#x"),
        ("--invitation", "https://example.com/invitations/accept#"),
        ("--invitation", "https://a/invitations/accept#x", "--with-key"),
        ("--url", "http://["),
        ("--url", "ftp://example.com"),
        ("--url", "http://ann:secret@example.com"),
        ("--url", "http://127.0.0.1:1", "--role", "viewer"),
        (),
    ],
)
def test_words_that_make_no_sense_are_refused_in_a_line(
    stranger: Terminal, words: tuple[str, ...]
) -> None:
    done = stranger.type("login", *words, given=LINE)

    assert (done.status, done.error.count("\n")) == (2, 1), done
    assert profiles(stranger) == ""


def test_a_second_factor_is_asked_for(
    stranger: Terminal, server: Server, ann: str, print_of_root: str
) -> None:
    with httpx.Client(base_url=server.http, timeout=60) as browser:
        asked = {"email": ann, "password": PASSWORD}
        csrf = browser.post("/session", json=asked).json()["csrf_token"]
        form = {"csrf": csrf, "password": PASSWORD}
        page = browser.post("/console/security/app", data=form).text
        secret = page.partition('id="secret"')[2].partition(">")[2].partition("<")[0]
        app = pyotp.TOTP(secret)
        form = {"csrf": csrf, "code": app.now()}
        shown = browser.post("/console/security/app/confirm", data=form).text
        codes = shown.partition('id="codes"')[2].partition(">")[2].partition("<")[0].split()
        words = ("--email", ann, "--fingerprint", print_of_root)
        alone = log_in(stranger, server, *words)
        wrong = log_in(stranger, server, *words, given=LINE + b"000000\n")
        right = log_in(stranger, server, *words, given=LINE + f"{codes[0]}\n".encode())
        form = {"csrf": csrf, "code": codes[1]}
        assert browser.post("/console/security/app/remove", data=form).status_code == 303

    assert (alone.status, wrong.status, right.status) == (2, 3, 0)
    assert "recovery code missing" in alone.error
    assert "The code is wrong" in wrong.error
    stranger.do("logout", "prod", "--yes")

"""A backup is one moment of a whole server; what is restored of it is a server, or nothing."""

import json
import os
import shutil
import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from e2e.terminal import Terminal
from harness import Server, attimo


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}


def status_of(server: Server, key: str) -> int:
    return httpx.get(f"{server.http}/caches", headers={"authorization": key}).status_code


@pytest.fixture(scope="module")
def saved(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the running server, which has a cache of its own."""
    room = tmp_path_factory.mktemp("saved")
    terminal = Terminal(room, {"ATTIMO_DATA_DIR": str(server.data_dir)})
    terminal.do("cache", "create", "saved")
    answer = terminal.type("backup", str(room / "backup"))
    terminal.do("cache", "delete", "saved")
    assert answer.status == 0, answer
    return room / "backup"


def test_a_backup_is_its_owners_alone(saved: Path, server: Server) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o700
    assert modes(saved) == {0o600}
    assert {"attimo.db", "ca.key", "server.key", "credentials.json", "backup.json"} <= {
        each.name for each in saved.iterdir()
    }
    assert [each.name for each in saved.parent.iterdir() if each.name.startswith(".b")] == []


@pytest.mark.parametrize("umask", ["0", "777"])
def test_no_umask_changes_whose_a_backup_is(server: Server, stranger: Terminal, umask: str) -> None:
    to, again = stranger.home / "backup", stranger.home / "again"
    for words in (f"backup {to} --data-dir {server.data_dir}", f"restore {to} --data-dir {again}"):
        command = f"umask {umask}; exec {attimo()[0]} {words}"
        subprocess.run(["bash", "-c", command], check=True, env=stranger.environment())

    assert [stat.S_IMODE(each.stat().st_mode) for each in (to, again)] == [0o700, 0o700]
    assert modes(to) | modes(again) == {0o600}


def test_a_copy_takes_no_key_of_the_first_server_and_gives_it_none(
    saved: Path, server: Server, stranger: Terminal
) -> None:
    data = stranger.home / "copy"
    answer = stranger.type("restore", str(saved), "--data-dir", str(data))
    assert "Keys, tokens, sessions and invitations" in answer.error
    with Server(data_dir=data) as copy:
        assert "A new API key for the owner of this server" in copy.output
        assert "A new server" not in copy.output
        assert status_of(copy, server.api_key) == 401
        assert status_of(server, copy.api_key) == 401
        names = [each["name"] for each in httpx.get(
            f"{copy.http}/caches", headers={"authorization": copy.api_key}
        ).json()["caches"]]  # fmt: skip
        assert "saved" in names
        assert copy.ca.read_text() != server.ca.read_text()


def test_a_copy_holds_nothing_that_signs_for_the_first_server(
    saved: Path, stranger: Terminal
) -> None:
    data = stranger.home / "staging"
    with closing(sqlite3.connect(saved / "attimo.db")) as database:
        found = database.execute("SELECT private_key FROM signing_keys").fetchall()
    assert stranger.type("restore", str(saved), "--data-dir", str(data)).status == 0

    secrets = [key for (key,) in found if key]
    assert secrets
    held = [each.name for each in data.iterdir() for key in secrets if key in each.read_bytes()]
    assert held == []


def test_a_server_that_is_gone_is_replaced_with_its_keys(
    saved: Path, server: Server, stranger: Terminal
) -> None:
    data = stranger.home / "again"
    answer = stranger.type("restore", str(saved), "--keep-keys", "--data-dir", str(data))
    assert "are valid again" in answer.error
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    with Server(data_dir=data) as again:
        assert again.api_key == server.api_key
        assert status_of(again, server.api_key) == 200
        assert again.ca.read_text() == server.ca.read_text()


def test_a_copy_is_not_written_into_what_it_is_a_copy_of(
    saved: Path, server: Server, stranger: Terminal
) -> None:
    (stranger.home / "link").symlink_to(server.data_dir)
    data = ("--data-dir", str(server.data_dir))
    inside = (
        ("backup", str(server.data_dir / "backup"), *data),
        ("backup", str(server.data_dir / "a" / "b"), *data),
        ("backup", str(server.data_dir / ".." / server.data_dir.name / "c"), *data),
        ("backup", str(stranger.home / "link" / "d"), *data),
        ("restore", str(saved), "--data-dir", str(saved / "data")),
    )
    before = {*server.data_dir.iterdir(), *saved.iterdir()}

    for typed in inside:
        answer = stranger.type(*typed)
        assert answer.status > 1, answer
        assert answer.error.count("\n") == 1, answer
        assert "choose a directory outside of it" in answer.error

    assert {*server.data_dir.iterdir(), *saved.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("attimo.db", "is damaged: its digest is another one"),
        ("credentials.json", "is damaged: its digest is another one"),
        ("ca.key", "No such file"),
        ("backup.json", "is damaged"),
    ],
)
def test_a_damaged_backup_is_not_restored(
    saved: Path, stranger: Terminal, name: str, told: str
) -> None:
    copy = Path(shutil.copytree(saved, stranger.home / "copy"))
    if name == "ca.key":
        (copy / name).unlink()
    else:
        (copy / name).write_bytes((copy / name).read_bytes()[:-1] + b"!")

    answer = stranger.type("restore", str(copy), "--data-dir", str(stranger.home / "data"))

    assert answer.status > 1, answer
    assert answer.error.count("\n") == 1, answer
    assert told in answer.error
    assert [each.name for each in stranger.home.iterdir()] == ["copy"]


@pytest.mark.parametrize("name", ["attimo.db", "ca.key", "credentials.json", "backup.json"])
@pytest.mark.parametrize("kind", ["a device", "a pipe", "a tebibyte"])
def test_what_has_no_end_in_the_place_of_a_file_is_not_restored(
    saved: Path, stranger: Terminal, name: str, kind: str
) -> None:
    copy = Path(shutil.copytree(saved, stranger.home / "copy"))
    put_in_place(copy / name, kind)

    answer = stranger.type("restore", str(copy), "--data-dir", str(stranger.home / "data"))

    assert answer.status > 1, answer
    assert answer.error.count("\n") == 1, answer
    assert f"{copy / name} " in answer.error
    assert [each.name for each in stranger.home.iterdir()] == ["copy"]


@pytest.mark.parametrize("name", ["attimo.db", "ca.key", "credentials.json", "backup.json"])
def test_a_pipe_whose_writer_says_nothing_is_not_waited_for(
    saved: Path, stranger: Terminal, name: str
) -> None:
    copy = Path(shutil.copytree(saved, stranger.home / "copy"))
    put_in_place(copy / name, "a pipe")
    writer = os.open(copy / name, os.O_RDWR)
    try:
        answer = stranger.type("restore", str(copy), "--data-dir", str(stranger.home / "data"))
    finally:
        os.close(writer)

    assert answer.status > 1, answer
    assert answer.error.count("\n") == 1, answer
    assert f"{copy / name} " in answer.error


@pytest.mark.parametrize(
    ("pages", "told"),
    [
        (None, "1,099,511,627,776 bytes, and by its header"),
        (1 << 28, "1,099,511,627,776 bytes, and only"),
        (0, "it is not a SQLite database"),
    ],
)
def test_a_database_that_was_made_longer_is_refused_before_it_is_read(
    saved: Path, stranger: Terminal, pages: int | None, told: str
) -> None:
    """It begins as a database does, and says itself of how many pages it is."""
    copy = Path(shutil.copytree(saved, stranger.home / "copy"))
    with (copy / "attimo.db").open("r+b") as database:
        database.truncate(1 << 40)
        if pages is not None:
            database.seek(28)
            database.write(pages.to_bytes(4))

    answer = stranger.type("restore", str(copy), "--data-dir", str(stranger.home / "data"))

    assert (answer.status, answer.error.count("\n")) == (2, 1), answer
    assert f"{copy / 'attimo.db'} " in answer.error
    assert told in answer.error
    assert [each.name for each in stranger.home.iterdir()] == ["copy"]


def put_in_place(file: Path, kind: str) -> None:
    """Replace a file by something of which reading comes to no end soon."""
    file.unlink()
    if kind == "a device":
        file.symlink_to("/dev/zero")
    elif kind == "a pipe":
        os.mkfifo(file)
    else:
        with file.open("wb") as made:
            made.truncate(1 << 40)


def test_a_key_of_a_tebibyte_is_not_backed_up(tmp_path: Path, stranger: Terminal) -> None:
    data = tmp_path / "data"
    with Server(data_dir=data):
        put_in_place(data / "ca.key", "a tebibyte")

        words = ("backup", str(tmp_path / "backup"), "--data-dir", str(data))
        answer = stranger.type(*words)

    assert (answer.status, answer.error.count("\n")) == (2, 1), answer
    assert f"{data / 'ca.key'} cannot be read: it has more than 16,777,216 bytes" in answer.error
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize("change", [{"format": 2}, {"files": {"../x": ""}}, {"files": []}])
def test_a_manifest_of_something_else_is_refused(
    saved: Path, stranger: Terminal, change: dict[str, object]
) -> None:
    copy = Path(shutil.copytree(saved, stranger.home / "copy"))
    manifest = json.loads((copy / "backup.json").read_text())
    (copy / "backup.json").write_text(json.dumps(manifest | change))

    answer = stranger.type("restore", str(copy), "--data-dir", str(stranger.home / "data"))

    assert answer.status > 1, answer
    assert answer.error.count("\n") == 1, answer


def test_nothing_is_written_over(saved: Path, terminal: Terminal) -> None:
    for words in (["restore", str(saved)], ["backup", str(saved)]):
        answer = terminal.type(*words)
        assert answer.status > 1
        assert "not empty: choose a new directory" in answer.error


def test_a_backup_that_does_not_fit_is_not_there(server: Server, tmp_path: Path) -> None:
    typed = f"ulimit -f 20; {attimo()[0]} backup {tmp_path / 'b'} --data-dir {server.data_dir}"

    done = subprocess.run(["bash", "-c", typed], capture_output=True, text=True)

    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_back_up_is_one_plain_line(stranger: Terminal) -> None:
    answer = stranger.type("backup", str(stranger.home / "b"))

    assert answer.status > 1
    assert "There is no server in" in answer.error


def test_a_start_closes_what_others_could_read(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server(data_dir=data) as server:
        server.stop()
        for name in ("attimo.db", "ca.key", "credentials.json"):
            (data / name).chmod(0o644)
        server.start()

        (line,) = [line for line in server.output.splitlines() if "others could read" in line]
        assert "attimo.db, ca.key, credentials.json" in line
        assert "ca.pem" not in line
        assert not any((data / name).stat().st_mode & 0o077 for name in ("attimo.db", "ca.key"))
        server.stop()
        server.start()
        assert "others could read" not in server.output

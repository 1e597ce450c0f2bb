"""The folder of a server: who holds it, and what lies in it."""

import json
import os
import stat
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from attimo import files
from attimo.data_directory import Credentials, DataDirectory, Running
from attimo.errors import Misconfigured

CREDENTIALS = Credentials(
    endpoint="localhost:8443",
    api_key="secret",
    http="http://127.0.0.1:8080",
    https="https://localhost:8443",
    ca="/somewhere/ca.pem",
    account_id=1,
    cache="default-cache",
)
RUNNING = Running(os.getpid(), "127.0.0.1:8080", "127.0.0.1:8443", "localhost:8443", "0.1.0")


def endless(file: Path) -> None:
    file.symlink_to("/dev/zero")


def huge(file: Path) -> None:
    """A file of a tebibyte that takes no space."""
    with file.open("wb") as made:
        made.truncate(1 << 40)


@pytest.fixture
def home(tmp_path: Path) -> DataDirectory:
    home = DataDirectory(tmp_path / "made" / "data")
    home.prepare()
    return home


def test_it_is_for_its_owner_only(home: DataDirectory) -> None:
    home.keep(CREDENTIALS)

    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700
    assert stat.S_IMODE((home.path / "credentials.json").stat().st_mode) == 0o600


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Misconfigured, match=r"cannot write to the data directory .*--data-dir"):
        DataDirectory(tmp_path / "file" / "data").prepare()


def test_a_place_that_is_no_directory_is_told_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nothing")

    for name, what in (("file", "it is no directory"), ("link", "it is a link to nothing")):
        with pytest.raises(Misconfigured, match=f"{tmp_path / name} .{what}.; .*--data-dir"):
            DataDirectory(tmp_path / name).prepare()


def test_a_second_server_is_told_who_holds_it(home: DataDirectory) -> None:
    second = DataDirectory(home.path)

    with home.lock(), pytest.raises(Misconfigured, match=rf"pid {os.getpid()}\b"), second.lock():
        pass


def test_it_can_be_held_again_afterwards(home: DataDirectory) -> None:
    with home.lock():
        pass
    with home.lock():
        pass


def test_the_running_server_is_known_while_it_runs(home: DataDirectory) -> None:
    with home.lock(), home.announced(RUNNING):
        assert home.running() == RUNNING

    assert home.running() is None


def test_what_a_killed_server_left_is_not_taken_for_a_running_one(home: DataDirectory) -> None:
    with home.lock(), home.announced(RUNNING):
        left = (home.path / "server.json").read_text()
    (home.path / "server.json").write_text(left)

    assert home.running() is None


def test_credentials_are_kept_and_hidden(home: DataDirectory) -> None:
    assert home.credentials() is None

    home.keep(CREDENTIALS)

    assert home.credentials() == CREDENTIALS
    assert "secret" not in repr(CREDENTIALS)


def test_a_file_is_as_it_was_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    files.write(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write(path, "new")

    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_folder_of_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    tmp_path.chmod(0o755)

    with pytest.raises(Misconfigured, match="contains other files"):
        DataDirectory(tmp_path).prepare()

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert [file.name for file in tmp_path.iterdir()] == ["letter.txt"]


CREDENTIAL = json.dumps(asdict(CREDENTIALS))
ODD = {
    "empty": "",
    "half": CREDENTIAL[:50],
    "a list": "[]",
    "a number": "9" * 5000,
    "other fields": '{"a": 1}',
    "a text": '"x"',
    "very deep": "[" * 100_000,
    "binary": "\x00\xff\xfe",
    "a key of another type": CREDENTIAL.replace('"secret"', '["secret"]'),
    "an address of another type": CREDENTIAL.replace('"http://127.0.0.1:8080"', "8080"),
    "an account of another type": CREDENTIAL.replace('"account_id": 1', '"account_id": "1"'),
    "no cache": CREDENTIAL.replace('"default-cache"', "null"),
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
@pytest.mark.parametrize("name", ["credentials.json", "server.json"])
def test_a_file_that_is_damaged_is_one_clear_line(
    home: DataDirectory, name: str, text: str
) -> None:
    (home.path / name).write_text(text, encoding="latin-1")

    with home.lock(), pytest.raises(Misconfigured, match=rf"{name} cannot be read") as refused:
        home.credentials() if name == "credentials.json" else home.running()
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["credentials.json", "server.json", "lock"])
def test_a_directory_in_the_place_of_a_file_is_one_clear_line(
    home: DataDirectory, name: str
) -> None:
    path = home.path / name
    path.unlink(missing_ok=True)
    path.mkdir()
    if name == "lock":
        (home.path / "server.json").write_text(json.dumps(asdict(RUNNING)))

    with pytest.raises(Misconfigured, match=rf"{path} cannot be .*Is a directory"):
        home.credentials() if name == "credentials.json" else home.running()
    if name == "lock":
        with pytest.raises(Misconfigured, match="move it away"), home.lock():
            pass


@pytest.mark.parametrize("name", ["credentials.json", "server.json", "lock"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(home: DataDirectory, name: str) -> None:
    path = home.path / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)

    if name == "lock":
        assert home.holder() is None
        with pytest.raises(Misconfigured, match="it must be a file"), home.lock():
            pass
        return
    with pytest.raises(Misconfigured, match=rf"{name} cannot be read; move it away"):
        home.credentials() if name == "credentials.json" else home.running()


@pytest.mark.parametrize("name", ["credentials.json", "server.json"])
def test_a_device_without_an_end_in_the_place_of_a_file_is_one_clear_line(
    home: DataDirectory, name: str
) -> None:
    home.prepare()
    (home.path / name).symlink_to("/dev/zero")

    with pytest.raises(Misconfigured, match=f"{name} cannot be read"):
        home.credentials() if name == "credentials.json" else home.running()


def test_a_lock_without_an_end_names_no_holder(home: DataDirectory) -> None:
    (home.path / "lock").unlink()
    (home.path / "lock").symlink_to("/dev/zero")

    with home.lock():
        assert home.holder() == "unknown"
        with pytest.raises(Misconfigured, match=r"another server \(pid unknown\)"), home.lock():
            pass


@pytest.mark.parametrize(
    ("make", "of_bytes"),
    [(endless, "it is not a regular file"), (huge, "it has more than 16,777,216 bytes")],
)
def test_what_is_longer_than_any_file_of_ours_is_not_read(
    tmp_path: Path, make: Callable[[Path], None], of_bytes: str
) -> None:
    make(tmp_path / "file")

    with pytest.raises(ValueError, match="it has more than 16,777,216 characters"):
        files.read(tmp_path / "file")
    with pytest.raises(ValueError, match=of_bytes):
        files.read_bytes(tmp_path / "file")


def test_a_pipe_that_somebody_writes_into_is_read_to_its_end(tmp_path: Path) -> None:
    """As a shell makes one of the output of a command: `--tls-key <(…)`."""
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "w", encoding="ascii") as file:
            file.write("text")

    writer = threading.Thread(target=write)
    writer.start()
    with open(reading, "rb"):
        assert files.read(Path(f"/dev/fd/{reading}")) == "text"
    writer.join()


def test_no_new_server_is_begun_where_the_database_of_one_is_lost(home: DataDirectory) -> None:
    home.check_database()
    home.database.touch()
    home.check_database()
    home.keep(CREDENTIALS)

    with pytest.raises(Misconfigured, match=r"attimo\.db is empty, and credentials\.json"):
        home.check_database()
    home.database.unlink()
    with pytest.raises(Misconfigured, match=r"attimo\.db is missing, and .* to start a new server"):
        home.check_database()
    home.database.write_text("something")
    home.check_database()

"""A server that cannot start says why in one line, and damages nothing."""

from pathlib import Path

import pytest

from faults.watching import client, is_sound, read, refused, write
from harness import Server


def test_a_second_server_on_the_same_data_names_the_first(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path / "data") as server, client(server) as http:
        write(http, "k")
        told = server.running

        line = refused("--data-dir", str(server.data_dir), "--http", "127.0.0.1:0")

        assert f"pid {server.pid}" in line
        assert str(server.data_dir) in line
        assert server.running == told
        assert read(http, "k") == "v"
    assert is_sound(tmp_path / "data")


@pytest.mark.parametrize("setting", ["http", "https"])
def test_a_taken_port_is_named_with_the_setting_that_mends_it(
    server: Server, tmp_path: Path, setting: str
) -> None:
    taken = {"http": server.running["http"], "https": server.running["https"]}[setting]
    addresses = {"http": "127.0.0.1:0", "https": "127.0.0.1:0"} | {setting: taken}
    options = [word for name, address in addresses.items() for word in (f"--{name}", address)]

    line = refused("--data-dir", str(tmp_path / "data"), *options)

    assert taken in line
    assert f"--{setting}" in line


def test_the_start_after_a_refused_one_is_still_the_first(server: Server, tmp_path: Path) -> None:
    refused("--data-dir", str(tmp_path / "data"), "--http", server.running["http"])

    with Server(data_dir=tmp_path / "data") as second, client(second) as http:
        assert "A new server" in second.output
        assert len(http.get("/api-keys").json()["key_info"]) == 1


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")

    line = refused("--data-dir", str(tmp_path / "file" / "data"))

    assert str(tmp_path / "file" / "data") in line
    assert (tmp_path / "file").read_text() == "not a directory"


@pytest.mark.parametrize("words", [("--memory", "lots"), ("--http", "nowhere"), ("--threads", "0")])
def test_a_value_that_is_not_allowed_is_named(words: tuple[str, str]) -> None:
    assert words[0] in refused(*words)


def test_a_database_that_is_none_is_left_alone(tmp_path: Path) -> None:
    database = tmp_path / "attimo.db"
    database.write_text("this is a shopping list, and quite a long one")

    assert "database" in refused("--data-dir", str(tmp_path), "--http", "127.0.0.1:0")
    assert database.read_text().startswith("this is a shopping list")


def test_damaged_credentials_end_the_start_with_one_line(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path / "data"):
        pass
    (tmp_path / "data" / "credentials.json").write_text("{")

    line = refused("--data-dir", str(tmp_path / "data"), "--http", "127.0.0.1:0", "--https", "off")

    assert "credentials.json" in line
    assert is_sound(tmp_path / "data")

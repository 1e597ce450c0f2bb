"""A server that cannot start says why in one line, and damages nothing."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from certificates import Authority
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


@pytest.mark.parametrize("kind", ["a text", "another program's database"])
def test_a_file_of_another_program_is_left_alone_with_its_folder(tmp_path: Path, kind: str) -> None:
    database = tmp_path / "attimo.db"
    if kind == "a text":
        database.write_text("this is a shopping list, and quite a long one")
    else:
        with closing(sqlite3.connect(database)) as file:
            file.execute("CREATE TABLE songs (title TEXT)")
            file.commit()
    database.chmod(0o664)
    tmp_path.chmod(0o755)
    before = database.read_bytes()

    assert "database" in refused("--data-dir", str(tmp_path), "--http", "127.0.0.1:0")

    assert database.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["attimo.db"]
    assert stat.S_IMODE(database.stat().st_mode) == 0o664
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_damaged_credentials_end_the_start_with_one_line(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path / "data"):
        pass
    (tmp_path / "data" / "credentials.json").write_text("{")

    line = refused("--data-dir", str(tmp_path / "data"), "--http", "127.0.0.1:0", "--https", "off")

    assert "credentials.json" in line
    assert is_sound(tmp_path / "data")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--http", "0.0.0.0:0"), "--http has 0.0.0.0:0 without TLS"),
        (("--listen", "http://0.0.0.0:0"), "--listen http+insecure://0.0.0.0:0"),
        (("--listen", "ftp://127.0.0.1:21"), "--listen is 'ftp://127.0.0.1:21', but must be"),
        (("--local", "--http", "off"), "--local accepts clients without a token"),
        (("--certificate", "/nowhere.pem"), "--certificate needs --private-key"),
        (("--acme", "letsencrypt"), "--acme needs --acme-accept-terms"),
        (("--acme", "letsencrypt", "--acme-accept-terms"), "--endpoint"),
    ],
)
def test_settings_that_make_no_sense_together_are_named(words: tuple[str, ...], said: str) -> None:
    assert said in refused(*words)


def test_a_taken_address_of_a_list_is_named(server: Server, tmp_path: Path) -> None:
    taken = server.running["https"]

    line = refused("--data-dir", str(tmp_path / "data"), "--listen", f"https://{taken}?only=grpc")

    assert f"cannot listen on {taken}" in line
    assert "--listen or ATTIMO_LISTEN" in line


@pytest.fixture
def operator(tmp_path: Path) -> Authority:
    (tmp_path / "operator").mkdir()
    authority = Authority(tmp_path / "operator")
    authority.issue("localhost")
    return authority


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("chain.pem", "junk", "chain.pem contains no valid certificate"),
        ("chain.pem", None, "chain.pem cannot be read: No such file"),
        ("chain.pem", "\udcff", "chain.pem is not PEM"),
        ("key.pem", "junk", "key.pem contains no valid private key"),
        ("key.pem", None, "key.pem cannot be read: No such file"),
    ],
)
def test_a_file_of_a_certificate_that_is_of_no_use_is_named(
    operator: Authority, tmp_path: Path, file: str, content: str | None, said: str
) -> None:
    named = operator.folder / file
    if content is None:
        named.unlink()
    else:
        named.write_text(content, errors="surrogateescape")

    line = refused("--data-dir", str(tmp_path / "data"), *operator.options)

    assert said in line
    assert str(named) in line


def test_a_key_of_another_certificate_is_named(operator: Authority, tmp_path: Path) -> None:
    key = operator.key.read_text()
    operator.issue("localhost")
    operator.key.write_text(key)

    line = refused("--data-dir", str(tmp_path / "data"), *operator.options)

    assert "key.pem is not that of the certificate in" in line


def test_a_key_that_takes_a_passphrase_is_named(operator: Authority, tmp_path: Path) -> None:
    operator.issue("localhost", passphrase=b"secret")

    line = refused("--data-dir", str(tmp_path / "data"), *operator.options)

    assert "has a passphrase" in line


@pytest.mark.parametrize("name", ["ca.key", "ca.pem"])
def test_an_authority_that_is_damaged_is_named_with_the_mend(tmp_path: Path, name: str) -> None:
    """When it has to sign: here, for another endpoint."""
    data = tmp_path / "data"
    with Server(data_dir=data):
        pass
    (data / name).write_text("junk")

    ports = ("--http", "127.0.0.1:0", "--https", "127.0.0.1:0")
    line = refused("--data-dir", str(data), *ports, "--endpoint", "cache.example.com")

    assert str(data / name) in line
    assert "put back what was there, or move" in line


def test_a_certificate_in_the_data_directory_that_is_none_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server(data_dir=data):
        pass
    (data / "server.pem").write_text("junk")

    line = refused("--data-dir", str(data), "--http", "127.0.0.1:0", "--https", "127.0.0.1:0")

    assert f"{data / 'server.pem'} contains no valid certificate" in line

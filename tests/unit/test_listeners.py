"""What may be written of a listener, and which ones go together."""

from pathlib import Path

import pytest

from attimo.errors import InvalidSetting, Misconfigured
from attimo.settings import Listener, Settings, load
from attimo.settings.listeners import PROTOCOLS, listener
from attimo.settings.values import Raw


def of(directory: Path, flags: dict[str, Raw | None] | None = None, **environ: str) -> Settings:
    return load(flags, {"XDG_CONFIG_HOME": str(directory)} | environ, directory)


def written(settings: Settings) -> list[str]:
    return [str(each) for each in settings.listeners]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("https://0.0.0.0:443", Listener("0.0.0.0:443", tls=True)),
        ("http://127.0.0.1:8080", Listener("127.0.0.1:8080", tls=False)),
        ("http://localhost:0", Listener("127.0.0.1:0", tls=False)),
        ("https://[::]:8443", Listener("[::]:8443", tls=True)),
        ("http+insecure://0.0.0.0:80", Listener("0.0.0.0:80", tls=False, insecure=True)),
        ("https://10.0.0.5:1?only=http,grpc", Listener("10.0.0.5:1", True, ("grpc", "http"))),
        ("http://0.0.0.0:80?only=acme", Listener("0.0.0.0:80", False, ("acme",))),
    ],
)
def test_a_listener_is_read_and_written_alike(text: str, meant: Listener) -> None:
    assert listener(text) == meant
    assert listener(str(meant)) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0.0.0.0:443",
        "https://",
        "https://0.0.0.0",
        "https://example.com:443",
        "https://0.0.0.0:443/",
        "https://0.0.0.0:443/cache",
        "https://0.0.0.0:65536",
        "https://user@127.0.0.1:443",
        "https://[fe80::1%eth0]:443",
        "https://0.0.0.0:443#grpc",
        "https://0.0.0.0:443?only=",
        "https://0.0.0.0:443?only=redis",
        "https://0.0.0.0:443?only=grpc&only=http",
        "https://0.0.0.0:443?without=grpc",
        "https+insecure://0.0.0.0:443",
        "redis://127.0.0.1:6379",
        "HTTPS//0.0.0.0:443",
    ],
)
def test_what_is_no_listener_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidSetting, match=r"--listen is .*, but must be https://ADDRESS:PORT"):
        of(tmp_path, {"listen": text})


def test_flags_a_variable_and_the_file_say_the_same(tmp_path: Path) -> None:
    words: list[str] = ["https://0.0.0.0:443?only=grpc,http", "http://127.0.0.1:8080"]
    (tmp_path / "file.toml").write_text(f"listen = {words}\n")

    flags = of(tmp_path, {"listen": words})
    variable = of(tmp_path, ATTIMO_LISTEN=", ".join(words))
    file = of(tmp_path, {"config": str(tmp_path / "file.toml")})

    assert written(flags) == written(variable) == written(file) == words


def test_without_a_word_there_are_the_two_listeners_of_loopback(tmp_path: Path) -> None:
    assert written(of(tmp_path)) == ["http://127.0.0.1:8080", "https://127.0.0.1:8443"]


def test_who_says_where_to_listen_gets_no_other_listener(tmp_path: Path) -> None:
    found = of(tmp_path, {"listen": "https://127.0.0.1:1"})

    assert written(found) == ["https://127.0.0.1:1"]


def test_http_and_https_that_are_said_stand_beside_listen(tmp_path: Path) -> None:
    found = of(tmp_path, {"listen": "https://127.0.0.1:1"}, ATTIMO_HTTP="127.0.0.1:2")

    assert written(found) == ["http://127.0.0.1:2", "https://127.0.0.1:1"]


@pytest.mark.parametrize(
    ("flags", "named", "way"),
    [
        ({"http": "0.0.0.0:8080"}, "--http has", "--listen http+insecure://0.0.0.0:8080"),
        ({"http": "[::]:8080"}, "--http has", r"--listen http+insecure://[::]:8080"),
        (
            {"listen": "http://10.0.0.1:80?only=grpc"},
            "--listen has",
            "http+insecure://10.0.0.1:80?only=grpc",
        ),
    ],
)
def test_plaintext_beyond_this_machine_must_be_asked_for_by_name(
    tmp_path: Path, flags: dict[str, Raw | None], named: str, way: str
) -> None:
    with pytest.raises(Misconfigured) as refused:
        of(tmp_path, flags)

    assert str(refused.value).startswith(named)
    assert str(refused.value).endswith(way)


@pytest.mark.parametrize(
    "word",
    [
        "http+insecure://0.0.0.0:8080",
        "http://0.0.0.0:80?only=acme",
        "http://0.0.0.0:81?only=health,acme",
        "http://127.9.9.9:8080",
        "http://[::1]:8080",
    ],
)
def test_plaintext_that_is_meant_or_tells_nothing_is_allowed(tmp_path: Path, word: str) -> None:
    assert written(of(tmp_path, {"listen": word})) == [word]


@pytest.mark.parametrize(
    "flags",
    [
        {"http": "off"},
        {"listen": "https://127.0.0.1:1"},
        {"listen": "http+insecure://0.0.0.0:8080"},
        {"listen": "http://127.0.0.1:1?only=health"},
    ],
)
def test_a_local_server_needs_plaintext_that_only_this_machine_reaches(
    tmp_path: Path, flags: dict[str, Raw | None]
) -> None:
    with pytest.raises(Misconfigured, match="--local accepts clients without a token"):
        of(tmp_path, flags | {"local": True})


def test_everything_is_offered_unless_something_is_left_out() -> None:
    assert listener("https://127.0.0.1:1").offers == PROTOCOLS


def test_a_file_from_another_system_has_the_same_listeners(tmp_path: Path) -> None:
    """It begins with a byte order mark, and its lines end otherwise."""
    content = "\ufeffhttp = '127.0.0.1:0'\r\nhttps = 'off'\r\n"
    (tmp_path / "attimo.toml").write_bytes(content.encode())

    assert written(of(tmp_path)) == ["http://127.0.0.1:0"]

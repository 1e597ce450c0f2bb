"""Which server the command line talks to."""

import stat
from pathlib import Path

import pytest

from attimo.cli import profiles
from attimo.cli.profiles import Profile
from attimo.cli.target import choose
from attimo.data_directory import Credentials, DataDirectory, Running
from attimo.errors import Misconfigured, NotFound

THERE = Profile("https://there.example.com", "key-there", "/ca.pem", "sessions")


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "TOKEN", "CA", "PROFILE", "DATA_DIR", "CONFIG"):
        monkeypatch.delenv(f"ATTIMO_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))


def test_a_profile_comes_back_as_it_was_saved() -> None:
    odd = Profile('https://x/"quoted"', "key\\with\nlines", None, "größe")
    profiles.save({"there": THERE, "an odd.name": odd})

    assert profiles.load() == {"there": THERE, "an odd.name": odd}
    assert stat.S_IMODE(profiles.path().stat().st_mode) == 0o600
    assert "key-there" not in repr(THERE)


def test_an_unknown_profile_is_answered_with_the_known_ones() -> None:
    profiles.save({"there": THERE})

    with pytest.raises(NotFound, match=r"'here' \(there\)"):
        choose(profile="here")


def test_what_is_typed_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    profiles.save({"there": THERE})
    monkeypatch.setenv("ATTIMO_URL", "http://elsewhere")
    monkeypatch.setenv("ATTIMO_TOKEN", "key-elsewhere")

    assert choose(profile="there") == THERE
    assert choose() == Profile("http://elsewhere", "key-elsewhere")


def test_an_address_needs_a_key() -> None:
    with pytest.raises(Misconfigured, match="which API key"):
        choose(url="http://elsewhere")


def test_two_servers_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="one of"):
        choose(profile="there", data_dir=tmp_path)


def test_the_server_of_this_machine_is_used_when_none_is_named(tmp_path: Path) -> None:
    home = DataDirectory(tmp_path / "share" / "attimo")
    home.prepare()
    home.keep(
        Credentials("localhost", "key-here", "http://127.0.0.1:1", None, "/ca", 1, "default-cache")
    )

    with home.lock(), home.announced(Running(1, "127.0.0.1:1", None, "localhost", "0.1.0")):
        assert choose() == Profile("http://127.0.0.1:1", "key-here", cache="default-cache")

    with pytest.raises(Misconfigured, match="not running"):
        choose()


def test_no_server_at_all_is_one_clear_line() -> None:
    with pytest.raises(Misconfigured, match="there is no server in"):
        choose()

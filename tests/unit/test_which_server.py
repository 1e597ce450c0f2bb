"""Which server the command line talks to."""

import base64
import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from attimo.cli import homes, profile, profiles
from attimo.cli.profiles import Profile
from attimo.cli.target import choose
from attimo.data_directory import Credentials, DataDirectory, Running
from attimo.errors import Misconfigured, NotFound, Unauthenticated, Unreachable

THERE = Profile("https://there.example.com", "key-there", "/ca.pem", "sessions")


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "TOKEN", "CA", "PROFILE", "DATA_DIR", "CONFIG"):
        monkeypatch.delenv(f"ATTIMO_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))


def test_a_profile_comes_back_as_it_was_saved() -> None:
    odd = Profile('https://x/"quoted"', "key\\with\nlines\x7f", None, "größe")
    profiles.save({"there": THERE, "an odd.name": odd})

    assert profiles.load() == {"there": THERE, "an odd.name": odd}
    assert stat.S_IMODE(profiles.path().stat().st_mode) == 0o600
    assert "key-there" not in repr(THERE)


def test_an_unknown_profile_is_answered_with_the_known_ones() -> None:
    profiles.save({"there": THERE})

    with pytest.raises(NotFound, match=r"'here' \(profiles: there\)"):
        choose(profile="here")


def test_what_is_typed_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    profiles.save({"there": THERE})
    monkeypatch.setenv("ATTIMO_URL", "http://elsewhere")
    monkeypatch.setenv("ATTIMO_TOKEN", "key-elsewhere")

    assert choose(profile="there") == THERE
    assert choose() == Profile("http://elsewhere", "key-elsewhere")


def test_an_address_needs_a_key() -> None:
    with pytest.raises(Unauthenticated, match="No API key for"):
        choose(url="http://elsewhere")


def token(signer: str, name: str = "key") -> str:
    """A key as a server signs it, as far as anybody here looks at it."""
    head = base64.urlsafe_b64encode(json.dumps({"kid": signer}).encode()).decode().rstrip("=")
    return f"{head}.{name}.signature"


OWNERS = token("here", "owner")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Profile]:
    """A server that runs on this machine."""
    home = DataDirectory(tmp_path / "share" / "attimo")
    home.prepare()
    url = "http://127.0.0.1:1"
    home.keep(Credentials("localhost:2", OWNERS, url, "https://localhost:2", "/ca", 1, "sessions"))
    with home.lock(), home.announced(Running(1, "127.0.0.1:1", None, "localhost:2", "0.1.0")):
        yield Profile(url, OWNERS, cache="sessions")


def test_a_key_that_is_typed_or_exported_is_used_for_the_server_of_this_machine(
    here: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for_here = tmp_path / "share" / "attimo"

    assert choose(api_key="typed") == replace(here, api_key="typed")
    assert choose(api_key="typed", data_dir=for_here) == replace(here, api_key="typed")
    for exported in (token("here", "reader"), "of-nobody-known"):
        monkeypatch.setenv("ATTIMO_TOKEN", exported)
        assert choose() == replace(here, api_key=exported)
        assert choose(data_dir=for_here) == replace(here, api_key=exported)
        assert choose(api_key="typed") == replace(here, api_key="typed")


def test_a_key_that_is_typed_or_exported_is_used_with_a_profile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    profiles.save({"there": THERE})

    assert choose(profile="there", api_key="typed") == replace(THERE, api_key="typed")
    monkeypatch.setenv("ATTIMO_TOKEN", "exported")
    assert choose(profile="there") == replace(THERE, api_key="exported")
    monkeypatch.setenv("ATTIMO_PROFILE", "there")
    assert choose() == replace(THERE, api_key="exported")


@pytest.mark.parametrize("name", ["TOKEN", "URL", "PROFILE", "CA"])
@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_variable_is_an_error_and_not_the_owner(
    here: Profile, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTIMO_URL", "http://elsewhere")
    monkeypatch.setenv("ATTIMO_TOKEN", "key")
    if name == "PROFILE":
        monkeypatch.delenv("ATTIMO_URL")
    monkeypatch.setenv(f"ATTIMO_{name}", value)

    with pytest.raises(Misconfigured, match=rf"ATTIMO_{name} is empty"):
        choose()


@pytest.mark.parametrize("word", ["profile", "url", "api_key"])
def test_an_empty_word_is_an_error_and_not_the_owner(here: Profile, word: str) -> None:
    with pytest.raises((Misconfigured, NotFound)):
        choose(**{word: ""})


@pytest.mark.parametrize("exported", [OWNERS, token("here", "reader")])
def test_a_key_of_this_machine_is_shown_to_no_server_elsewhere(
    here: Profile, exported: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    profiles.save({"there": THERE})
    monkeypatch.setenv("ATTIMO_TOKEN", exported)

    with pytest.raises(Misconfigured, match=r"ATTIMO_TOKEN is a key of the server of .*attimo and"):
        choose(url="https://elsewhere.example.com")
    assert choose(profile="there") == THERE
    said = capfd.readouterr().err
    assert "using the key stored for profile 'there'" in said
    assert exported not in said
    monkeypatch.setenv("ATTIMO_URL", "https://elsewhere.example.com")
    with pytest.raises(Misconfigured, match=r"is not sent to the server of"):
        choose(data_dir=homes.directory(None).path)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://localhost:1/", "https://localhost:2", "http://[::1]:1"]
)
def test_the_server_of_this_machine_is_known_by_all_its_addresses(
    here: Profile, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTIMO_TOKEN", OWNERS)

    assert choose(url=url).api_key == OWNERS


def test_a_key_of_one_profile_is_not_shown_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = token("one"), token("two")
    profiles.save({"one": Profile("https://one", one), "two": Profile("https://two", two)})
    monkeypatch.setenv("ATTIMO_TOKEN", one)

    assert choose(profile="two").api_key == two
    with pytest.raises(Misconfigured, match="is a key of profile 'one'"):
        choose(url="https://two")


def test_an_exported_key_goes_with_the_exported_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ATTIMO_URL", "https://one")
    monkeypatch.setenv("ATTIMO_TOKEN", "key-of-one")

    assert choose(url="https://one/").api_key == "key-of-one"
    with pytest.raises(Misconfigured, match=r"a key of ATTIMO_URL \(https://one\)"):
        choose(url="https://two")


def add(name: str, url: str, api_key: str | None = None) -> None:
    """What `attimo profile add` does."""
    assert profile.add.callback is not None
    profile.add.callback(name, url, api_key, None, None)


def test_a_new_profile_takes_no_key_of_another_server(
    here: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTIMO_TOKEN", OWNERS)

    with pytest.raises(Misconfigured, match="is not sent to https://there"):
        add("there", "https://there")
    assert profiles.load() == {}
    add("there", "https://there", "typed")
    add("here", "http://localhost:1")
    assert {name: each.api_key for name, each in profiles.load().items()} == {
        "there": "typed",
        "here": OWNERS,
    }


@pytest.mark.parametrize("key", ["a b", "größe", "a\nb", "\udcff"])
def test_what_can_be_no_key_is_not_repeated(key: str) -> None:
    with pytest.raises(Misconfigured, match="--api-key is not an API key") as refused:
        choose(url="http://elsewhere", api_key=key)

    assert key not in str(refused.value)


def test_a_v1_token_is_taken_for_the_key_in_it() -> None:
    wrapped = base64.b64encode(b'{"endpoint": "x", "api_key": "a.b.c"}').decode()

    assert choose(url="http://elsewhere", api_key=wrapped).api_key == "a.b.c"


@pytest.mark.parametrize(
    "url",
    ["elsewhere", "ftp://x", "http://", "http://x:99999", "http://x y", "http://[::1", "", "a:b@c"],
)
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(Misconfigured, match="is not a server address"):
        choose(url=url, api_key="key")


@pytest.mark.parametrize("url", ["https://u:secret@there", "u:secret@there", "x://u:secret@there"])
def test_a_password_in_an_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        choose(url=url, api_key="key")

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["x", "x = 1", "[x]", "[x]\nurl = 1\napi_key = 'k'", "[x]\nurl = 'u'\napi_key = ['secret']",
     "[x]\nurl = 'u'\napi_key = 'secret'\nmore = 1", "\xff", "[[x]]\nurl = 'u'"],
)  # fmt: skip
def test_a_file_of_profiles_that_is_damaged_is_one_clear_line(text: str) -> None:
    profiles.path().parent.mkdir(parents=True)
    profiles.path().write_text(text, encoding="latin-1")

    with pytest.raises(Misconfigured, match=r"profiles\.toml cannot be read") as refused:
        profiles.load()
    assert "secret" not in str(refused.value)


def test_a_file_of_profiles_that_is_a_directory_is_one_clear_line() -> None:
    profiles.path().mkdir(parents=True)

    for use in (profiles.load, lambda: profiles.save({})):
        with pytest.raises(Misconfigured, match=r"profiles\.toml cannot be"):
            use()


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

    with pytest.raises(Unreachable, match="not running"):
        choose()


def test_no_server_at_all_is_one_clear_line() -> None:
    with pytest.raises(Unreachable, match="There is no server in"):
        choose()


def test_without_a_server_here_the_servers_that_are_known_are_named() -> None:
    for name, said in (("prod", "--profile prod, or set ATTIMO_PROFILE"), ("test", "prod, test")):
        profiles.put(name, Profile("https://one", "key"))
        with pytest.raises(Unreachable, match=said):
            choose()

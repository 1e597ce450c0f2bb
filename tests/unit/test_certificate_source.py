"""Where a certificate comes from, who looks for another, and what is said of it."""

import logging
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from attimo.certificates import Certificate, authority, notes, pair
from attimo.certificates.ordered import HEADING, LONGEST_PAUSE, ByAcme, pause, renewal
from attimo.certificates.source import Files, OwnAuthority
from attimo.data_directory import DataDirectory
from attimo.errors import Misconfigured
from attimo.serve.certificate import Keeper, source_of
from attimo.settings import load
from attimo.settings.values import Raw
from certificates import Authority

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def operator(tmp_path: Path) -> Authority:
    (tmp_path / "operator").mkdir()
    authority = Authority(tmp_path / "operator")
    authority.issue("localhost", "*.localhost")
    return authority


@pytest.fixture
def files(operator: Authority) -> Files:
    return Files(operator.chain, operator.key, operator.root)


def test_a_byte_order_mark_and_the_ends_of_lines_of_another_system_change_nothing(
    files: Files, operator: Authority
) -> None:
    for each in (operator.chain, operator.key):
        each.write_bytes(b"\xef\xbb\xbf" + each.read_bytes().replace(b"\n", b"\r\n"))

    found = files.first()

    assert found.chain.startswith("-----BEGIN CERTIFICATE-----")
    assert found.private_key.startswith("-----BEGIN")


def test_what_is_in_the_files_is_known(files: Files, operator: Authority) -> None:
    found = files.first()

    assert found.chain == operator.chain.read_text()
    assert found.root == operator.root
    assert found.covers("localhost")
    assert found.covers("cache.localhost")
    assert not found.covers("api.cache.localhost")


def test_files_that_stay_as_they_are_give_nothing_new(files: Files) -> None:
    files.first()

    assert [files.next(now=False) for _ in range(3)] == [None] * 3


def test_a_change_is_taken_when_it_has_settled(files: Files, operator: Authority) -> None:
    """One look sees the change, the next sees that it is over."""
    old = files.first()
    operator.issue("localhost")

    assert files.next(now=False) is None
    found = files.next(now=False)

    assert found is not None
    assert found.chain != old.chain
    assert files.next(now=False) is None


def test_who_asks_for_it_need_not_wait(files: Files, operator: Authority) -> None:
    old = files.first()
    operator.issue("localhost")

    found = files.next(now=True)

    assert found is not None
    assert found.chain != old.chain


def test_a_pair_of_which_one_half_is_new_is_not_taken(files: Files, operator: Authority) -> None:
    files.first()
    key = operator.key.read_text()
    operator.issue("localhost")
    new = operator.key.read_text()
    operator.key.write_text(key)

    with pytest.raises(Misconfigured, match=r"key\.pem is not that of the certificate"):
        files.next(now=True)
    operator.key.write_text(new)

    assert files.next(now=True) is not None


@pytest.mark.parametrize(
    ("begins", "ends", "said"),
    [(-2 * HOUR, -HOUR, "expired on"), (HOUR, 2 * HOUR, "is not valid before")],
)
def test_a_certificate_of_another_time_is_told_at_a_start_and_refused_later(
    files: Files,
    operator: Authority,
    caplog: pytest.LogCaptureFixture,
    begins: timedelta,
    ends: timedelta,
    said: str,
) -> None:
    operator.issue("localhost", begins=begins, ends=ends)

    assert files.first().chain == operator.chain.read_text()
    assert said in caplog.text
    with pytest.raises(Misconfigured, match=said):
        files.next(now=True)


def test_the_own_authority_renews_when_it_is_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = OwnAuthority(tmp_path, "localhost")
    first = source.first()
    assert source.next(now=False) is None

    monkeypatch.setattr(authority, "RENEW_BEFORE_END", authority.SERVER_LIVES + timedelta(days=2))
    (tmp_path / "server.pem").unlink()
    authority.ensure(tmp_path, "localhost")
    source.first()
    found = source.next(now=False)

    assert found is not None
    assert found.chain != first.chain


@dataclass
class Given:
    """A source that gives what it is told to."""

    answers: list[Certificate | Exception | None]

    def first(self) -> Certificate:
        raise NotImplementedError

    def next(self, *, now: bool) -> Certificate | None:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Used:
    """What was put into use."""

    taken: list[Certificate] = field(default_factory=list)

    def __call__(self, certificate: Certificate) -> None:
        if "useless" in certificate.chain:
            raise ValueError("the data plane cannot use it")
        self.taken.append(certificate)


def living(chain: str, begins: timedelta, ends: timedelta, *names: str) -> Certificate:
    return Certificate(chain, "key", None, NOW + begins, NOW + ends, frozenset(names))


OLD = living("old", -HOUR, timedelta(days=90), "localhost", "*.localhost")


def keeper(*answers: Certificate | Exception | None) -> Keeper:
    return Keeper(Given(list(answers)), OLD, "localhost", Used())


def test_another_certificate_is_put_into_use() -> None:
    found = living("new", -HOUR, timedelta(days=90))
    kept = keeper(None, found)

    kept.look()
    assert kept.used is OLD
    kept.look()

    assert kept.used is found
    assert isinstance(kept.use, Used)
    assert kept.use.taken == [found]


@pytest.mark.parametrize(
    "wrong", [Misconfigured("no PEM"), OSError("disk"), living("useless", -HOUR, HOUR)]
)
def test_what_cannot_be_used_is_told_once_and_changes_nothing(
    caplog: pytest.LogCaptureFixture, wrong: Certificate | Exception
) -> None:
    kept = keeper(wrong, wrong, wrong)

    for _ in range(3):
        kept.look()

    assert kept.used is OLD
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "stays" in errors[0].getMessage()


def test_what_goes_wrong_again_later_is_told_again(caplog: pytest.LogCaptureFixture) -> None:
    wrong = Misconfigured("no PEM")
    kept = keeper(wrong, None, wrong)

    for _ in range(3):
        kept.look()

    assert caplog.text.count("no PEM") == 2


@pytest.mark.parametrize(
    ("life", "left", "warned"),
    [(90, 15, False), (90, 13, True), (6, 2, False), (6, 1, True)],
)
def test_an_end_that_comes_near_is_told_once_a_day(
    caplog: pytest.LogCaptureFixture, life: int, left: int, warned: bool
) -> None:
    found = living("new", timedelta(days=left - life), timedelta(days=left))
    kept = keeper(found, None, None)

    for _ in range(3):
        kept.look()

    assert caplog.text.count("the certificate expires on") == int(warned)


def test_names_that_sdks_need_and_the_certificate_has_not_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = keeper(living("new", -HOUR, timedelta(days=90), "localhost", "*.localhost"))

    kept.look()

    (warning,) = [each for each in caplog.messages if "is not for" in each]
    assert "api.cache.localhost" in warning
    assert "storage.localhost" not in warning


def test_two_thirds_of_a_life_are_over_at_a_renewal() -> None:
    moments = [renewal(living("new", timedelta(), timedelta(days=90))) - NOW for _ in range(100)]

    assert all(timedelta(days=55) <= each <= timedelta(days=60) for each in moments)
    assert len(set(moments)) > 1


def test_each_failure_makes_the_next_try_later_up_to_a_limit() -> None:
    for failures in (1, 2, 5, 10, 100, 10_000):
        most = min(timedelta(minutes=1) * 2 ** min(failures - 1, 20), LONGEST_PAUSE)
        assert most / 2 <= pause(failures) <= most


def acme(folder: Path) -> ByAcme:
    return ByAcme(folder, "localhost", "https://acme.invalid/dir", None, None, {})


def test_a_kept_certificate_of_another_name_or_authority_is_not_used(tmp_path: Path) -> None:
    own = acme(tmp_path).first()

    assert own.root == tmp_path / "ca.pem"
    for heading in ("Attimo certificate by ACME\ndirectory: https://other.invalid/", "no heading"):
        (tmp_path / "acme.pem").write_text(f"{heading}\n{own.chain}")
        (tmp_path / "acme.key").write_text(own.private_key)
        assert acme(tmp_path).first() == own


def test_a_kept_certificate_for_one_of_the_names_is_used_until_one_for_all_is_ordered(
    tmp_path: Path, operator: Authority
) -> None:
    """The operator's is for the old name: without it, clients would get one they do not trust."""
    facts = {
        "directory": "https://acme.invalid/dir",
        "endpoint": "localhost",
        "renew after": (datetime.now(UTC) + timedelta(days=9)).isoformat(),
    }
    chain = operator.chain.read_text()
    (tmp_path / "acme.pem").write_text(notes.written(HEADING, facts, chain))
    (tmp_path / "acme.key").write_text(operator.key.read_text())

    def source(endpoint: str, *also: str) -> ByAcme:
        return ByAcme(tmp_path, endpoint, facts["directory"], None, None, {}, also)

    moved, same, other = source("new", "localhost"), source("localhost"), source("new")
    used = [each.first().chain for each in (moved, same, other)]

    assert [each == chain for each in used] == [True, True, False]
    assert moved._due < datetime.now(UTC) < same._due


def test_the_settings_choose_where_it_comes_from(tmp_path: Path, operator: Authority) -> None:
    data = tmp_path / "data"
    data.mkdir()

    def chosen(**said: Raw | None) -> object:
        flags = {"data_dir": str(data)} | said
        return source_of(load(flags, {}, tmp_path), DataDirectory(data), {})

    given: dict[str, Raw | None] = {
        "certificate": str(operator.chain),
        "private_key": str(operator.key),
    }
    assert chosen(https="off") is None
    assert isinstance(chosen(), OwnAuthority)
    assert chosen(**given) == Files(operator.chain, operator.key)
    asked: dict[str, Raw | None] = {
        "acme": "letsencrypt",
        "acme_accept_terms": True,
        "endpoint": "cache.example.com",
    }
    assert isinstance(chosen(**asked | {"http": "127.0.0.1:80"}), ByAcme)
    (data / "server.pem").write_text(operator.chain.read_text())
    assert chosen() == Files(data / "server.pem", data / "server.key")


def test_a_pair_hides_its_key(files: Files) -> None:
    assert "PRIVATE" not in repr(files.first())
    assert "PRIVATE" not in repr(pair.read(files.chain, files.key))


@pytest.mark.parametrize("by", ["files", "an order"])
@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("a device", "it has more than 16,777,216 characters"),
        ("a tebibyte", "it has more than 16,777,216 characters"),
        ("a pipe", "contains no valid certificate in PEM"),
        ("no text", "it is not text"),
        ("junk", "contains no valid certificate in PEM"),
        ("the key, too", "has a private key, and everybody may read the root"),
    ],
)
def test_a_root_that_clients_cannot_trust_or_must_not_get_is_named_at_a_start(
    tmp_path: Path, operator: Authority, by: str, kind: str, told: str
) -> None:
    root = tmp_path / "root.pem"
    put_as(root, kind, operator)
    ordered = ByAcme(tmp_path, "localhost", "https://ca.example/", None, root, {})
    source = Files(operator.chain, operator.key, root) if by == "files" else ordered

    with pytest.raises(Misconfigured, match=f"{root} .*{told}"):
        source.first()


def test_a_root_that_has_changed_is_looked_at_before_an_order(tmp_path: Path) -> None:
    root = tmp_path / "root.pem"
    root.symlink_to("/dev/zero")
    ordered = ByAcme(tmp_path, "localhost", "https://localhost:1/", None, root, {})

    with pytest.raises(Misconfigured, match="more than 16,777,216 characters"):
        ordered.next(now=True)


def put_as(file: Path, kind: str, operator: Authority) -> None:
    """Make a file that is no root, or more than one."""
    match kind:
        case "a device":
            file.symlink_to("/dev/zero")
        case "a pipe":
            os.mkfifo(file)
        case "no text":
            file.write_bytes(b"\xff" * 100)
        case "junk":
            file.write_text("junk")
        case "the key, too":
            file.write_text(operator.root.read_text() + operator.key.read_text())
        case _:
            with file.open("wb") as made:
                made.truncate(1 << 40)

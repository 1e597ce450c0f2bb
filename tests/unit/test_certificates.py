"""The certificate authority and the server certificate."""

import ssl
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from attimo.certificates import authority, pair
from attimo.certificates.names import names
from attimo.errors import Misconfigured
from certificates import Authority, pem

NOW = datetime.now(UTC)


def strict_check(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """What OpenSSL says in its strictest mode."""
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", *options]
    return subprocess.run(
        [*command, "-CAfile", folder / "ca.pem", folder / "server.pem"],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("host", names("localhost"))
def test_every_name_of_the_endpoint_passes_the_strictest_check(tmp_path: Path, host: str) -> None:
    authority.ensure(tmp_path, "localhost", NOW)
    kind = "-verify_ip" if host[-1].isdigit() else "-verify_hostname"

    assert strict_check(tmp_path, kind, host).stderr == ""
    assert strict_check(tmp_path, kind, host).returncode == 0


def test_a_name_that_is_not_the_endpoints_is_refused(tmp_path: Path) -> None:
    authority.ensure(tmp_path, "localhost", NOW)

    assert strict_check(tmp_path, "-verify_hostname", "example.com").returncode != 0


def test_the_chain_and_the_key_belong_together(tmp_path: Path) -> None:
    authority.ensure(tmp_path, "localhost", NOW)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")


def test_a_second_start_uses_the_same_certificate(tmp_path: Path) -> None:
    first = authority.ensure(tmp_path, "localhost", NOW)

    assert authority.ensure(tmp_path, "localhost", NOW) == first


def test_a_certificate_for_a_former_name_too_is_issued_by_the_same_authority(
    tmp_path: Path,
) -> None:
    first = authority.ensure(tmp_path, "old.example", NOW)
    root = (tmp_path / "ca.pem").read_text()

    both = authority.ensure(tmp_path, "new.example", NOW, ["old.example"])

    assert both != first
    assert authority.ensure(tmp_path, "new.example", NOW, ["old.example"]) == both
    for host in names("new.example", "old.example"):
        assert strict_check(tmp_path, "-verify_hostname", host).returncode == 0, host
    assert (tmp_path / "ca.pem").read_text() == root
    authority.ensure(tmp_path, "new.example", NOW)
    assert strict_check(tmp_path, "-verify_hostname", "old.example").returncode != 0


def test_a_new_endpoint_gets_a_new_certificate_of_the_same_authority(tmp_path: Path) -> None:
    first = authority.ensure(tmp_path, "localhost", NOW)
    root = (tmp_path / "ca.pem").read_text()

    second = authority.ensure(tmp_path, "cache.example.com", NOW)

    assert second != first
    assert (tmp_path / "ca.pem").read_text() == root
    assert strict_check(tmp_path, "-verify_hostname", "control.cache.example.com").returncode == 0


def test_an_endpoint_that_is_an_address_is_named_as_one(tmp_path: Path) -> None:
    authority.ensure(tmp_path, "192.0.2.7", NOW)

    assert strict_check(tmp_path, "-verify_ip", "192.0.2.7").returncode == 0


@pytest.mark.parametrize(("days_before_the_end", "renewed"), [(91, False), (89, True)])
def test_a_certificate_is_renewed_when_its_end_comes_near(
    tmp_path: Path, days_before_the_end: int, renewed: bool
) -> None:
    first = authority.ensure(tmp_path, "localhost", NOW)
    later = NOW + authority.SERVER_LIVES - timedelta(days=days_before_the_end)

    assert (authority.ensure(tmp_path, "localhost", later) != first) == renewed


def test_a_key_that_does_not_belong_to_the_certificate_is_replaced(tmp_path: Path) -> None:
    """A crash between the writing of the two files leaves them so."""
    other = tmp_path / "other"
    other.mkdir()
    authority.ensure(tmp_path, "localhost", NOW)
    (tmp_path / "server.key").write_text(authority.ensure(other, "localhost", NOW).private_key)

    authority.ensure(tmp_path, "localhost", NOW)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")


def test_a_certificate_that_somebody_put_there_is_known_as_foreign(tmp_path: Path) -> None:
    assert not authority.is_foreign(tmp_path)
    own = authority.ensure(tmp_path, "example.com", NOW)
    assert not authority.is_foreign(tmp_path)
    (tmp_path / "server.pem").write_text(own.chain)

    assert authority.is_foreign(tmp_path)


def test_a_damaged_certificate_is_made_anew(tmp_path: Path) -> None:
    own = authority.ensure(tmp_path, "localhost", NOW)
    text = (tmp_path / "server.pem").read_text()
    (tmp_path / "server.pem").write_text(text.replace("MII", "MIX", 1))

    again = authority.ensure(tmp_path, "localhost", NOW)

    assert again.chain != own.chain
    assert strict_check(tmp_path, "-verify_hostname", "localhost").returncode == 0


def test_the_authority_is_never_replaced_because_its_key_is_gone(tmp_path: Path) -> None:
    authority.ensure(tmp_path, "localhost", NOW)
    (tmp_path / "ca.key").unlink()

    with pytest.raises(Misconfigured, match=r"ca\.key is missing, and a new .* put back"):
        authority.ensure(tmp_path, "example.com", NOW)


def test_the_authority_is_never_replaced_because_its_certificate_is_gone(tmp_path: Path) -> None:
    authority.ensure(tmp_path, "localhost", NOW)
    (tmp_path / "ca.pem").unlink()

    with pytest.raises(Misconfigured, match=r"ca\.pem is missing; put it back"):
        authority.ensure(tmp_path, "localhost", NOW)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("ca.key", "junk", r"ca\.key contains no valid private key in PEM"),
        ("ca.key", "", r"ca\.key contains no valid private key in PEM"),
        ("ca.pem", "junk", r"ca\.pem contains no valid certificate in PEM"),
    ],
)
def test_an_authority_that_is_damaged_is_named_with_the_mend(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    authority.ensure(tmp_path, "localhost", NOW)
    (tmp_path / name).write_text(text)

    with pytest.raises(Misconfigured, match=f"{said}.*put back what was there"):
        authority.ensure(tmp_path, "example.com", NOW)


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_whatever_byte_of_a_certificate_is_damaged_it_is_used_or_named(tmp_path: Path) -> None:
    """The library finds most damage only when it needs the part."""
    authority.ensure(tmp_path, "localhost", NOW)
    file = tmp_path / "ca.pem"
    sound = ssl.PEM_cert_to_DER_cert(file.read_text())
    said: list[str] = []
    for place in range(len(sound)):
        for byte in {sound[place] ^ 1, sound[place] ^ 0x80, 0, 0xFF}:
            wrong = sound[:place] + bytes([byte]) + sound[place + 1 :]
            try:
                found = pair.certificate(file, ssl.DER_cert_to_PEM_cert(wrong))
            except Misconfigured as error:
                said.append(str(error))
            else:
                found.public_key()
                assert found.extensions is not None
                assert found.not_valid_before_utc is not found.not_valid_after_utc
    assert len(said) > 100
    assert set(said) == {f"{file} contains no valid certificate in PEM"}


def test_an_authority_that_has_expired_signs_nothing_and_is_named(tmp_path: Path) -> None:
    authority.ensure(tmp_path, "localhost", NOW)
    later = NOW + authority.AUTHORITY_LIVES + timedelta(hours=1)

    with pytest.raises(Misconfigured, match=r"ca\.pem expired on .* UTC, .*put back"):
        authority.ensure(tmp_path, "example.com", later)


def test_an_authority_of_the_operator_need_not_name_its_key(tmp_path: Path) -> None:
    operator = Authority(tmp_path)
    (tmp_path / "ca.pem").write_bytes(operator.root.read_bytes())
    (tmp_path / "ca.key").write_bytes(pem(operator.private_key))

    authority.ensure(tmp_path, "localhost", NOW)

    command = ["openssl", "verify", "-CAfile", "ca.pem", "server.pem"]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0


def test_a_key_of_another_authority_is_named(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    authority.ensure(tmp_path, "localhost", NOW)
    authority.ensure(other, "localhost", NOW)
    (tmp_path / "ca.key").write_text((other / "ca.key").read_text())

    with pytest.raises(Misconfigured, match=r"ca\.key is not the key of .*ca\.pem"):
        authority.ensure(tmp_path, "example.com", NOW)


def test_keys_are_for_the_owner_only(tmp_path: Path) -> None:
    certificate = authority.ensure(tmp_path, "localhost", NOW)

    for name in ("ca.key", "server.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert "PRIVATE" not in repr(certificate)

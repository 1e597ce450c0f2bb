"""The certificate authority and the server certificate."""

import ssl
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from attimo import certificates

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


@pytest.mark.parametrize("host", certificates.names("localhost"))
def test_every_name_of_the_endpoint_passes_the_strictest_check(tmp_path: Path, host: str) -> None:
    certificates.ensure(tmp_path, "localhost", NOW)
    kind = "-verify_ip" if host[-1].isdigit() else "-verify_hostname"

    assert strict_check(tmp_path, kind, host).stderr == ""
    assert strict_check(tmp_path, kind, host).returncode == 0


def test_a_name_that_is_not_the_endpoints_is_refused(tmp_path: Path) -> None:
    certificates.ensure(tmp_path, "localhost", NOW)

    assert strict_check(tmp_path, "-verify_hostname", "example.com").returncode != 0


def test_the_chain_and_the_key_belong_together(tmp_path: Path) -> None:
    certificates.ensure(tmp_path, "localhost", NOW)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")


def test_a_second_start_uses_the_same_certificate(tmp_path: Path) -> None:
    first = certificates.ensure(tmp_path, "localhost", NOW)

    assert certificates.ensure(tmp_path, "localhost", NOW) == first


def test_a_new_endpoint_gets_a_new_certificate_of_the_same_authority(tmp_path: Path) -> None:
    first = certificates.ensure(tmp_path, "localhost", NOW)
    authority = (tmp_path / "ca.pem").read_text()

    second = certificates.ensure(tmp_path, "cache.example.com", NOW)

    assert second != first
    assert (tmp_path / "ca.pem").read_text() == authority
    assert strict_check(tmp_path, "-verify_hostname", "control.cache.example.com").returncode == 0


def test_an_endpoint_that_is_an_address_is_named_as_one(tmp_path: Path) -> None:
    certificates.ensure(tmp_path, "192.0.2.7", NOW)

    assert strict_check(tmp_path, "-verify_ip", "192.0.2.7").returncode == 0


@pytest.mark.parametrize(("days_before_the_end", "renewed"), [(91, False), (89, True)])
def test_a_certificate_is_renewed_when_its_end_comes_near(
    tmp_path: Path, days_before_the_end: int, renewed: bool
) -> None:
    first = certificates.ensure(tmp_path, "localhost", NOW)
    later = NOW + certificates.SERVER_LIVES - timedelta(days=days_before_the_end)

    assert (certificates.ensure(tmp_path, "localhost", later) != first) == renewed


def test_a_key_that_does_not_belong_to_the_certificate_is_replaced(tmp_path: Path) -> None:
    """A crash between the writing of the two files leaves them so."""
    other = tmp_path / "other"
    other.mkdir()
    certificates.ensure(tmp_path, "localhost", NOW)
    (tmp_path / "server.key").write_text(certificates.ensure(other, "localhost", NOW).private_key)

    certificates.ensure(tmp_path, "localhost", NOW)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")


def test_a_certificate_that_the_operator_put_there_is_left_alone(tmp_path: Path) -> None:
    own = certificates.ensure(tmp_path, "example.com", NOW)
    (tmp_path / "server.pem").write_text(own.chain)

    assert certificates.ensure(tmp_path, "localhost", NOW) == own


def test_the_authority_is_never_replaced_because_its_key_is_gone(tmp_path: Path) -> None:
    certificates.ensure(tmp_path, "localhost", NOW)
    (tmp_path / "ca.key").unlink()

    with pytest.raises(FileNotFoundError, match=r"ca\.key is missing"):
        certificates.ensure(tmp_path, "example.com", NOW)


def test_keys_are_for_the_owner_only(tmp_path: Path) -> None:
    certificate = certificates.ensure(tmp_path, "localhost", NOW)

    for name in ("ca.key", "server.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert "PRIVATE" not in repr(certificate)

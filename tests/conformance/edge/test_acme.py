"""Certificates by ACME from a real authority on this machine."""

import os
import signal
import socket
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from acme_server import Acme, acme
from attimo.certificates.names import names
from faults.watching import eventually, says
from harness import Server
from ports import free_port

ENDPOINT = "cache.example.com"
PATIENCE_SECONDS = 20


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    with acme(tmp_path_factory.mktemp("acme")) as running:
        yield running


def server_of(authority: Acme, data_dir: Path, *options: str) -> Server:
    return Server("--endpoint", ENDPOINT, *authority.options, *options, data_dir=data_dir)


def shown(server: Server, ca: Path, name: str = ENDPOINT) -> dict[str, Any] | None:
    """The certificate that a client sees; None if it does not trust it with `ca`."""
    context = ssl.create_default_context(cafile=ca)
    try:
        with (
            socket.create_connection(server.https_address, PATIENCE_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=name) as connection,
        ):
            return dict(connection.getpeercert() or {})
    except ssl.SSLCertVerificationError:
        return None


def test_a_certificate_comes_while_the_server_runs_and_is_kept(
    authority: Acme, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with server_of(authority, data) as server:
        eventually(
            lambda: shown(server, authority.trust) is not None, "the authority's certificate"
        )
        for name in names(ENDPOINT):
            assert shown(server, authority.trust, name), name
        first = shown(server, authority.trust)
        assert server.credentials["ca"] == str(authority.trust)

        server.stop()
        server.start()

        assert shown(server, authority.trust) == first
        assert "ordering a certificate" not in server.output

    for name in ("acme.key", "acme-account.key"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600
    assert "acme.key" not in server.output


def test_until_it_comes_the_servers_own_authority_signs(authority: Acme, tmp_path: Path) -> None:
    """An authority that cannot be reached holds up nothing, and is complained of once."""
    closed = free_port()
    nowhere = ("--acme", f"https://localhost:{closed}/dir")
    with server_of(authority, tmp_path / "data", *nowhere) as server:
        assert shown(server, server.ca) is not None
        assert server.credentials["ca"] == str(server.ca)

        eventually(lambda: "cannot be used" in server.output, "the complaint")
        assert httpx.get(f"{server.http}/health").status_code == 200
        assert server.output.count("cannot be used") == 1


def test_a_certificate_is_renewed_in_the_running_server(authority: Acme, tmp_path: Path) -> None:
    with server_of(authority, tmp_path / "data") as server:
        eventually(lambda: shown(server, authority.trust) is not None, "the first certificate")
        first = shown(server, authority.trust)

        os.kill(server.pid, signal.SIGHUP)

        eventually(lambda: shown(server, authority.trust) != first, "the second certificate")
        assert shown(server, authority.trust) is not None


def test_a_name_that_leads_elsewhere_is_told_and_the_others_are_certified(
    authority: Acme, tmp_path: Path
) -> None:
    elsewhere = "other.example.com"
    authority.lead_nowhere(f"storage.{elsewhere}")
    with server_of(authority, tmp_path / "data", "--endpoint", elsewhere) as server:
        trusted = authority.trust
        eventually(lambda: bool(shown(server, trusted, elsewhere)), "a certificate")

        told = f"the certificate is not for storage.{elsewhere}"
        says(server, told)
        says(server, f"does not certify storage.{elsewhere}: ")
        assert shown(server, trusted, f"cache.{elsewhere}")
        assert shown(server, trusted, f"storage.{elsewhere}") is None

        authority.lead_here(f"storage.{elsewhere}")
        os.kill(server.pid, signal.SIGHUP)
        eventually(lambda: bool(shown(server, trusted, f"storage.{elsewhere}")), "the whole")


def test_an_authority_that_refuses_half_of_all_nonces_certifies_in_the_end(tmp_path: Path) -> None:
    """RFC 8555 §6.5: the client tries again with the nonce of the refusal, and not once only."""
    folder = tmp_path / "acme"
    folder.mkdir()
    with (
        acme(folder, refused_nonces=50) as authority,
        server_of(authority, tmp_path / "data") as server,
    ):
        eventually(lambda: shown(server, authority.trust) is not None, "a certificate")

        assert "cannot be used" not in server.output


def test_a_challenge_that_nobody_set_is_not_answered(server: Server) -> None:
    answer = httpx.get(f"{server.http}/.well-known/acme-challenge/../../etc/passwd")
    unknown = httpx.get(f"{server.http}/.well-known/acme-challenge/unknown")

    assert (answer.status_code, unknown.status_code) == (404, 404)
    assert "Nobody asked" in unknown.json()["message"]

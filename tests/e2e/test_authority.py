"""`attimo ca`: which root to trust, and that each client does so as it is told."""

import hashlib
import json
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from attimo.certificates.names import names
from certificates import Authority
from e2e.terminal import Terminal
from harness import Server, bare_environment

FOREIGN = "cache.nowhere.invalid"


def fingerprint(pem: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def test_the_root_is_printed_as_it_is(terminal: Terminal, server: Server) -> None:
    assert terminal.do("ca") == server.ca.read_text()


def test_the_root_of_a_server_that_does_not_run_is_printed(
    stranger: Terminal, tmp_path: Path
) -> None:
    with Server(data_dir=tmp_path / "data") as server:
        root = server.ca.read_text()

    assert stranger.do("ca", "--data-dir", str(tmp_path / "data")) == root


def test_a_stranger_gets_the_root_by_its_fingerprint(stranger: Terminal, server: Server) -> None:
    root = server.ca.read_text()
    good = fingerprint(root)

    for url in (server.https, server.http):
        assert stranger.do("ca", "--url", url, "--fingerprint", good.upper()) == root
        other = stranger.type("ca", "--url", url, "--fingerprint", good[:-1] + "x")
        assert (other.status, other.printed) == (3, b"")
        assert "different fingerprint" in other.error


def test_a_root_from_elsewhere_is_not_taken_unseen(stranger: Terminal, server: Server) -> None:
    answer = stranger.type("ca", "--url", server.https)

    assert (answer.status, answer.printed) == (2, b"")
    assert "Pass --fingerprint" in answer.error


def test_without_a_server_it_says_how_to_have_one(stranger: Terminal) -> None:
    answer = stranger.type("ca")

    assert answer.status == 5
    assert "attimo serve" in answer.error


def test_json_has_the_root_and_its_fingerprint(terminal: Terminal, server: Server) -> None:
    shown = json.loads(terminal.do("ca", "--json"))

    assert shown["certificate"] == server.ca.read_text()
    assert shown["sha256"].replace(":", "").lower() == fingerprint(shown["certificate"])


def told(terminal: Terminal, client: str) -> str:
    """The lines of `--how` for one client, without its name."""
    lines = terminal.do("ca", "--how").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(client))
    found = [lines[first][16:]]
    for line in lines[first + 1 :]:
        if not line.startswith(" " * 16):
            break
        found.append(line.strip())
    return "\n".join(found)


def run(script: str) -> "subprocess.CompletedProcess[str]":
    environment = bare_environment()
    path = f"{Path(sys.executable).parent}:{environment['PATH']}"
    return subprocess.run(
        ["bash", "-euc", script],
        env=environment | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_curl_is_told(terminal: Terminal) -> None:
    done = run(told(terminal, "curl"))

    assert '"status":"ok"' in done.stdout, done.stderr


def test_python_is_told(terminal: Terminal, server: Server) -> None:
    program = f"import httpx; print(httpx.get('{server.https}/health').json()['status'])"
    done = run(f'{told(terminal, "Python")}\npython3 -c "{program}"')

    assert done.stdout == "ok\n", done.stderr


def test_momentos_sdk_is_told(terminal: Terminal, server: Server) -> None:
    line = told(terminal, "Momento's SDKs").splitlines()[-1]
    program = (
        "import grpc; "
        f"channel = grpc.secure_channel('{server.endpoint}', grpc.ssl_channel_credentials()); "
        "grpc.channel_ready_future(channel).result(20); print('ready')"
    )
    done = run(f'{line}\npython3 -c "{program}"')

    assert done.stdout == "ready\n", done.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_node_is_told(terminal: Terminal, server: Server) -> None:
    program = f"fetch('{server.https}/health').then((it) => console.log(it.status))"
    done = run(f'{told(terminal, "Node.js")}\nnode -e "{program}"')

    assert done.stdout == "200\n", done.stderr


@pytest.mark.skipif(shutil.which("keytool") is None, reason="Java is not installed")
def test_java_is_told(terminal: Terminal, tmp_path: Path) -> None:
    lines, _, _ = told(terminal, "Java").partition("\njava")
    done = run(f"cd {tmp_path}\n{lines}\nkeytool -list -keystore trust.p12 -storepass changeit")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "trustedCertEntry" in done.stdout


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[Server]:
    """A server without plaintext whose name leads nowhere, with its own authority."""
    ports = ("--https", "127.0.0.1:0", "--endpoint", FOREIGN)
    with Server("--http", "off", ports=ports, data_dir=tmp_path / "data") as server:
        yield server


def test_the_command_line_here_connects_here_whatever_the_name_leads_to(
    foreign: Server, stranger: Terminal
) -> None:
    here = ("--data-dir", str(foreign.data_dir))

    stranger.do("set", "k", "v", *here)
    assert stranger.do("get", "k", *here) == "v"
    stranger.do("sets", "add", "s", "element", *here)
    assert "element" in stranger.do("sets", "show", "s", *here)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Server, Authority]]:
    """A server with an operator's certificate, and nothing but TLS."""
    (tmp_path / "operator").mkdir()
    operator = Authority(tmp_path / "operator")
    operator.issue(*names("localhost"))
    ports = ("--https", "127.0.0.1:0", "--http", "off")
    with Server(*operator.options, ports=ports, data_dir=tmp_path / "data") as server:
        yield server, operator


def test_with_an_operators_certificate_its_own_root_is_trusted(
    own: tuple[Server, Authority], stranger: Terminal
) -> None:
    server, operator = own
    here = ("--data-dir", str(server.data_dir))

    assert stranger.do("ca", *here) == operator.root.read_text()
    assert f"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH={operator.root}" in stranger.do("env", *here)
    stranger.do("set", "k", "v", *here)
    assert stranger.do("get", "k", *here) == "v"


def test_with_a_certificate_that_clients_know_nothing_is_to_be_trusted(
    stranger: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "operator").mkdir()
    operator = Authority(tmp_path / "operator")
    operator.issue(*names("localhost"))
    given = ("--certificate", str(operator.chain), "--private-key", str(operator.key))
    with Server(*given, data_dir=tmp_path / "data") as server:
        here = ("--data-dir", str(server.data_dir))

        assert server.credentials["ca"] is None
        assert "ROOTS" not in stranger.do("env", *here)
        assert "already trust" in stranger.type("ca", *here).error
        assert (
            "offers no root certificate"
            in stranger.type("ca", "--url", server.http, "--fingerprint", "00").error
        )


def test_how_names_every_client_that_is_documented(terminal: Terminal) -> None:
    how = terminal.do("ca", "--how")

    for client in ("curl", "Momento", "Node.js", "Python", "Go", "Java", "Browsers"):
        assert re.search(rf"^{client}", how, re.M), client

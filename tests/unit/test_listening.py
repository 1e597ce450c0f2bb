"""Where a server gets its listening sockets from, and what a supervisor hears of it."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from attimo.errors import Misconfigured
from attimo.serve.listening import Offered, address_of, of_supervisor, opened
from attimo.settings import Listener, supervisor

LOOPBACK = "127.0.0.1:0"


@pytest.fixture
def sockets() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def bound(stack: ExitStack, host: str = "127.0.0.1") -> socket.socket:
    made = stack.enter_context(socket.socket())
    made.bind((host, 0))
    made.listen()
    return made


def http(address: str, *, tls: bool = False, setting: str = "http") -> Listener:
    return Listener(address, tls=tls, setting=setting)


def test_what_nobody_offers_is_opened() -> None:
    with opened([http(LOOPBACK)], []) as (one,):
        assert one.listener.address == address_of(one.socket)
        with socket.create_connection(one.socket.getsockname()):
            pass


def test_a_socket_of_its_address_is_taken(sockets: ExitStack) -> None:
    there, other = bound(sockets), bound(sockets)

    with opened([http(address_of(there))], [Offered(other, tls=False), Offered(there)]) as (one,):
        assert one.socket is there
        assert not one.socket.getblocking()

    assert other.fileno() == -1, "what nobody asks for is closed"


def test_any_free_port_is_one_that_the_server_before_had(sockets: ExitStack) -> None:
    plain, secure = bound(sockets), bound(sockets)
    asked = [http(LOOPBACK, tls=True, setting="https"), http(LOOPBACK)]

    with opened(asked, [Offered(plain, tls=False), Offered(secure, tls=True)]) as listening:
        assert [each.socket for each in listening] == [secure, plain]


def test_a_socket_of_a_supervisor_is_known_by_its_name(sockets: ExitStack) -> None:
    given = bound(sockets)

    with opened([http("127.0.0.1:8080")], [Offered(given, "http")]) as (one,):
        assert one.socket is given
        assert one.listener.address == address_of(given)


def test_a_socket_of_a_supervisor_that_nobody_asks_for_is_named(sockets: ExitStack) -> None:
    given = bound(sockets)
    with (
        pytest.raises(Misconfigured, match=rf"{address_of(given)}.*--https"),
        opened([http(LOOPBACK)], [Offered(given, "attimo.socket")]),
    ):
        pass


def test_plaintext_for_others_is_refused_from_a_supervisor_too(sockets: ExitStack) -> None:
    given = bound(sockets, "0.0.0.0")  # noqa: S104
    with (
        pytest.raises(Misconfigured, match=r"without TLS.*http\+insecure://0\.0\.0\.0"),
        opened([http(LOOPBACK)], [Offered(given, "http")]),
    ):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_taken_address_is_named_with_the_setting(host: str) -> None:
    with opened([http(f"{host}:0")], []) as (one,):
        taken = one.listener.address
        with (
            pytest.raises(Misconfigured, match="--https or ATTIMO_HTTPS") as raised,
            opened([http(taken, setting="https")], []),
        ):
            pass
        assert f"cannot listen on {taken}: Address already in use" in str(raised.value)


def test_what_is_given_to_another_process_is_not_ours() -> None:
    environ = {"LISTEN_PID": "17", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "https"}

    assert supervisor.given(environ, pid=18) == []
    assert supervisor.given({}, pid=17) == []
    assert supervisor.given(environ, pid=17) == [
        supervisor.Given(3, "https"),
        supervisor.Given(4, ""),
    ]


@pytest.mark.parametrize("words", ["", "many", "-1", "9999999999", "1 "])
def test_a_variable_that_holds_no_number_is_named(words: str) -> None:
    with pytest.raises(Misconfigured, match="LISTEN_FDS is"):
        supervisor.given({"LISTEN_PID": "17", "LISTEN_FDS": words}, pid=17)


@pytest.mark.parametrize("prefix", ["", "@"])
def test_a_supervisor_is_told(prefix: str) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices,
    ):
        path = str(Path(folder, "notify"))
        notices.bind("\0" + path if prefix else path)

        supervisor.tell("READY=1", "MAINPID=7", environ={"NOTIFY_SOCKET": prefix + path})

        assert notices.recv(100) == b"READY=1\nMAINPID=7"


def test_a_supervisor_that_has_gone_is_no_fault(tmp_path: Path) -> None:
    supervisor.tell("READY=1", environ={"NOTIFY_SOCKET": str(tmp_path / "gone")})
    supervisor.tell("READY=1", environ={"NOTIFY_SOCKET": "vsock:2:1"})
    supervisor.tell("READY=1", environ={})


def test_a_descriptor_that_is_no_socket_is_named(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        given = supervisor.Given(file.fileno(), "http")
        with pytest.raises(Misconfigured, match=r"\(http\), but"), of_supervisor([given]):
            pass


def test_a_socket_that_does_not_listen_for_tcp_is_named(sockets: ExitStack) -> None:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with (
        pytest.raises(Misconfigured, match="is not a listening TCP socket"),
        of_supervisor([supervisor.Given(made.detach(), "")]),
    ):
        pass

"""Checks of the way to a server: name, port, certificate, clock, key, gRPC, readiness."""

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from attimo import files
from attimo.cli import diagnosis_key, durations, inputs, keys, times
from attimo.cli.connection import PORTS, Connection, Response
from attimo.cli.http_client import HttpClient
from attimo.cli.profiles import Profile
from attimo.cli.target import Choice
from attimo.cli.whoami import seconds
from attimo.errors import AttimoError, PermissionDenied, Unauthenticated, Unreachable

Result = Literal["ok", "warning", "failure"]
OK: Result = "ok"
WARNING: Result = "warning"
FAILURE: Result = "failure"

DAY = 86_400
CERTIFICATE_SECONDS = 14 * DAY
"""A certificate that ends sooner is about to be forgotten: it should have been renewed."""
KEY_SECONDS = 7 * DAY
CLOCK_SECONDS = 30
"""By how much clocks may differ: disposable tokens allow for as much."""
TIMEOUT_SECONDS = 5
PING = "/cache_client.Ping/Ping"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found, and what to do about it."""

    check: str
    result: Result
    found: str
    advice: str | None = None

    def record(self) -> dict[str, Any]:
        """It as plain data."""
        return asdict(self)


def of_server(choice: Choice, has_grpc: bool = True) -> Iterator[Finding]:
    """Check the way to a server; what depends on a check that failed is left out.

    Args:
        choice: The server.
        has_grpc: Whether its operator wants gRPC at this address.
    """
    server = choice.server
    reached = list(way(server))
    yield from reached
    if any(each.result == FAILURE for each in reached):
        return
    with HttpClient(server, TIMEOUT_SECONDS) as client:
        yield from _answers(client)
        yield _key(client, choice)
    if has_grpc:
        yield ping(server)


def way(server: Profile) -> Iterator[Finding]:
    """Check the name, the port and the certificate of an address."""
    parts = urlsplit(server.url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    address = (host, port)
    if server.address:
        at, _, number = server.address.rpartition(":")
        address = (at.strip("[]"), int(number))
    name = dns(address[0])
    yield name
    if name.result == FAILURE:
        return
    opened = port_open(*address)
    yield opened
    if opened.result == FAILURE:
        return
    if parts.scheme == "https":
        yield certificate(server)
    elif not keys.place(server.url).startswith(keys.LOOPBACK):
        yield Finding(
            "certificate",
            WARNING,
            f"{server.url} is plaintext: everybody on the way can read keys and items",
            "Use the server's https:// address, unless a tunnel or a private network protects it",
        )


def dns(host: str, used_by: str = "") -> Finding:
    """Check that a host name is known."""
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return Finding(
            "name",
            FAILURE,
            f"{host} is not known{used_by}",
            "Check the spelling, and that the DNS has a record of it",
        )
    shown = ", ".join(sorted(found))
    return Finding("name", OK, host if shown == host else f"{host} is {shown}")


def port_open(host: str, port: int) -> Finding:
    """Check that something listens."""
    try:
        socket.create_connection((host, port), TIMEOUT_SECONDS).close()
    except OSError as error:
        return Finding(
            "port",
            FAILURE,
            f"{host} port {port}: {error.strerror or 'no answer'}",
            "Check the port, that the server runs, and the firewall between",
        )
    return Finding("port", OK, f"{host} port {port} is open")


def certificate(server: Profile) -> Finding:
    """Check that a certificate is trusted, is for this name, and lasts."""
    connection = Connection(server, TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/health")
        end = connection.certificate_end()
    except Unreachable as error:
        return Finding("certificate", FAILURE, str(error))
    finally:
        connection.close()
    left = end - time.time()
    found = f"certificate of {server.url} is trusted and expires {times.relative(end)}"
    if left < CERTIFICATE_SECONDS:
        return Finding(
            "certificate",
            WARNING,
            found,
            "It should have been renewed by now: see the server's log, and docs/how-to/tls.md",
        )
    return Finding("certificate", OK, found)


def _answers(client: HttpClient) -> Iterator[Finding]:
    """Check whether the server is ready, and its clock."""
    try:
        answer = client.send("GET", "/ready")
        status = str(answer.json()["status"])
    except (AttimoError, ValueError, KeyError, TypeError) as error:
        yield Finding("ready", FAILURE, f"no answer from Attimo: {error}", "Check the port")
        return
    if status == "ready":
        yield Finding("ready", OK, "the server is ready")
    else:
        yield Finding("ready", FAILURE, f"the server is {status}", _NOT_READY.get(status, _SEE_LOG))
    yield clock(answer)


_SEE_LOG = "See the server's log"
_NOT_READY = {
    "starting": "Wait until it has started; the log says what it waits for",
    "draining": "It is being stopped: start it again, or wait for its successor",
    "read-only": "The disk is full, or the database is locked: free space in the data directory",
}


def clock(answer: Response) -> Finding:
    """Check the clock here against the server's, which is told to the second."""
    try:
        there = parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return Finding("clock", WARNING, "the answer has no date")
    off = round(time.time() - there)
    if abs(off) <= CLOCK_SECONDS:
        return Finding("clock", OK, f"clocks differ by at most {abs(off) + 1} s")
    way = "ahead of" if off > 0 else "behind"
    return Finding(
        "clock",
        FAILURE,
        f"the clock here is {abs(off)} s {way} the server's",
        "Set the clock (timedatectl set-ntp true): tokens and certificates depend on it",
    )


def _key(client: HttpClient, choice: Choice) -> Finding:
    """Check the key, and when it expires."""
    try:
        found = client.whoami()
    except (Unauthenticated, PermissionDenied) as error:
        return _refused(choice, error)
    except AttimoError as error:
        return Finding("key", FAILURE, f"not checked: {error}", _SEE_LOG)
    role = (found.get("role") or {}).get("role_name")
    words = f"{found['kind'].replace('_', ' ')} {found.get('id', '')}".strip()
    words += f" (role {role})" if role else ""
    words += f" from {choice.key_from}"
    end = seconds(found.get("expires_at"))
    if end is None:
        return Finding("key", OK, words)
    words += f", expires {times.relative(end)}"
    soon = found["kind"] == "api_key" and end - time.time() < KEY_SECONDS
    return Finding("key", WARNING, words, _ANOTHER_KEY) if soon else Finding("key", OK, words)


_ANOTHER_KEY = "Create another key, or run: attimo login"


def _refused(choice: Choice, error: AttimoError) -> Finding:
    """Tell whose token it is that the server refuses, by what it says of itself."""
    words, said = f"the key from {choice.key_from}: {error}", keys.claims(choice.server.api_key)
    if "id" not in said:
        words += "; it has not the form of a token of Attimo"
        return Finding("key", FAILURE, words, f"Check that it was copied whole. {_ANOTHER_KEY}")
    words += f"; it is the token of {said['id']}"
    end = said.get("exp")
    if isinstance(end, int) and 0 <= end <= durations.MOST_SECONDS:  # anybody may have written it
        words += f", to expire {times.relative(end)}"
    if known := diagnosis_key.fate(choice, said["id"]):
        return Finding("key", FAILURE, f"{words}; {known}", _ANOTHER_KEY)
    advice = f"Who revoked it: attimo audit --action key.revoke. {_ANOTHER_KEY}"
    return Finding("key", FAILURE, words, advice)


def ping(server: Profile) -> Finding:
    """Check that the port answers gRPC as SDKs speak it."""
    import grpc

    parts = urlsplit(server.url)
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    host = server.address or f"{name}:{parts.port or PORTS[parts.scheme]}"
    options: list[tuple[str, str | int]] = [("grpc.enable_http_proxy", 0)]
    if server.address:
        options.append(("grpc.ssl_target_name_override", str(parts.hostname)))
    with contextlib.ExitStack() as stack:
        try:
            if parts.scheme == "https":
                root = inputs.content(server.ca, files.LONGEST) if server.ca else None
                trust = grpc.ssl_channel_credentials(root)
                channel = grpc.secure_channel(host, trust, options)
            else:
                channel = grpc.insecure_channel(host, options)
            stack.enter_context(channel)
            call: Any = channel.unary_unary(PING)
            call(b"", timeout=TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            return Finding(
                "grpc",
                FAILURE,
                f"{host} does not answer gRPC: {error.details()}",
                "Check that the listener offers grpc, and that no proxy between speaks HTTP/1.1",
            )
    return Finding("grpc", OK, f"{host} answers a Ping")

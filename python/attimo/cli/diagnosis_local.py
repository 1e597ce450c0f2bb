"""Checks of a server on this machine: its listeners and name, its memory, its disk."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from attimo import reserve
from attimo.cli import diagnosis, metrics
from attimo.cli.diagnosis import FAILURE, OK, WARNING, Finding
from attimo.cli.diagnosis_size import size
from attimo.cli.http_client import HttpClient
from attimo.cli.metrics import Page
from attimo.cli.profiles import Profile
from attimo.data_directory import Credentials, DataDirectory, Running, reachable
from attimo.errors import AttimoError

MIB = 1024 * 1024
FEW_BYTES = 100 * MIB
"""A disk with less free space is about to be full."""
SLACK = 1.1
"""By how much what is resident may exceed the limit for a while."""


def of_home(home: DataDirectory, asked: str) -> Iterator[Finding]:
    """Check the server of a data directory; `asked` is the address that was checked before."""
    running, credentials = home.running(), home.credentials()
    if running is None or credentials is None:  # it has just ended
        yield Finding("server", FAILURE, f"{home.path}: the server has ended", "attimo serve")
        return
    yield from listeners(running, asked)
    if asked != credentials.https:
        yield from _endpoint(running, credentials)
    yield from _memory(running, credentials)
    yield disk(home)
    yield reserved(home)


def has_grpc(running: Running, url: str) -> bool:
    """Whether a listener of the server is to offer gRPC at an address."""
    at_port = (each for each in map(urlsplit, running.listeners) if each.port == urlsplit(url).port)
    only = [parse_qs(each.query).get("only") for each in at_port]
    return any(offers is None or "grpc" in offers[0].split(",") for offers in only)


def listeners(running: Running, asked: str) -> Iterator[Finding]:
    """Check that every address that the server listens on is open."""
    for each in running.listeners:
        parts = urlsplit(each)
        if parts.hostname is None or parts.port is None or parts.port == urlsplit(asked).port:
            continue
        address = reachable(f"{_bracketed(parts.hostname)}:{parts.port}")
        host, _, port = address.rpartition(":")
        yield diagnosis.port_open(host.strip("[]"), int(port))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _endpoint(running: Running, credentials: Credentials) -> Iterator[Finding]:
    """Check the public name, and the certificate that clients of it see."""
    if not (credentials.https and running.https):
        return
    host = urlsplit(credentials.https).hostname or ""
    name = diagnosis.dns(host, ", the name of --endpoint, by which clients reach this server")
    if name.result == FAILURE:
        yield Finding("name", WARNING, name.found, name.advice)
    server = Profile(credentials.https, "", credentials.ca, address=reachable(running.https))
    yield diagnosis.certificate(server)
    if has_grpc(running, credentials.https):
        yield diagnosis.ping(server)


def _memory(running: Running, credentials: Credentials) -> Iterator[Finding]:
    url = credentials.http or credentials.https
    if url is None:
        return
    address = None if credentials.http else running.https
    at = address and reachable(address)
    server = Profile(url, credentials.api_key, credentials.ca, address=at)
    with HttpClient(server, diagnosis.TIMEOUT_SECONDS) as client:
        try:
            page = metrics.page_of(client.metrics())
        except AttimoError as error:  # they may be off
            yield Finding("memory", OK, f"not checked: {error}")
            return
        yield memory(page, available())
        yield size(client, page)


def memory(page: Page, free: int | None) -> Finding:
    """Check that a server keeps to its memory, and that the machine has as much.

    Args:
        page: Its metrics.
        free: The memory that the machine has left, in bytes; None if that is not known.
    """
    budget = int(page.sum("attimo_memory_budget_bytes"))
    resident = int(page.sum("process_resident_memory_bytes"))
    at_rest = int(page.sum("attimo_memory_bytes", 'part="process"'))
    words = f"{resident // MIB:,} MiB resident; the limit is {budget // MIB:,} MiB"
    if resident > (budget + at_rest) * SLACK:
        advice = "More than the limit is resident: see docs/how-to/watch-a-server.md"
        return Finding("memory", WARNING, words, advice)
    if free is not None and budget - resident > free:
        return Finding(
            "memory",
            WARNING,
            f"{words}; {free // MIB:,} MiB are free on this machine",
            "The system may kill the server when the caches fill: lower --memory",
        )
    return Finding("memory", OK, words)


def available() -> int | None:
    """The memory that this machine, or this container, has left, in bytes; None if not known."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        (found,) = [line for line in lines if line.startswith("MemAvailable:")]
        return int(found.split()[1]) * 1024
    except (OSError, ValueError):
        return None


def disk(home: DataDirectory) -> Finding:
    """Check the space that is left for the database."""
    free = shutil.disk_usage(home.path).free
    words = f"{free // MIB:,} MiB free at {home.path}"
    advice = "Free space: without it usage is not recorded, and nothing can be changed"
    if free < reserve.LEAST_FREE:
        return Finding("disk", FAILURE, words, advice)
    return (
        Finding("disk", WARNING, words, advice) if free < FEW_BYTES else Finding("disk", OK, words)
    )


def reserved(home: DataDirectory) -> Finding:
    """Check that the reserve for a full disk is whole."""
    try:
        size = os.stat(home.reserve).st_size
    except OSError:
        size = 0
    if size >= reserve.BYTES:
        return Finding("reserve", OK, f"{reserve.BYTES // 1024:,} KiB are reserved for a full disk")
    return Finding(
        "reserve",
        WARNING,
        f"{size // 1024:,} of {reserve.BYTES // 1024:,} KiB are reserved for a full disk",
        "Free space on the disk, and restart the server: attimo serve --replace",
    )

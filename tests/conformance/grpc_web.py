"""grpc-web by hand: one message in a body of HTTP, and frames in the body of the answer."""

import base64
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from harness import Server

WAYS = ["http1-plaintext", "http2-plaintext", "http1-tls", "http2-tls"]
BINARY = "application/grpc-web+proto"
TEXT = "application/grpc-web-text"
TRAILERS = 0x80


@dataclass(frozen=True)
class Answer:
    """What came back: the messages, the status wherever it stands, and the rest."""

    messages: list[bytes]
    trailers: dict[str, str]
    response: httpx.Response

    @property
    def status(self) -> int:
        """The gRPC status."""
        return int(self.trailers["grpc-status"])


@contextmanager
def client(server: Server, way: str) -> Iterator[httpx.Client]:
    """A client that speaks one version of HTTP, on one listener."""
    version, listener = way.split("-")
    with httpx.Client(
        base_url=server.http if listener == "plaintext" else server.https,
        verify=ssl.create_default_context(cafile=server.ca),
        http1=version == "http1",
        http2=version == "http2",
        timeout=30,
    ) as client:
        yield client


def framed(message: bytes, flag: int = 0) -> bytes:
    """A message with the five bytes before it."""
    return struct.pack(">BI", flag, len(message)) + message


def ask(client: httpx.Client, path: str, message: bytes, kind: str, **headers: str) -> Answer:
    """Send one message in the way that `kind` names, and read the answer."""
    body = framed(message)
    return send(client, path, base64.b64encode(body) if "text" in kind else body, kind, **headers)


def send(client: httpx.Client, path: str, body: bytes, kind: str, **headers: str) -> Answer:
    """Send a body as it is, and read the answer; `_` in the name of a header is `-`."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    response = client.post(path, content=body, headers={"content-type": kind} | more)
    assert response.status_code == 200, response.text
    frames = list(_frames(_bytes_of(response)))
    messages = [content for flag, content in frames if flag == 0]
    if not frames:
        return Answer([], dict(response.headers), response)
    assert frames[-1][0] == TRAILERS, "the trailers are last"
    assert len(messages) == len(frames) - 1
    assert "grpc-status" not in response.headers, "the status stands in one place"
    lines = frames[-1][1].decode("ascii").splitlines(keepends=True)
    assert all(line.endswith("\r\n") for line in lines)
    pairs = (line.strip().split(":", 1) for line in lines)
    return Answer(messages, {name: value.strip() for name, value in pairs}, response)


def _bytes_of(response: httpx.Response) -> bytes:
    is_text = response.headers["content-type"].startswith(TEXT)
    return base64.b64decode(response.content, validate=True) if is_text else response.content


def _frames(body: bytes) -> Iterator[tuple[int, bytes]]:
    while body:
        flag, length = struct.unpack(">BI", body[:5])
        yield flag, body[5 : 5 + length]
        assert len(body) >= 5 + length
        body = body[5 + length :]

"""Asking for what must be refused, and seeing that it was, in the right way."""

from conformance.edge.http1 import LAST, Reply, http1, request
from harness import Server

BAD = {400}
UNKNOWN_CODING = {400, 501}
VERSION = {400, 505}
TOO_LONG = {400, 414, 431}
TOO_LARGE = {413}


def refused(server: Server, data: bytes) -> Reply:
    """Say `data` and a good request behind it; return the only answer.

    What follows a request that cannot be understood is not known to be a request. So there must
    be one answer, no success, and the end of the connection; the good request tells if it is not
    so, since it asks for the end, too.
    """
    with http1(server.http_address) as client:
        client.say(data + LAST)
        replies = client.replies()
    assert [reply.status for reply in replies if reply.status < 300] == [], replies
    (reply,) = replies
    return reply


def served(server: Server, data: bytes, *more: bytes) -> list[Reply]:
    """Say `data` and a good request behind it; return the answers to `data`."""
    with http1(server.http_address) as client:
        for part in (data, *more, LAST):
            client.say(part)
        *replies, last = client.replies()
    assert last.status == 200
    return replies


def owner(server: Server) -> bytes:
    """The header that lets the owner in."""
    return b"Authorization: " + server.api_key.encode()


def put(server: Server, *headers: bytes, body: bytes = b"", key: str = "k") -> bytes:
    """A write of the owner, with these headers as they are."""
    line = f"PUT /cache/default-cache?key={key}&ttl_seconds=60"
    return request(line, owner(server), *headers, body=body)


def is_well(server: Server) -> bool:
    """The server goes on for others."""
    return served(server, request("GET /health"))[0].status == 200

"""HTTP/1.1 by chance: good requests with a few bytes changed, cut anywhere.

Whatever is said, each answer is one, none says that the server is at fault, and the connection
comes to its end.
"""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attacks.refusals import is_well, owner, put
from conformance.edge.http1 import LAST, chunked, http1, request
from harness import Server

ODD = [b"", b"\r\n", b"\n", b"\r", b"\x00", b" ", b"\t", b":", b",", b";", b"0", b"5", b"\xff"]
WORDS = [b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: x\r\n", b"HTTP/1.1"]
NOT_OUR_FAULT = {501, 505}

changes = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 6), st.sampled_from(ODD + WORDS)), max_size=4
)


def changed(whole: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    """Put other bytes in some places."""
    for where, length, other in edits:
        start = int(where * len(whole))
        whole = whole[:start] + other + whole[start + length :]
    return whole


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(edits=changes, cut=st.floats(0, 1))
def test_no_bytes_upset_the_server(
    server: Server, edits: list[tuple[float, int, bytes]], cut: float
) -> None:
    whole = (
        put(server, b"Content-Length: 5", body=b"hello")
        + put(server, b"Transfer-Encoding: chunked", body=chunked(b"hel", b"lo"))
        + request("GET /cache/default-cache?key=k", owner(server))
    )
    said = changed(whole, edits) + LAST
    middle = int(cut * len(said))
    with http1(server.http_address) as client:
        client.say(said[:middle])
        client.say(said[middle:])
        client.finish()
        statuses = [reply.status for reply in client.replies()]

    assert all(status < 500 or status in NOT_OUR_FAULT for status in statuses)
    assert is_well(server)

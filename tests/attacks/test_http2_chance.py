"""HTTP/2 by chance: frames of any kind in any order, with bytes changed, cut anywhere.

Whatever is said, no answer says that the server is at fault, the connection comes to its end, and
others do not feel it.
"""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attacks.frames import PREFACE, block, get, grpc, opening, peer, raw, whole
from attacks.refusals import is_well
from conformance.edge.scs import GET, SET
from conformance.edge.scs import get as get_message
from conformance.edge.scs import put as put_message
from harness import Server

STREAMS = [0, 1, 1, 3, 3, 5, 7, 2, 101, 2**31 - 1]
NUMBERS = [0, 1, 3, 100, 65_535, 2**31 - 1]
ODD = [b"", b"\x00", b"\x01", b"\x80", b"\xff", b"\x00\x00\x00", b"\x00\x00\x09\x01\x05"]

some_bytes = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([bytes(4), bytes(5), bytes(8), get_message(), put_message(b"v" * 300)]),
    st.sampled_from(NUMBERS).map(lambda number: number.to_bytes(4)),
    st.tuples(st.sampled_from(range(1, 8)), st.sampled_from(NUMBERS)).map(
        lambda pair: pair[0].to_bytes(2) + pair[1].to_bytes(4)
    ),
)
any_frame = st.builds(
    raw,
    st.integers(0, 11),
    st.sampled_from([0, 1, 4, 5, 8, 12, 13, 0x20, 0x25, 0x2D]),
    st.sampled_from(STREAMS),
    some_bytes,
)
changes = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), st.sampled_from(ODD)), max_size=2)


def requests(server: Server) -> st.SearchStrategy[bytes]:
    """Good requests of several kinds, or parts of them."""
    page = block(get("/cache/default-cache?key=key", authorization=server.api_key))
    call, write = (block(grpc(path, server.api_key)) for path in (GET, SET))
    return st.sampled_from(STREAMS[1:7]).flatmap(
        lambda stream: st.sampled_from(
            [
                whole(stream, page),
                opening(stream, call) + raw(0, 1, stream, get_message()),
                opening(stream, write),
                raw(0, 0, stream, put_message(b"v" * 300)[:200]),
                raw(0, 1, stream, put_message(b"v" * 300)[200:]),
                raw(1, 0, stream, page[:20]) + raw(9, 4, stream, page[20:]),
                whole(stream, block({"x-trailer": "1"})),
                raw(3, 0, stream, (8).to_bytes(4)),
            ]
        )
    )


@settings(max_examples=700, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), cut=st.floats(0, 1), edits=changes)
def test_no_frames_upset_the_server(
    server: Server, data: st.DataObject, cut: float, edits: list[tuple[float, int, bytes]]
) -> None:
    frames = data.draw(st.lists(st.one_of(requests(server), any_frame), max_size=12))
    said = b"".join(frames)
    for where, length, other in edits:
        start = int(where * len(said))
        said = said[:start] + other + said[start + length :]
    middle = int(cut * len(said))
    with peer(server.http_address, first=PREFACE + raw(4, 0, 0)) as connection:
        connection.say(said[:middle])
        connection.say(said[middle:])
        # What is left of a frame that was cut short, and then one that may not be.
        connection.say(bytes(9) * 2000)
        assert connection.hear(lambda: connection.closed)
        statuses = [connection.status(stream) or 0 for stream in connection.headers]

    assert all(status < 500 for status in statuses)
    assert is_well(server)

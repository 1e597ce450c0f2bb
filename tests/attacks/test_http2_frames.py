"""Frames of HTTP/2 that may not be, and how they are answered (RFC 9113 §3 to §7).

No tool that tests this is to be had as a package, so the cases stand here, by their paragraphs.
"""

import pytest

from attacks.frames import PREFACE, Peer, block, get, grpc, opening, peer, raw, streams, whole
from conformance.edge.scs import SET
from harness import Server

PROTOCOL, FLOW_CONTROL, STREAM_CLOSED, FRAME_SIZE, COMPRESSION = 1, 3, 5, 6, 9
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED = 1, 4, 8
ACK = 1
LARGEST = 16_384

PAGE = block(get())
OPEN = opening(1, block(grpc(SET, "x.y.z")), "END_HEADERS")
"""A request whose body is still to come; whoever asks is refused when it is there."""
PADDED_TOO_FAR = b"\xff" + bytes(10)


def setting(number: int, value: int) -> bytes:
    """A SETTINGS frame with one setting."""
    return raw(SETTINGS, 0, 0, number.to_bytes(2) + value.to_bytes(4))


def update(stream: int, increment: int) -> bytes:
    """A WINDOW_UPDATE."""
    return raw(WINDOW, 0, stream, increment.to_bytes(4))


CONNECTION_ERRORS: dict[str, tuple[bytes, set[int]]] = {
    "4.2 HEADERS that are too long": (raw(HEADERS, 5, 1, bytes(LARGEST + 1)), {FRAME_SIZE}),
    "4.2 SETTINGS that are too long": (raw(SETTINGS, 0, 0, bytes(16_386)), {FRAME_SIZE}),
    "4.3 a block that cannot be read": (opening(1, b"\xff" * 20), {COMPRESSION}),
    "4.3 PRIORITY inside a block": (
        raw(HEADERS, 1, 1, PAGE) + raw(PRIORITY, 0, 1, bytes(5)),
        {PROTOCOL},
    ),
    "4.3 HEADERS inside another block": (raw(HEADERS, 1, 1, PAGE) + whole(3, PAGE), {PROTOCOL}),
    "4.3 PING inside a block": (raw(HEADERS, 1, 1, PAGE) + raw(PING, 0, 0, bytes(8)), {PROTOCOL}),
    "5.1 DATA on an idle stream": (raw(DATA, 1, 1, b"x"), {PROTOCOL, STREAM_CLOSED}),
    "5.1 RST_STREAM on an idle stream": (raw(RST_STREAM, 0, 1, bytes(4)), {PROTOCOL}),
    "5.1 WINDOW_UPDATE on an idle stream": (update(1, 1), {PROTOCOL}),
    "5.1 CONTINUATION on an idle stream": (raw(CONTINUATION, 4, 1, PAGE), {PROTOCOL}),
    "5.1 RST_STREAM on an even stream": (
        whole(5, PAGE) + raw(RST_STREAM, 0, 4, bytes(4)),
        {PROTOCOL},
    ),
    "5.1 WINDOW_UPDATE on an even stream": (whole(5, PAGE) + update(4, 1), {PROTOCOL}),
    "5.1.1 an even stream": (whole(2, PAGE), {PROTOCOL}),
    "5.1.1 an older stream": (whole(5, PAGE) + whole(3, PAGE), {PROTOCOL, STREAM_CLOSED}),
    "5.5 a frame of no kind inside a block": (
        raw(HEADERS, 1, 1, PAGE) + raw(0xBE, 0, 1),
        {PROTOCOL},
    ),
    "6.1 DATA on stream 0": (raw(DATA, 0, 0, b"x"), {PROTOCOL}),
    "6.1 DATA padded too far": (OPEN + raw(DATA, PADDED, 1, PADDED_TOO_FAR), {PROTOCOL}),
    "6.1 DATA padded without padding": (OPEN + raw(DATA, PADDED, 1), {PROTOCOL, FRAME_SIZE}),
    "6.2 HEADERS on stream 0": (raw(HEADERS, 5, 0, PAGE), {PROTOCOL}),
    "6.2 HEADERS padded too far": (raw(HEADERS, 5 | PADDED, 1, PADDED_TOO_FAR), {PROTOCOL}),
    "6.2 HEADERS too short for a priority": (raw(HEADERS, 0x25, 1, b"abc"), {PROTOCOL, FRAME_SIZE}),
    "6.3 PRIORITY on stream 0": (raw(PRIORITY, 0, 0, bytes(5)), {PROTOCOL}),
    "6.4 RST_STREAM on stream 0": (raw(RST_STREAM, 0, 0, bytes(4)), {PROTOCOL}),
    "6.4 RST_STREAM of three bytes": (OPEN + raw(RST_STREAM, 0, 1, bytes(3)), {FRAME_SIZE}),
    "6.5 SETTINGS that acknowledge and set": (raw(SETTINGS, ACK, 0, bytes(6)), {FRAME_SIZE}),
    "6.5 SETTINGS on a stream": (raw(SETTINGS, 0, 1), {PROTOCOL}),
    "6.5 SETTINGS of seven bytes": (raw(SETTINGS, 0, 0, bytes(7)), {FRAME_SIZE}),
    "6.5.2 ENABLE_PUSH of 2": (setting(2, 2), {PROTOCOL}),
    "6.5.2 a window that is too large": (setting(4, 2**31), {FLOW_CONTROL}),
    "6.5.2 a frame size that is too small": (setting(5, 16_383), {PROTOCOL}),
    "6.5.2 a frame size that is too large": (setting(5, 2**24), {PROTOCOL}),
    "6.6 a push by a client": (OPEN + raw(PUSH, 4, 1, bytes(3) + b"\x02" + PAGE), {PROTOCOL}),
    "6.7 PING on a stream": (raw(PING, 0, 1, bytes(8)), {PROTOCOL}),
    "6.7 PING of six bytes": (raw(PING, 0, 0, bytes(6)), {FRAME_SIZE}),
    "6.8 GOAWAY on a stream": (raw(GOAWAY, 0, 1, bytes(8)), {PROTOCOL}),
    "6.8 GOAWAY of three bytes": (raw(GOAWAY, 0, 0, bytes(3)), {FRAME_SIZE}),
    "6.9 a window that grows by nothing": (update(0, 0), {PROTOCOL}),
    "6.9 WINDOW_UPDATE of three bytes": (raw(WINDOW, 0, 0, bytes(3)), {FRAME_SIZE}),
    "6.9.1 a window that grows too much": (update(0, 2**31 - 1) * 2, {FLOW_CONTROL}),
    "6.9.2 windows that grow too much": (
        OPEN + update(1, 2**31 - 65_536) + setting(4, 2**31 - 1),
        {FLOW_CONTROL},
    ),
    "6.10 CONTINUATION after the end": (OPEN + raw(CONTINUATION, 4, 1, b"\x88"), {PROTOCOL}),
    "6.10 CONTINUATION on stream 0": (
        raw(HEADERS, 1, 1, PAGE) + raw(CONTINUATION, 4, 0, b""),
        {PROTOCOL},
    ),
    "6.10 CONTINUATION on another stream": (
        raw(HEADERS, 1, 1, PAGE) + raw(CONTINUATION, 4, 3, b""),
        {PROTOCOL},
    ),
    "6.10 CONTINUATION after DATA": (
        OPEN + raw(DATA, 0, 1, b"x") + raw(CONTINUATION, 4, 1, b""),
        {PROTOCOL},
    ),
}

STREAM_ERRORS: dict[str, tuple[bytes, set[int]]] = {
    "4.2 DATA that is too long": (OPEN + raw(DATA, 0, 1, bytes(LARGEST + 1)), {FRAME_SIZE}),
    "5.1 DATA after the end": (
        OPEN + raw(DATA, END_STREAM, 1, b"x") + raw(DATA, END_STREAM, 1, b"x"),
        {STREAM_CLOSED, PROTOCOL},
    ),
    "5.1 HEADERS after the end": (
        OPEN + raw(DATA, END_STREAM, 1, b"x") + whole(1, PAGE),
        {STREAM_CLOSED, PROTOCOL},
    ),
    "5.1 DATA after a reset": (
        OPEN + raw(RST_STREAM, 0, 1, (8).to_bytes(4)) + raw(DATA, END_STREAM, 1, b"x"),
        {STREAM_CLOSED, PROTOCOL},
    ),
    "5.1 HEADERS after a reset": (
        OPEN + raw(RST_STREAM, 0, 1, (8).to_bytes(4)) + whole(1, PAGE),
        {STREAM_CLOSED, PROTOCOL},
    ),
    "6.3 PRIORITY of four bytes": (OPEN + raw(PRIORITY, 0, 1, bytes(4)), {FRAME_SIZE}),
    "6.9 a stream's window that grows by nothing": (OPEN + update(1, 0), {PROTOCOL}),
    "6.9.1 a stream's window that grows too much": (
        OPEN + update(1, 2**31 - 1) * 2,
        {FLOW_CONTROL},
    ),
}

HARMLESS: dict[str, bytes] = {
    "4.1 a frame of no kind": raw(0xBE, 0xFF, 0, b"ignore this"),
    "4.1 flags that mean nothing": raw(PING, 0xFE, 0, bytes(8)),
    "4.1 the bit that is reserved": raw(PING, 0, 1 << 31, bytes(8)),
    "5.1 PRIORITY on an idle stream": raw(PRIORITY, 0, 1, bytes(4) + b"\x10"),
    "5.3 PRIORITY on a stream far ahead": raw(PRIORITY, 0, 1001, bytes(4) + b"\x10"),
    "6.5 a setting of no kind": setting(0xBEEF, 1),
    "6.5 a setting given twice": raw(SETTINGS, 0, 0, (b"\0\4" + bytes(4)) + b"\0\4\0\1\0\0"),
    "6.7 an answer to no ping": raw(PING, ACK, 0, bytes(8)),
    "6.9 a window that grows": update(0, 1000),
    "6.2 padding": opening(101, PAGE, "END_STREAM", "PADDED", pad_length=10),
    "6.2 a priority": opening(101, PAGE, "END_STREAM", "PRIORITY", depends_on=0, stream_weight=5),
    "6.10 a block in pieces": raw(HEADERS, 1, 101, PAGE[:1])
    + raw(CONTINUATION, 0, 101, PAGE[1:5])
    + raw(CONTINUATION, 0, 101)
    + raw(CONTINUATION, 4, 101, PAGE[5:]),
    "7 a reset for no known reason": opening(101, block(grpc(SET, "x.y.z")))
    + raw(RST_STREAM, 0, 101, b"\xff\xff\xff\xff"),
}


def ends(connection: Peer) -> bool:
    """The server hangs up."""
    return connection.hear(lambda: connection.closed)


@pytest.mark.parametrize("name", CONNECTION_ERRORS)
def test_an_error_of_the_connection_ends_it(server: Server, name: str) -> None:
    said, codes = CONNECTION_ERRORS[name]
    with peer(server.http_address) as connection:
        connection.say(said)

        assert ends(connection)
    assert connection.goaway in codes


@pytest.mark.parametrize("name", STREAM_ERRORS)
def test_an_error_of_a_stream_ends_that(server: Server, name: str) -> None:
    """Or the connection, which is always allowed (§5.4.2)."""
    said, codes = STREAM_ERRORS[name]
    with peer(server.http_address) as connection:
        connection.say(said)
        connection.settle()

        assert connection.resets.get(1, connection.goaway) in codes


@pytest.mark.parametrize("name", HARMLESS)
def test_what_means_nothing_changes_nothing(server: Server, name: str) -> None:
    with peer(server.http_address) as connection:
        connection.say(HARMLESS[name], update(0, 1 << 20), setting(4, 65_535), whole(103, PAGE))

        assert connection.hear(lambda: connection.answered(103))
        assert connection.status(103) == 200
        assert connection.settle()


def test_a_stream_that_was_answered_takes_no_more(server: Server) -> None:
    for more in (raw(DATA, END_STREAM, 1, b"x"), whole(1, PAGE)):
        with peer(server.http_address) as connection:
            connection.say(whole(1, PAGE))
            assert connection.hear(lambda: connection.answered(1))
            connection.say(more)
            connection.settle()
        assert connection.resets.get(1, connection.goaway) in {STREAM_CLOSED, PROTOCOL}


@pytest.mark.parametrize(
    "first",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\x00",
        PREFACE + raw(PING, 0, 0, bytes(8)),
        PREFACE + whole(1, PAGE),
        PREFACE + raw(SETTINGS, ACK, 0),
    ],
    ids=["a preface that is none", "PING", "HEADERS", "an acknowledgement"],
)
def test_settings_come_first(server: Server, first: bytes) -> None:
    """§3.4."""
    with peer(server.http_address, first=first) as connection:
        assert ends(connection)
    assert connection.status(1) is None
    assert connection.goaway in {None, PROTOCOL}


def test_settings_are_acknowledged_in_order(server: Server) -> None:
    """§6.5.3; the first ones are those of the preface."""
    with peer(server.http_address) as connection:
        connection.say(setting(4, 100), setting(1, 0), setting(3, 5))

        assert connection.hear(lambda: connection.acknowledged == 4)


def test_no_more_is_sent_than_the_window_allows(server: Server) -> None:
    """§6.9.1 and §6.9.2, below nothing included."""
    with peer(server.http_address, {4: 3}) as connection:
        connection.say(whole(1, PAGE))
        assert connection.hear(lambda: connection.received[1] == 3)
        connection.say(setting(4, 0), update(1, 2))
        assert connection.settle()
        assert connection.received[1] == 3
        connection.say(update(1, 2))
        assert connection.hear(lambda: connection.received[1] == 4)
        connection.say(setting(4, 1000))
        assert connection.hear(lambda: connection.answered(1))


def test_a_client_that_goes_gets_its_answers(server: Server) -> None:
    """§6.8."""
    with peer(server.http_address) as connection:
        connection.say(*[whole(stream, PAGE) for stream in streams(20)])
        connection.say(raw(GOAWAY, 0, 0, bytes(8)))

        assert connection.hear(lambda: all(connection.answered(s) for s in streams(20)))
        assert {connection.status(stream) for stream in streams(20)} == {200}


def test_a_client_that_goes_may_ask_on(server: Server) -> None:
    """§6.8: it says that it wants no streams of the server's, not that it opens none."""
    with peer(server.http_address) as connection:
        connection.say(OPEN, raw(GOAWAY, 0, 0, bytes(8)), whole(3, PAGE))

        assert connection.hear(lambda: connection.answered(3))
    assert connection.status(3) == 200


def test_nothing_is_promised(server: Server) -> None:
    """§8.4: a server that pushes nothing; and what it announces is allowed (§6.5.2)."""
    with peer(server.http_address) as connection:
        assert connection.settle()
    assert connection.settings.get(2, 0) == 0
    assert LARGEST <= connection.settings.get(5, LARGEST) < 2**24
    assert connection.settings.get(4, 0) < 2**31

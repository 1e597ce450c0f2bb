"""Floods of HTTP/2 frames that cost the sender little: they are counted, and end the connection."""

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from attacks.frames import (
    ENHANCE_YOUR_CALM,
    PATIENCE_SECONDS,
    PREFACE,
    Peer,
    block,
    get,
    grpc,
    opening,
    peer,
    raw,
    streams,
    whole,
)
from attacks.watching import MB, neighbour, watched
from conformance.edge.scs import GET
from harness import Server

MOST_GROWTH = 10 * MB
MOST_STREAMS = 200
MOST_CORES = 0.1
BATCH = 50
FLOOD_SECONDS = 2.0
FRAMES = 200_000

REQUESTS: dict[str, Callable[[Server], bytes]] = {
    "a page": lambda _: block(get()),
    "an item": lambda server: block(
        get("/cache/default-cache?key=k", authorization=server.api_key)
    ),
    "a call": lambda server: block(grpc(GET, server.api_key)),
    "the control plane": lambda server: block(get("/caches", authorization=server.api_key)),
    "a stranger": lambda _: block(grpc(GET, "x.y.z")),
}


def opened_and_reset(headers: bytes) -> Iterator[bytes]:
    """Streams that are given up as soon as they are opened, in batches."""
    numbers = iter(streams(1_000_000))
    while True:
        yield b"".join(
            opening(stream, headers) + RstStreamFrame(stream, error_code=8).serialize()
            for stream in itertools.islice(numbers, BATCH)
        )


def reset_rapidly(connection: Peer, headers: bytes, most: int) -> int:
    """Do so until the server hangs up, and return how many streams that took."""
    for number, batch in zip(range(most // BATCH), opened_and_reset(headers), strict=False):
        connection.say(batch)
        if not connection.settle():
            return (number + 1) * BATCH
    return most


@pytest.mark.parametrize("kind", REQUESTS)
def test_rapid_resets_end_the_connection(server: Server, kind: str) -> None:
    """CVE-2023-44487."""
    with watched(server) as cost, peer(server.http_address) as connection:
        taken = reset_rapidly(connection, REQUESTS[kind](server), 10 * MOST_STREAMS)

        assert connection.closed
    assert taken <= MOST_STREAMS
    assert connection.goaway == ENHANCE_YOUR_CALM
    assert cost.peak_growth <= MOST_GROWTH


def test_others_do_not_feel_rapid_resets(server: Server) -> None:
    """The best of three rounds: whatever else the machine does can only make one worse."""
    headers = REQUESTS["an item"](server)
    assert any(is_calm_beside(server, headers) for _ in range(3))


def is_calm_beside(server: Server, headers: bytes) -> bool:
    """Whether a neighbour waits no longer beside an attack than without one."""
    with neighbour(server) as quiet:
        quiet.ending.wait(1)
    with neighbour(server) as beside:
        while len(beside.taken) < len(quiet.taken) * 2 // 3:
            with peer(server.http_address) as connection:
                reset_rapidly(connection, headers, 10 * MOST_STREAMS)
    return beside.p99 <= 2 * quiet.p99 + 0.002


def endless(headers: bytes, more: bytes) -> Iterator[bytes]:
    """A block of headers that never ends, in many frames."""
    yield HeadersFrame(1, data=headers).serialize()
    frame = ContinuationFrame(1, data=more).serialize()
    yield from itertools.repeat(frame, FRAMES if len(more) < 1000 else 64 * MB // len(more))


@pytest.mark.parametrize(
    "more",
    [
        b"",
        b"\x00",
        block([("x", "y" * 100)]),
        block([("x", "y" * 12_000)]),
        block([(f"x-{number}", "y") for number in range(1000)]),
    ],
    ids=["nothing", "a byte", "a header", "a long header", "many headers"],
)
def test_headers_that_go_on_and_on_end_the_connection(server: Server, more: bytes) -> None:
    """CVE-2024-27316."""
    with watched(server) as cost, peer(server.http_address) as connection:
        connection.pour(endless(block(get()), more))

        assert connection.hear(lambda: connection.closed)
    assert cost.peak_growth <= MOST_GROWTH


def bombs() -> Iterator[bytes]:
    """One long header for the table, then requests that name it eight thousand times."""
    name, value = b"x", b"y" * 4000
    first = b"\x40" + bytes([len(name)]) + name + b"\x7f" + b"\xa1\x1e" + value
    yield opening(1, block(get()) + first, "END_STREAM")
    again = block(get()) + b"\xbe" * 8000
    for stream in streams(3000, 3):
        yield opening(stream, again, "END_STREAM")


def test_a_small_block_that_unpacks_to_much_is_refused(server: Server) -> None:
    """What is 8 KB on the wire is 32 MB when it is unpacked."""
    with watched(server) as cost, peer(server.http_address) as connection:
        connection.pour(bombs())
        connection.settle()

        assert connection.closed
        statuses = {connection.status(stream) for stream in connection.headers if stream > 1}
    assert statuses <= {431, 400}
    assert cost.peak_growth <= MOST_GROWTH


def update(stream: int, increment: int) -> bytes:
    """A WINDOW_UPDATE."""
    return WindowUpdateFrame(stream, window_increment=increment).serialize()


MISTAKES: dict[str, Callable[[int], bytes]] = {
    "a window that grows by nothing": lambda s: raw(8, 0, s, bytes(4)),
    "a window that grows too much": lambda s: update(s, 2**31 - 1) * 2,
    "data after the end": lambda s: (
        DataFrame(s, flags=["END_STREAM"]).serialize() + DataFrame(s, data=b"more").serialize()
    ),
    "headers after the end": lambda s: (
        DataFrame(s, flags=["END_STREAM"]).serialize() + opening(s, block(get()))
    ),
    "headers again without an end": lambda s: opening(s, block({"x": "y"})),
    "a priority on itself": lambda s: PriorityFrame(s, depends_on=s).serialize(),
    "a priority that is too short": lambda s: raw(2, 0, s, b"abc"),
    "a reset that is too short": lambda s: raw(3, 0, s, b"abc"),
    "a push": lambda s: raw(5, 4, s, bytes(4)),
    "pseudo headers as trailers": lambda s: opening(s, block(get()), "END_STREAM"),
    "padding that is too long": lambda s: raw(0, 8, s, b"\xff" + b"abc"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_making_the_server_reset_ends_the_connection(server: Server, mistake: str) -> None:
    """CVE-2025-8671: it resets what it still works on. A mistake that it overlooks is no attack."""
    headers = block(grpc(GET, server.api_key))
    with watched(server) as cost, peer(server.http_address) as connection:
        for batch in batches(2000):
            connection.say(*[opening(s, headers) + MISTAKES[mistake](s) for s in batch])
            if not connection.settle():
                break
        resets = len(connection.resets)

        assert connection.closed or resets == 0
    assert resets <= MOST_STREAMS
    assert cost.peak_growth <= MOST_GROWTH


def batches(count: int) -> Iterator[range]:
    """Numbers of streams, some at a time."""
    for first in range(0, count, BATCH):
        yield streams(BATCH, 1 + 2 * first)


def test_lengths_that_do_not_hold_end_the_connection(server: Server) -> None:
    """Each stream is reset, since its body is not what its headers say (RFC 9113 §8.1.1)."""
    headers = block(grpc(GET, server.api_key, content_length="1"))
    with peer(server.http_address) as connection:
        for batch in batches(2000):
            connection.say(
                *[opening(s, headers) + DataFrame(s, data=b"abc").serialize() for s in batch]
            )
            if not connection.settle():
                break

        assert connection.closed
    assert len(connection.resets) <= MOST_STREAMS


@pytest.mark.parametrize("data", [DataFrame(1), DataFrame(1, pad_length=0, flags=["PADDED"])])
@pytest.mark.parametrize("kind", ["a call", "the control plane", "a stranger"])
def test_empty_data_ends_the_connection(server: Server, kind: str, data: DataFrame) -> None:
    """CVE-2019-9518."""
    frames = [data.serialize() * 100] * (FRAMES // 100)
    with watched(server) as cost, peer(server.http_address) as connection:
        connection.say(opening(1, REQUESTS[kind](server)))
        connection.pour(frames)
        connection.settle()

        assert connection.closed
    assert cost.peak_growth <= MOST_GROWTH


SMALL_FRAMES = {
    "settings": SettingsFrame(0).serialize(),
    "settings that change": SettingsFrame(0, settings={4: 70_000}).serialize()
    + SettingsFrame(0, settings={4: 60_000, 1: 0}).serialize(),
    "pings": PingFrame(0, opaque_data=b"12345678").serialize(),
    "answers to nothing": SettingsFrame(0, flags=["ACK"]).serialize(),
    "pongs": PingFrame(0, flags=["ACK"], opaque_data=b"12345678").serialize(),
    "priorities": PriorityFrame(1, depends_on=3).serialize(),
    "windows": update(0, 1),
    "windows of a stream that is over": update(1, 1),
    "resets": RstStreamFrame(1, error_code=8).serialize(),
    "frames of no kind": raw(0xBE, 0, 0, b"ignore this"),
}


@pytest.mark.parametrize("kind", SMALL_FRAMES)
def test_small_frames_without_end_are_cheap_or_end_the_connection(
    server: Server, kind: str
) -> None:
    """CVE-2019-9512, CVE-2019-9515: one client shall not keep a thread busy with nothing."""
    first = PREFACE + SettingsFrame(0).serialize() + whole(1, block(get()))
    with watched(server) as cost:
        closed = deafening(server, first, SMALL_FRAMES[kind] * 4000)

    assert closed or cost.cores <= MOST_CORES, f"{cost.cores:.2f} cores"
    assert cost.peak_growth <= MOST_GROWTH


def deafening(server: Server, first: bytes, part: bytes) -> bool:
    """Send one thing over and over, as fast as goes; tell whether the server hung up on it."""
    deadline = time.monotonic() + FLOOD_SECONDS
    with socket.create_connection(server.http_address, PATIENCE_SECONDS) as connection:
        hearing = threading.Thread(target=hear_nothing, args=(connection,))
        hearing.start()
        try:
            connection.sendall(first)
            while time.monotonic() < deadline:
                connection.sendall(part)
        except ConnectionError:
            return True
        finally:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            hearing.join()
    return False


def hear_nothing(connection: socket.socket) -> None:
    """Read what comes, so that the server can go on, and forget it."""
    with contextlib.suppress(OSError):
        while connection.recv(MB):
            pass


def test_settings_that_say_one_thing_very_often_cost_little(server: Server) -> None:
    """Each of 2,700 in a frame could change the windows of 250 streams."""
    often = raw(4, 0, 0, (b"\0\4" + bytes(4) + b"\0\4\0\0\0\1") * 1365)
    with peer(server.http_address, {4: 0}) as connection:
        connection.say(*[whole(stream, block(get())) for stream in streams(250)])
        assert connection.settle()
        with watched(server) as cost:
            connection.say(often * 800)
            assert connection.settle()
    assert cost.cpu_seconds <= 0.2, f"{cost.cpu_seconds} s"


def test_what_was_too_much_for_one_second_is_not_for_two(server: Server) -> None:
    """However long the connection was silent between them."""
    with peer(server.http_address) as connection:
        for _ in range(3):
            connection.say(SMALL_FRAMES["pings"] * 600)
            assert connection.settle()
            time.sleep(1.1)
        assert connection.settle()


def test_answers_that_were_given_up_while_they_waited_leave_nothing(server: Server) -> None:
    """The window of the connection is used up, so that none of them leaves."""
    encoder = Encoder()
    first, again = (encoder.encode(list(get().items())) for _ in range(2))
    numbers = iter(streams(1_000_000, 3))
    with peer(server.http_address, {4: 2**31 - 1}) as connection:
        connection.say(whole(1, first))
        while sum(connection.received.values()) < 65_535:
            connection.say(b"".join(whole(next(numbers), again) for _ in range(20)))
            assert connection.settle()
        last = next(numbers)
        connection.say(*[reset(stream) for stream in streams((last - 1) // 2)])
        with watched(server) as cost:
            for _ in range(1500):
                ids = list(itertools.islice(numbers, 200))
                connection.say(b"".join(whole(stream, again) for stream in ids))
                assert connection.settle()
                connection.say(b"".join(map(reset, ids)))
    assert cost.peak_growth <= MB, f"{cost.peak_growth / MB:.1f} MB"


def reset(stream: int) -> bytes:
    """What gives a request up."""
    return RstStreamFrame(stream, error_code=8).serialize()


def test_pongs_that_nobody_reads_fill_no_memory(server: Server) -> None:
    pings = SMALL_FRAMES["pings"] * 1000
    with watched(server) as cost, peer(server.http_address) as connection:
        connection.socket.setblocking(True)
        connection.socket.settimeout(1)
        with pytest.raises((TimeoutError, ConnectionError)):
            connection.socket.sendall(pings * 10_000)
    assert cost.peak_growth <= MOST_GROWTH

"""A client over a limit of its plan goes on sending: each call is refused alike, and counted."""

from collections.abc import Iterator
from functools import partial

import pytest
from hyperframe.frame import DataFrame, RstStreamFrame

from attacks.frames import Headers, Peer, block, grpc, opening, peer, streams
from conformance.edge.scs import GET, SET, put
from conformance.edge.scs import get as get_message
from conformance.teams import CACHE, Team, new_team
from harness import Server

CANCEL = 8
RESOURCE_EXHAUSTED = 8
UNAUTHENTICATED = 16
CALLS, AT_ONCE = 10_000, 100
LARGE_BYTES = 5_000_000
FRAME_BYTES = 16_384
LIMIT = "cache_operations_per_second"
REFUSAL = {
    ":status": "200",
    "content-type": "application/grpc",
    "grpc-status": str(RESOURCE_EXHAUSTED),
    "grpc-message": f"this cache's limit of operations is 1 per second ({LIMIT}: 1)",
    "err": "operations_rate_limit_exceeded",
}


@pytest.fixture
def over(server: Server) -> Iterator[Team]:
    """An account that has used its operations of an hour."""
    with new_team(server) as team:
        team.limit(**{LIMIT: 1})
        use(team)
        yield team


def use(team: Team) -> None:
    """Use operations and bytes of an hour: the last request that is served may take any number."""
    path = f"/cache/{CACHE}?key=large&ttl_seconds=60"
    team.web.put(path, content=bytes(LARGE_BYTES)).raise_for_status()


def message(stream: int, content: bytes = b"", **more: int) -> bytes:
    """A Get in one DATA frame."""
    flags = ["END_STREAM", *(["PADDED"] if more else [])]
    return DataFrame(stream, content or get_message(), flags=flags, **more).serialize()


def refused(connection: Peer, stream: int) -> Headers:
    """What a call is told."""
    assert connection.hear(lambda: connection.answered(stream)), connection
    (headers,) = connection.headers[stream]
    return headers


def call(connection: Peer, stream: int, headers: bytes) -> int | None:
    """Call, and return the status."""
    connection.say(opening(stream, headers) + message(stream))
    assert connection.hear(lambda: connection.answered(stream)), connection
    return connection.grpc_status(stream)


def counted(team: Team) -> tuple[int, int]:
    """The requests and errors of the account's cache."""
    counts = team.web.get(f"/caches/{CACHE}/stats").json()["counts"]
    return counts["requests"], counts["errors"]


def test_a_call_is_refused_alike_however_its_message_comes(server: Server, over: Team) -> None:
    headers = block(grpc(GET, over.key))
    before = counted(over)
    with peer(server.http_address) as connection:
        connection.say(opening(1, headers) + message(1))
        assert refused(connection, 1) == REFUSAL

        connection.say(opening(3, headers) + message(3))
        connection.say(opening(5, headers), message(5))
        connection.say(opening(7, headers) + message(7, pad_length=9))
        connection.say(opening(9, headers, "END_STREAM"))
        connection.say(opening(11, headers) + opening(13, headers))
        connection.say(message(13) + DataFrame(11, get_message()[:3]).serialize())
        connection.say(opening(15, headers) + RstStreamFrame(15, CANCEL).serialize())
        connection.say(message(11, get_message()[3:]))
        connection.say(opening(17, headers) + message(17)[:4], message(17)[4:])

        for stream in range(1, 19, 2):
            assert refused(connection, stream) == REFUSAL, stream
        assert connection.settle()
        assert connection.resets == {}
    assert [now - then for now, then in zip(counted(over), before, strict=True)] == [9, 9]


def test_a_message_of_another_call_is_not_taken_for_that_of_a_refused_one(
    server: Server, over: Team
) -> None:
    headers = block(grpc(GET, over.key))
    with peer(server.http_address) as connection:
        assert call(connection, 1, headers) == RESOURCE_EXHAUSTED

        connection.say(
            opening(3, headers) + DataFrame(1, b"late", flags=["END_STREAM"]).serialize()
        )

        assert connection.hear(lambda: connection.closed)
        assert connection.goaway == 5, "STREAM_CLOSED"


def test_thousands_of_refused_calls_use_one_connection(server: Server, over: Team) -> None:
    headers, before = block(grpc(GET, over.key)), counted(over)
    numbers = streams(CALLS)
    with peer(server.http_address) as connection:
        for at in range(0, CALLS, AT_ONCE):
            some = numbers[at : at + AT_ONCE]
            connection.say(b"".join(opening(one, headers) + message(one) for one in some))
            assert connection.hear(partial(connection.answered, some[-1]))

        assert {connection.grpc_status(one) for one in numbers} == {RESOURCE_EXHAUSTED}
        assert connection.settle()
    assert counted(over)[0] - before[0] == CALLS


def test_calls_are_served_again_once_the_limit_is_gone(server: Server, over: Team) -> None:
    headers = block(grpc(GET, over.key))
    with peer(server.http_address) as connection:
        first = [call(connection, stream, headers) for stream in (1, 3)]
        over.limit()
        second = [call(connection, stream, headers) for stream in (5, 7)]
        over.limit(**{LIMIT: 1})
        use(over)
        third = [call(connection, stream, headers) for stream in (9, 11)]

    assert (first, second, third) == ([8, 8], [0, 0], [8, 8])


def test_a_limit_that_changes_is_named_as_it_is_now(server: Server, over: Team) -> None:
    headers = block(grpc(GET, over.key))
    with peer(server.http_address) as connection:
        said = []
        for first, number in ((1, 1), (5, 2), (9, 1)):
            over.limit(**{LIMIT: number})
            for stream in (first, first + 2):
                call(connection, stream, headers)
                said.append(refused(connection, stream)["grpc-message"])
        over.limit(bytes_in_per_second=1_000)
        use(over)
        for stream in (13, 15):
            assert call(connection, stream, headers) == RESOURCE_EXHAUSTED
            by_bytes = refused(connection, stream)
            assert "(bytes_in_per_second: 1000)" in by_bytes["grpc-message"]
            assert by_bytes["err"] == "throughput_rate_limit_exceeded"

    assert [text.split(LIMIT)[1] for text in said] == [f": {n})" for n in (1, 1, 2, 2, 1, 1)]


def test_a_revoked_key_is_told_so_and_not_of_its_limit(server: Server, over: Team) -> None:
    made = over.web.post("/api-keys", json={"description": "d"}).raise_for_status().json()
    headers = block(grpc(GET, made["api_key"]))
    with peer(server.http_address) as connection:
        before = [call(connection, stream, headers) for stream in (1, 3)]
        over.web.delete(f"/api-keys/{made['key_info']['key_id']}").raise_for_status()
        after = call(connection, 5, headers)

    assert (before, after) == ([RESOURCE_EXHAUSTED] * 2, UNAUTHENTICATED)


def test_a_large_value_is_refused_before_it_has_come(server: Server, over: Team) -> None:
    headers, value = block(grpc(SET, over.key)), put(bytes(LARGE_BYTES))
    parts = [value[at : at + FRAME_BYTES] for at in range(0, len(value), FRAME_BYTES)]
    with peer(server.http_address) as connection:
        for stream in (1, 3):
            connection.say(opening(stream, headers), DataFrame(stream, parts[0]).serialize())
            assert refused(connection, stream) == REFUSAL

            connection.say(*[DataFrame(stream, part).serialize() for part in parts[1:]])
        assert connection.settle()

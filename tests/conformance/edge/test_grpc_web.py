"""grpc-web, as every client of it may speak: both modes, both versions of HTTP, both listeners."""

import base64
from collections.abc import Iterator

import httpx
import pytest
from momento_wire_types import cacheclient_pb2 as pb
from momento_wire_types import permissionmessages_pb2 as permissions
from momento_wire_types import token_pb2 as token_pb

from conformance.calls import CONTROLS, DATA, Call
from conformance.edge.scs import GET, SET
from conformance.grpc_web import BINARY, TEXT, WAYS, Answer, ask, client, framed, send
from conformance.wire import LARGEST_MESSAGE, MINUTE, PING, Wire
from harness import Server

OK, INVALID_ARGUMENT, NOT_FOUND, EXHAUSTED, UNIMPLEMENTED, UNAUTHENTICATED = 0, 3, 5, 8, 12, 16
GET_BATCH = "/cache_client.Scs/GetBatch"
CREATE = "/control_client.ScsControl/CreateCache"
DISPOSABLE = "/token.Token/GenerateDisposableToken"

modes = pytest.mark.parametrize("kind", [BINARY, TEXT])


@pytest.fixture(scope="module", params=WAYS)
def every_way(request: pytest.FixtureRequest, server: Server) -> Iterator[httpx.Client]:
    with client(server, request.param) as found:
        yield found


@pytest.fixture(scope="module")
def browser(server: Server) -> Iterator[httpx.Client]:
    """One way, for what does not depend on it."""
    with client(server, "http1-plaintext") as found:
        yield found


@pytest.fixture
def known(server: Server) -> dict[str, str]:
    """The headers of the owner at a cache."""
    return {"authorization": server.api_key, "cache": "default-cache"}


def get(key: bytes) -> bytes:
    return pb._GetRequest(cache_key=key).SerializeToString()


def put(key: bytes, value: bytes) -> bytes:
    request = pb._SetRequest(cache_key=key, cache_body=value, ttl_milliseconds=MINUTE)
    return request.SerializeToString()


def works(browser: httpx.Client, known: dict[str, str]) -> bool:
    return ask(browser, GET, get(b"no-such-key"), TEXT, **known).status == OK


def path(call: Call) -> str:
    return f"/{call.service}/{call.method}"


@modes
def test_what_was_written_is_read(
    every_way: httpx.Client, known: dict[str, str], kind: str
) -> None:
    written = ask(every_way, SET, put(b"web", b"\x00value\xff"), kind, **known)
    read = ask(every_way, GET, get(b"web"), kind, **known)

    assert (written.status, read.status) == (OK, OK)
    reply = pb._GetResponse.FromString(read.messages[0])
    assert (reply.result, reply.cache_body) == (pb.Hit, b"\x00value\xff")
    assert read.response.headers["content-type"].startswith(kind)


@modes
def test_every_method_is_answered(browser: httpx.Client, known: dict[str, str], kind: str) -> None:
    for call in [*DATA, *CONTROLS]:
        answer = ask(browser, path(call), call.request.SerializeToString(), kind, **known)

        if answer.status == OK:
            for message in answer.messages:
                call.reply.FromString(message)
            assert len(answer.messages) == 1, call
        else:
            assert answer.status not in (UNIMPLEMENTED, UNAUTHENTICATED), call
            assert answer.messages == [], call


@modes
def test_a_stream_is_several_frames_in_its_order(
    every_way: httpx.Client, known: dict[str, str], kind: str
) -> None:
    keys = [f"batch-{number}".encode() for number in range(50)]
    for key in keys[::2]:
        ask(every_way, SET, put(key, key), kind, **known)
    items = [pb._GetRequest(cache_key=key) for key in keys]
    request = pb._GetBatchRequest(items=items).SerializeToString()

    answer = ask(every_way, GET_BATCH, request, kind, **known)

    bodies = [pb._GetResponse.FromString(message).cache_body for message in answer.messages]
    assert bodies == [b"" if number % 2 else key for number, key in enumerate(keys)]


def test_nobody_may_ping(every_way: httpx.Client) -> None:
    answer = ask(every_way, f"/{PING}/Ping", b"", TEXT)

    assert (answer.status, answer.messages) == (OK, [b""])


@modes
@pytest.mark.parametrize(
    ("where", "headers", "status"),
    [
        (GET, {"cache": "no-such-cache"}, NOT_FOUND),
        (GET, {"authorization": "not.a.token"}, UNAUTHENTICATED),
        (CREATE, {"authorization": "not.a.token"}, UNAUTHENTICATED),
        ("/cache_client.Scs/NoSuchMethod", {}, UNIMPLEMENTED),
        ("/no.such.Service/Method", {}, UNIMPLEMENTED),
    ],
)
def test_a_refusal_stands_in_the_headers(
    every_way: httpx.Client,
    known: dict[str, str],
    kind: str,
    where: str,
    headers: dict[str, str],
    status: int,
) -> None:
    answer = ask(every_way, where, get(b"key"), kind, **known | headers)

    assert (answer.status, answer.response.content) == (status, b"")
    assert answer.response.headers["content-type"].startswith(kind)
    assert answer.response.headers["grpc-message"]


@pytest.mark.parametrize(
    ("kind", "accept", "answered"),
    [
        (BINARY, TEXT, TEXT),
        (TEXT, "application/grpc-web", BINARY),
        (TEXT, "*/*", TEXT),
        ("application/grpc-web", "*/*", BINARY),
        ("application/grpc-web-text+proto", "*/*", TEXT),
    ],
)
def test_the_answer_is_in_the_mode_that_the_client_takes(
    browser: httpx.Client, known: dict[str, str], kind: str, accept: str, answered: str
) -> None:
    answer = ask(browser, GET, get(b"no-such-key"), kind, accept=accept, **known)

    assert answer.status == OK
    assert answer.response.headers["content-type"].startswith(answered)


def test_text_may_come_in_pieces_with_padding_of_their_own(
    every_way: httpx.Client, known: dict[str, str]
) -> None:
    body = framed(put(b"pieces", b"value"))
    pieces = [base64.b64encode(body[start : start + 5]) for start in range(0, len(body), 5)]
    assert b"=" in pieces[0]

    assert send(every_way, SET, b"".join(pieces), TEXT, **known).status == OK
    read = ask(every_way, GET, get(b"pieces"), TEXT, **known)
    assert pb._GetResponse.FromString(read.messages[0]).cache_body == b"value"


@modes
def test_the_largest_item_fits_in_both_modes(
    every_way: httpx.Client, known: dict[str, str], kind: str
) -> None:
    value = b"large " * 830_000

    assert ask(every_way, SET, put(b"large", value), kind, **known).status == OK
    read = ask(every_way, GET, get(b"large"), kind, **known)
    assert pb._GetResponse.FromString(read.messages[0]).cache_body == value


@modes
def test_a_message_over_the_limit_is_refused(
    every_way: httpx.Client, known: dict[str, str], kind: str
) -> None:
    answer = _unless_hung_up(every_way, put(b"large", bytes(LARGEST_MESSAGE)), kind, known)

    if answer is not None:
        assert answer.status == EXHAUSTED
        assert answer.response.headers["err"] == "request_size_limit_exceeded"
        assert "request%20limit" in answer.response.headers["grpc-message"].replace(" ", "%20")
    assert works(every_way, known)


@modes
def test_a_stranger_is_refused_whatever_he_sends(
    every_way: httpx.Client, known: dict[str, str], kind: str
) -> None:
    stranger = known | {"authorization": "not.a.token"}

    answer = _unless_hung_up(every_way, put(b"large", bytes(500_000)), kind, stranger)

    assert answer is None or answer.status == UNAUTHENTICATED
    assert works(every_way, known)


def _unless_hung_up(
    browser: httpx.Client, message: bytes, kind: str, headers: dict[str, str]
) -> Answer | None:
    """The answer; None if the server hung up while more was being sent."""
    try:
        return ask(browser, SET, message, kind, **headers)
    except (httpx.WriteError, httpx.ReadError):
        return None


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (TEXT, b"this is not base64"),
        (TEXT, b"===="),
        (TEXT, base64.b64encode(framed(get(b"key")))[:-6]),
        (TEXT, framed(get(b"key"))),
        (TEXT, b""),
        (BINARY, base64.b64encode(framed(get(b"key")))),
        (BINARY, framed(get(b"key"))[:-1]),
        (BINARY, framed(get(b"key")) * 2),
        (BINARY, framed(b"\x0a\x7f")),
        (BINARY, b""),
    ],
    ids=repr,
)
def test_what_is_no_message_is_refused(
    browser: httpx.Client, known: dict[str, str], kind: str, body: bytes
) -> None:
    answer = send(browser, GET, body, kind, **known)

    assert answer.status in (INVALID_ARGUMENT, EXHAUSTED)
    assert works(browser, known)


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
def test_only_post_calls_a_method(
    browser: httpx.Client, known: dict[str, str], method: str
) -> None:
    answer = browser.request(method, GET, headers=known | {"content-type": TEXT})

    assert answer.status_code in (404, 405)
    assert "grpc-status" not in answer.headers


@pytest.mark.parametrize("kind", ["application/grpc-web+json", "application/grpc-web-texts"])
def test_what_is_no_grpc_web_is_not_served_as_such(
    browser: httpx.Client, known: dict[str, str], kind: str
) -> None:
    answer = browser.post(GET, content=framed(get(b"key")), headers=known | {"content-type": kind})

    assert answer.status_code in (404, 405, 415)


def test_a_cache_is_made_by_the_page_and_by_nobody_twice(
    every_way: httpx.Client, owner: Wire, known: dict[str, str], new_name: str
) -> None:
    request = next(call for call in CONTROLS if path(call) == CREATE).request
    message = type(request)(cache_name=new_name).SerializeToString()  # type: ignore[call-arg]

    made = ask(every_way, CREATE, message, TEXT, **known)
    again = ask(every_way, CREATE, message, TEXT, **known)

    assert (made.status, again.status) == (OK, 6)
    assert new_name in {cache.cache_name for cache in owner.list_caches().cache}


def test_a_token_is_vended_to_who_shows_a_key_in_the_message(
    server: Server, browser: httpx.Client
) -> None:
    """As the official client asks: it sends the key nowhere else."""
    explicit = permissions.ExplicitPermissions(
        permissions=[
            permissions.PermissionsType(
                cache_permissions=permissions.PermissionsType.CachePermissions(
                    role=permissions.CacheRole.CacheReadOnly, all_caches={}
                )
            )
        ]
    )
    request = token_pb._GenerateDisposableTokenRequest(
        expires={"valid_for_seconds": 60},
        auth_token=server.api_key,
        permissions=permissions.Permissions(explicit=explicit),
    )

    answer = ask(browser, DISPOSABLE, request.SerializeToString(), TEXT)

    vended = token_pb._GenerateDisposableTokenResponse.FromString(answer.messages[0])
    at = {"authorization": vended.api_key, "cache": "default-cache"}
    assert ask(browser, GET, get(b"no-such-key"), TEXT, **at).status == OK
    assert ask(browser, SET, put(b"key", b"value"), TEXT, **at).status == 7


@modes
def test_on_a_local_server_no_token_is_the_owner_but_no_page_is(
    local_server: Server, kind: str
) -> None:
    at = {"cache": "default-cache"}
    with client(local_server, "http1-plaintext") as local:
        assert ask(local, GET, get(b"no-such-key"), kind, **at).status == OK
        for page in (
            {"origin": "http://evil.example"},
            {"origin": "null"},
            {"host": "evil.example"},
        ):
            refused = ask(local, GET, get(b"no-such-key"), kind, **at, **page)
            assert refused.status == UNAUTHENTICATED
            assert ask(local, CREATE, b"", kind, **page).status == UNAUTHENTICATED


def test_a_local_server_fails_for_pages_too_when_a_test_asks_for_that(
    local_server: Server,
) -> None:
    wanted = {"error_rpcs": "get", "return_error": "unavailable", "request_id": "web"}
    with client(local_server, "http1-plaintext") as local:
        answer = ask(local, GET, get(b"key"), TEXT, cache="default-cache", **wanted)

    assert answer.status == 14

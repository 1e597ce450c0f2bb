"""How a credential is given, on every door: HTTP (RFC 9110 §11, RFC 6750), gRPC and grpc-web."""

import httpx
import pytest

from attimo.api.messages import controlclient_pb2 as control_pb
from conformance.edge.connection import connect, framed
from conformance.edge.http1 import http1, request
from conformance.edge.scs import GET, get
from conformance.grpc_web import BINARY
from harness import Server

LIST = "/control_client.ScsControl/ListCaches"
DATA = "/cache/default-cache?key=authorization"
CONTROL = "/caches"
INVALID_ARGUMENT, UNAUTHENTICATED = 3, 16

SCHEMES = ["", "Bearer ", "bearer ", "BEARER ", "bEARER ", "Bearer  ", "bearer    "]
NO_BEARERS = ["Bearer", "Basic ", "Bearer\t", "Token ", "bearer:", "Bearer Bearer "]


def test_the_scheme_is_taken_in_any_case_and_with_any_number_of_spaces(
    server: Server, web: httpx.Client
) -> None:
    for path, found in [(DATA, 404), (CONTROL, 200)]:
        for scheme in SCHEMES:
            answer = web.get(path, headers={"authorization": scheme + server.api_key})

            assert answer.status_code == found, (path, found, scheme)


def test_grpc_and_grpc_web_take_the_scheme_alike(server: Server, web: httpx.Client) -> None:
    for method, body in [(GET, get()), (LIST, framed(b""))]:
        for scheme in SCHEMES:
            token = scheme + server.api_key
            headers = {"content-type": BINARY, "authorization": token, "cache": "default-cache"}

            with connect(server.http_address, token, "default-cache") as connection:
                assert connection.call(method, body).grpc_status == 0, (method, body, scheme)
            assert web.post(method, headers=headers, content=body).content.endswith(
                b"grpc-status:0\r\n"
            ), (method, body, scheme)


def test_what_is_no_bearer_token_is_nobodys(web: httpx.Client, server: Server) -> None:
    for path in [DATA, CONTROL]:
        for scheme in NO_BEARERS:
            token = "" if scheme == "Bearer" else server.api_key

            assert web.get(path, headers={"authorization": scheme + token}).status_code == 401, (
                path,
                scheme,
            )


@pytest.mark.parametrize("path", [DATA, CONTROL])
def test_a_scheme_without_a_token_is_not_the_owner_of_a_local_server(
    local_server: Server, path: str
) -> None:
    with http1(local_server.http_address) as wire:
        for value in (b"Bearer", b"bearer ", b"Bearer   "):
            wire.say(request(f"GET {path}", b"authorization: " + value))
            assert wire.reply().status == 401


@pytest.mark.parametrize("path", [DATA, CONTROL])
@pytest.mark.parametrize("second", ["", "the same"])
def test_two_credentials_are_refused(
    server: Server, web: httpx.Client, path: str, second: str
) -> None:
    """Who stands between might have read the other one."""
    token = server.api_key
    two = [("authorization", token), ("authorization", token if second else "Bearer x")]

    answer = web.get(path, headers=two)
    both = web.get(path, params={"token": token, "key": "k"}, headers={"authorization": token})

    assert (answer.status_code, both.status_code) == (400, 400)
    assert answer.json()["message"] == "send one `authorization` header"
    assert "not as both" in both.json()["message"]


@pytest.mark.parametrize(("method", "body"), [(GET, get()), (LIST, framed(b""))])
def test_grpc_refuses_two_credentials(server: Server, method: str, body: bytes) -> None:
    with connect(server.http_address, server.api_key, "default-cache") as connection:
        headers = [*connection.headers_for(method), ("authorization", "Bearer x")]
        stream = connection.open(headers)
        connection.send(stream, body)
        answer = connection.answer(stream)

    assert answer.grpc_status == INVALID_ARGUMENT
    assert answer.trailer("grpc-message") == "send one `authorization` header"


@pytest.mark.parametrize("second", ["default-cache", "another-cache"])
def test_two_caches_are_refused(server: Server, web: httpx.Client, second: str) -> None:
    with connect(server.http_address, server.api_key, "default-cache") as connection:
        stream = connection.open([*connection.headers_for(GET), ("cache", second)])
        connection.send(stream, get())
        by_grpc = connection.answer(stream)
    headers = [("content-type", BINARY), ("authorization", server.api_key)]
    headers += [("cache", "default-cache"), ("cache", second)]
    by_web = web.post(GET, headers=headers, content=get())

    assert by_grpc.grpc_status == INVALID_ARGUMENT
    assert by_grpc.trailer("grpc-message") == "send one `cache` header"
    assert by_web.headers["grpc-status"] == str(INVALID_ARGUMENT)


def test_a_401_says_how_to_authenticate(web: httpx.Client) -> None:
    """RFC 9110 §15.5.2; without it, clients of Java and Jetty throw instead of telling why."""
    cases: list[tuple[str, str]] = [
        ("GET", DATA),
        ("PUT", f"{DATA}&ttl_seconds=1"),
        ("POST", "/cache/default-cache/get"),
        ("GET", CONTROL),
        ("PUT", "/caches/challenged"),
        ("GET", "/session"),
        ("POST", "/tokens"),
    ]
    for token in ["", "not.a.token"]:
        for method, path in cases:
            answer = web.request(method, path, headers={"authorization": token} if token else {})

            assert answer.status_code == 401, (token, method, path)
            challenge = answer.headers["www-authenticate"]
            assert challenge.startswith('Bearer realm="attimo"'), (token, method, path)
            # RFC 6750 §3.1: no error code where no credential was sent.
            assert ('error="invalid_token"' in challenge) is bool(token), (token, method, path)
            assert challenge.count("\n") == 0, (token, method, path)


def test_a_wrong_password_is_challenged_too(web: httpx.Client) -> None:
    wrong = {"email": "nobody@example.com", "password": "x" * 10}

    answer = web.post("/session", json=wrong)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (
        401,
        'Bearer realm="attimo"',
    )


def test_a_page_may_read_the_challenge(web: httpx.Client) -> None:
    answer = web.get(DATA, headers={"origin": "https://page.example"})

    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert answer.status_code == 401
    assert {"www-authenticate"} <= set(exposed)


def test_a_status_of_grpc_needs_no_challenge(server: Server) -> None:
    with connect(server.http_address, "not.a.token", "default-cache") as connection:
        answer = connection.call(GET, get())

    assert answer.grpc_status == UNAUTHENTICATED
    assert "www-authenticate" not in answer.headers | answer.trailers


def test_a_list_is_empty_or_not_but_never_for_a_stranger(server: Server) -> None:
    with connect(server.http_address, f"bearer  {server.api_key}", "") as connection:
        listed = connection.call(LIST, framed(b"")).body

    found = control_pb._ListCachesResponse.FromString(listed[5:])
    names = [each.cache_name for each in found.cache]
    assert "default-cache" in names

"""Every route, as the server's own description lists them: who may not, does not."""

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from conformance.accounts import FORGED, Forger, Neighbours, neighbours
from harness import Server

PUBLIC = {
    ("POST", "/signup"),
    ("POST", "/signup/begin"),
    ("POST", "/signup/confirm"),
    ("POST", "/session"),
    ("POST", "/invitations/accept"),
    ("POST", "/password/forgotten"),
    ("POST", "/password/reset"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/metrics"),
    ("GET", "/ca.pem"),
    ("GET", "/.well-known/acme-challenge/{token}"),
    ("POST", "/payments/events"),
}
"""What needs no credential, because it is how one comes by one, is for everybody to read, or has a
signature."""

OF_SESSIONS = {
    ("GET", "/session"),
    ("PUT", "/session"),
    ("DELETE", "/session"),
    ("PUT", "/password"),
}
"""What only a session can do, and no key."""

OF_EVERYBODY = {("GET", "/whoami")}
"""What any valid credential can ask about itself."""

OF_READERS = {("GET", "/caches/{name}/stats"), ("GET", "/caches/{name}/history")}
"""What a key can ask that may read all items of a cache: it could count them itself."""

OF_OPERATORS = ("/accounts", "/plans", "/session/links")
"""What only an operator of the server can ask."""

RULE = {"type": "cache", "permissions": ["read", "write"], "caches": "*", "items": "*"}
ROLE = {"role_name": "made", "permissions": {"rules": [RULE]}}
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api-keys"): {"role_id": "viewer", "description": "d"},
    ("POST", "/roles"): ROLE,
    ("PUT", "/roles/{role_id}"): ROLE,
    ("POST", "/tokens"): {"permissions": {"rules": [RULE]}, "valid_for_seconds": 60},
    ("PUT", "/members/{user_id}"): {"role_id": "viewer"},
    ("POST", "/invitations"): {"email": "eve@example.com"},
    ("POST", "/caches/{name}/extend"): {"expires_in": 60},
    ("POST", "/accounts"): {"name": "team"},
    ("PUT", "/accounts/{account_id}"): {"name": "team"},
    ("POST", "/accounts/{account_id}/invitations"): {"email": "eve@example.com"},
    ("POST", "/accounts/second-factors/reset"): {"email": "eve@example.com"},
    ("POST", "/plans"): {"name": "small", "limits": {}},
    ("PUT", "/plans/{name}"): {"limits": {}},
    ("PUT", "/accounts/{account_id}/limits"): {"plan": "free"},
    ("PUT", "/budget"): {"amount": "20"},
    ("PUT", "/webhooks/{cache}/{name}"): {"topic": "t", "url": "https://example.com"},
    ("PUT", "/session"): {"account_id": 1},
    ("PUT", "/password"): {"old_password": "x", "password": "y"},
}


@pytest.fixture(scope="module")
def house() -> Iterator[Neighbours]:
    with neighbours() as house:
        yield house


@pytest.fixture(scope="module")
def http(house: Neighbours) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=house.server.http) as client:
        yield client


@pytest.fixture(scope="module")
def described(http: httpx.Client) -> list[tuple[str, str]]:
    """All that needs a credential."""
    paths = http.get("/openapi.json").json()["paths"]
    found = [(method.upper(), path) for path, known in paths.items() for method in known]
    assert len(found) > 70
    return [route for route in found if route not in PUBLIC]


@pytest.fixture(scope="module")
def routes(described: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What is not about items and topics."""
    return [route for route in described if not route[1].startswith(("/cache/", "/topics/"))]


def status(http: httpx.Client, route: tuple[str, str], token: str | None) -> int:
    method, path = route
    filled = path.replace("{user_id}", "1").replace("{cache}", "default-cache")
    filled = filled.replace("{account_id}", "2").replace("{month}", "2000-01")
    for name in ("name", "role_id", "key_id", "kid", "invitation_id"):
        filled = filled.replace(f"{{{name}}}", "no-such-thing")
    headers = {} if token is None else {"authorization": token}
    return http.request(method, filled, json=BODIES.get(route), headers=headers).status_code


def statuses(
    http: httpx.Client, routes: list[tuple[str, str]], token: str | None
) -> dict[tuple[str, str], int]:
    return {route: status(http, route, token) for route in routes}


def credential(http: httpx.Client, owner: str, how: str) -> str:
    headers = {"authorization": owner}
    if how == "token":
        asked = BODIES["POST", "/tokens"]
        return str(http.post("/tokens", json=asked, headers=headers).json()["token"])
    role = {"role_name": f"for {how}", "permissions": {"rules": [RULE]}}
    role_id = http.post("/roles", json=role, headers=headers).json()["role_id"]
    made = http.post(
        "/api-keys", json={"role_id": role_id, "description": "d"}, headers=headers
    ).json()
    if how == "revoked":
        http.delete(f"/api-keys/{made['key_info']['key_id']}", headers=headers)
    return str(made["api_key"])


def test_without_a_credential_every_route_is_closed(
    http: httpx.Client, described: list[tuple[str, str]]
) -> None:
    assert set(statuses(http, described, None).values()) == {401}


@pytest.mark.parametrize("path", ["/", "/openapi.json", "/docs", "/docs/start.js", "/health"])
def test_what_is_for_everybody_to_read_is_open(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 200


@pytest.mark.parametrize("how", ["token", "garbage"])
@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs/start.js", "/ca.pem", "/health"])
def test_what_is_for_everybody_is_so_whatever_he_bears(
    house: Neighbours, http: httpx.Client, path: str, how: str
) -> None:
    token = how if how == "garbage" else credential(http, house.owner_key, how)

    for headers, query in (({"authorization": token}, {}), ({}, {"token": token})):
        for method in ("GET", "HEAD"):
            answer = http.request(method, path, headers=headers, params=query)
            assert answer.status_code == 200


def test_who_is_refused_is_told_why_and_not_to_send_a_token(
    house: Neighbours, http: httpx.Client
) -> None:
    data_only = credential(http, house.owner_key, "token")

    for token, status, why in (
        (data_only, 403, "token is for data"),
        ("x.y.z", 401, "invalid token"),
    ):
        answer = http.get("/caches", headers={"authorization": token})
        assert answer.status_code == status
        assert why in answer.json()["message"]


def test_a_session_does_not_stand_in_for_a_token_that_is_refused() -> None:
    account = {"email": "amy@example.com", "password": "correct horse battery"}
    with Server("--signup", "open") as server:
        made = httpx.post(f"{server.http}/signup", json=account)
        cookie = {"cookie": made.headers["set-cookie"].partition(";")[0]}

        for token, status in (({}, 200), ({"authorization": "garbage"}, 401)):
            answer = httpx.get(f"{server.http}/caches", headers=cookie | token)
            assert answer.status_code == status


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_credential_opens_no_route(
    house: Neighbours, http: httpx.Client, described: list[tuple[str, str]], name: str
) -> None:
    forger: Forger = house.forger

    assert set(statuses(http, described, FORGED[name](forger)).values()) == {401}


@pytest.mark.parametrize("name", ["no credential", *FORGED])
@pytest.mark.parametrize("cache", ["default-cache", "no-such-cache"])
def test_a_forged_credential_opens_no_data(
    house: Neighbours, http: httpx.Client, name: str, cache: str
) -> None:
    token = FORGED[name](house.forger) if name in FORGED else None
    headers = {} if token is None else {"authorization": token}
    query = {"key": "k", "ttl_seconds": "9"}
    path = f"/cache/{cache}"

    answers = [
        http.request(method, path, params=query, headers=headers)
        for method in ("GET", "HEAD", "PUT", "DELETE", "POST")
    ]
    if token is not None:
        answers.append(http.get(path, params=query | {"token": token}))

    assert {answer.status_code for answer in answers} == {401}


def test_a_revoked_key_opens_no_route(
    house: Neighbours, http: httpx.Client, described: list[tuple[str, str]]
) -> None:
    revoked = credential(http, house.owner_key, "revoked")

    assert set(statuses(http, described, revoked).values()) == {401}


@pytest.mark.parametrize("how", ["token", "key"])
def test_what_is_for_data_opens_no_route_but_about_what_it_reads(
    house: Neighbours, http: httpx.Client, routes: list[tuple[str, str]], how: str
) -> None:
    data_only = credential(http, house.owner_key, how)

    found = statuses(http, routes, data_only)

    # A key is told that these are for sessions; a token is told nothing but that it is for data.
    expected = {route: 401 if how == "key" and route in OF_SESSIONS else 403 for route in routes}
    # The cache of this path does not exist.
    expected |= dict.fromkeys(OF_READERS, 404) if how == "key" else {}
    assert found == expected | dict.fromkeys(OF_EVERYBODY, 200)


def test_a_viewer_looks_at_everything_in_the_account_and_changes_nothing(
    house: Neighbours, http: httpx.Client, routes: list[tuple[str, str]]
) -> None:
    headers = {"authorization": house.owner_key}
    made = http.post(
        "/api-keys", json={"role_id": "viewer", "description": "d"}, headers=headers
    ).json()

    found = statuses(http, [each for each in routes if each not in OF_SESSIONS], made["api_key"])

    of_server = {route for route in found if route[1].startswith(OF_OPERATORS)}
    assert {found.pop(route) for route in of_server} == {403}
    assert {code for (method, _), code in found.items() if method != "GET"} == {403}
    assert {code for (method, _), code in found.items() if method == "GET"} <= {200, 404}


def test_the_owner_of_another_account_opens_no_route_about_accounts(
    house: Neighbours, http: httpx.Client, routes: list[tuple[str, str]]
) -> None:
    of_server = [route for route in routes if route[1].startswith(OF_OPERATORS)]
    assert len(of_server) == 17

    assert set(statuses(http, of_server, house.neighbour_key).values()) == {403}
    for path in ("/usage?accounts=*", "/audit?accounts=1", "/bills?account=1"):
        headers = {"authorization": house.neighbour_key}
        assert http.get(path, headers=headers).status_code == 403


@pytest.mark.parametrize("path", ["/caches", "/cache/default-cache?key=k"])
def test_a_token_in_header_and_query_is_malformed(
    house: Neighbours, http: httpx.Client, path: str
) -> None:
    joint = "&" if "?" in path else "?"
    headers = {"authorization": house.owner_key}

    answer = http.get(f"{path}{joint}token={house.owner_key}", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_argument")


def test_what_a_client_says_of_itself_under_our_names_is_not_believed(
    house: Neighbours, http: httpx.Client
) -> None:
    ours = {
        "attimo-account": "1",
        "attimo-key": "local",
        "attimo-peer": "10.0.0.1",
        "attimo-scheme": "https",
        "attimo-protocol": "grpc",
    }

    assert http.get("/api-keys", headers=ours).status_code == 401
    # Before the header, bytes that some readers would take for the same name.
    host, port = house.server.http_address
    with socket.create_connection((host, port)) as raw:
        raw.sendall(b"GET /api-keys HTTP/1.1\r\nhost: a\r\nAttimo-Account : 1\r\n\r\n")
        assert raw.recv(12)[9:12] in (b"400", b"401", b"")


def test_no_credential_is_in_an_error_or_in_the_log(
    house: Neighbours, http: httpx.Client, routes: list[tuple[str, str]]
) -> None:
    canary = credential(http, house.owner_key, "canary")
    for method, path in routes:
        url = path.replace("{", "").replace("}", "")
        headers = {"authorization": canary}
        for answer in (
            http.request(method, url, headers=headers),
            http.request(method, f"{url}?token={canary}"),
            http.request(method, url, headers={"authorization": f"{canary}x"}),
        ):
            assert canary not in answer.text

    assert canary not in house.server.output

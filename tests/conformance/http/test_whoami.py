"""Who am I, asked of a server: by a key, a token and a session, on each version of HTTP."""

import base64
import contextlib
import http.client
import json
from typing import Any

import httpx
import pytest

from conformance.http.items import Maker
from conformance.people import Person
from harness import Server

READ: dict[str, Any] = {
    "type": "cache",
    "permissions": ["read"],
    "caches": {"name": "prod"},
    "items": "*",
}


@pytest.fixture(scope="module")
def token(web: httpx.Client, authorization: dict[str, str]) -> str:
    asked = {"permissions": {"rules": [READ]}, "valid_for_seconds": 600, "token_id": "ada"}
    answer = web.post("/tokens", json=asked, headers=authorization)
    return str(answer.json()["token"])


def test_a_key_asks_about_itself_however_it_is_sent(
    every_web: httpx.Client, authorization: dict[str, str]
) -> None:
    key = authorization["authorization"]
    basic = base64.b64encode(f"any:{key}".encode()).decode()

    told = [
        every_web.get("/whoami", headers={"authorization": f"Bearer {key}"}).json(),
        every_web.get("/whoami", headers={"authorization": f"Basic {basic}"}).json(),
        every_web.get("/whoami", params={"token": key}).json(),
    ]

    assert told[0]["kind"] == "api_key"
    assert told[0]["role"] == {"role_id": "owner", "role_name": "Owner"}
    assert told == [told[0]] * 3


def test_a_disposable_token_asks_about_itself(
    every_web: httpx.Client, token: str, authorization: dict[str, str]
) -> None:
    wrapped = json.dumps({"endpoint": "localhost", "api_key": token}).encode()
    maker = every_web.get("/whoami", headers=authorization).json()["id"]

    for sent in (token, f"Bearer {token}", base64.b64encode(wrapped).decode()):
        answer = every_web.get("/whoami", headers={"authorization": sent})
        told = answer.json()
        assert (answer.status_code, told["kind"], told["id"]) == (200, "token", "ada")
        assert told["allowed"] == ["read:prod"]
        assert told["made_by_key_id"] == maker
    assert every_web.head("/whoami", headers={"authorization": token}).status_code == 200


def test_a_token_opens_no_other_path_however_it_is_written(server: Server, token: str) -> None:
    def status(method: str, path: str) -> int:
        # Unlike httpx, this client sends a path as it is.
        connection = http.client.HTTPConnection(*server.http_address)
        with contextlib.closing(connection):
            connection.request(method, path, headers={"authorization": token})
            return connection.getresponse().status

    refused, missing = ("/whoam%69", "/caches"), ("/whoami/", "//whoami", "/whoami/../caches")
    assert {path: status("GET", path) for path in refused} == dict.fromkeys(refused, 403)
    assert {path: status("GET", path) for path in missing} == dict.fromkeys(missing, 404)
    assert {status(method, "/whoami") for method in ("POST", "PUT", "DELETE")} == {405}


def test_a_client_cannot_claim_to_have_a_token(web: httpx.Client, token: str) -> None:
    claims = {"attimo-token": token.split(".")[1]}

    assert web.get("/whoami", headers=claims).status_code == 401
    assert web.get("/caches", headers=claims).status_code == 401


def test_a_token_that_has_ended_is_refused(
    web: httpx.Client, maker: Maker, authorization: dict[str, str]
) -> None:
    key = web.post("/api-keys", json={"description": "d"}, headers=authorization).json()
    asked = {"permissions": {"rules": [READ]}, "valid_for_seconds": 600}
    made = web.post("/tokens", json=asked, headers={"authorization": key["api_key"]}).json()
    headers = {"authorization": made["token"]}
    assert web.get("/whoami", headers=headers).status_code == 200

    web.delete(f"/api-keys/{key['key_info']['key_id']}", headers=authorization)

    assert web.get("/whoami", headers=headers).status_code == 401


def test_a_session_asks_about_itself_by_its_cookie_and_as_a_token() -> None:
    with Server("--signup", "open") as server:
        ann = Person(server, "ann@example.com").sign_up()

        by_token = httpx.get(f"{server.http}/whoami", headers={"authorization": ann.token})

        assert by_token.json()["email"] == "ann@example.com"
        assert by_token.json()["role"]["role_name"] == "Owner"
        assert ann.ask("GET", "/whoami") == by_token.json()


def test_a_local_server_says_that_it_needs_no_credential(local_server: Server) -> None:
    assert httpx.get(f"{local_server.http}/whoami").json()["kind"] == "local"

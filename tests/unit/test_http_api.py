"""The HTTP API: caches, API keys, and how it refuses."""

import re
from http import HTTPStatus
from pathlib import Path

import pytest

from attimo.api import create_app
from attimo.api.certificates import Certificates
from attimo.control import Control
from attimo.errors import StoreUnavailable
from fakes import NOON, Client, Listener

LIMITS = {
    "max_traffic_rate": 2**31 - 1,
    "max_throughput_kbps": 2**31 - 1,
    "max_item_size_kb": 4883,
    "max_ttl_seconds": 2**31 - 1,
}


def test_a_cache_is_created_listed_flushed_and_deleted(owner: Client, node: Listener) -> None:
    created = owner.ask("PUT", "/caches/sessions")
    assert (created.status_code, created.json()) == (201, {"name": "sessions"})
    assert node.names(1) == {"sessions"}

    listed = owner.ask("GET", "/caches")
    cache = {"name": "sessions", "created_at": NOON, "limits": LIMITS}
    assert (listed.status_code, listed.json()) == (200, {"caches": [cache]})

    flushed = owner.ask("POST", "/caches/sessions/flush")
    assert (flushed.status_code, flushed.content) == (204, b"")
    deleted = owner.ask("DELETE", "/caches/sessions")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert owner.ask("GET", "/caches").json() == {"caches": []}


def test_a_cache_that_ends_by_itself_says_when(owner: Client, node: Listener) -> None:
    created = owner.ask("PUT", "/caches/brief", {"expires_in": 60})
    for body in ({}, {"expires_in": None}):
        assert owner.ask("PUT", "/caches/lasting", body).json() == {"name": "lasting"}
        owner.ask("DELETE", "/caches/lasting")
    listed = owner.ask("GET", "/caches").json()["caches"]

    assert created.json() == {"name": "brief", "expires_at": NOON + 60}
    # In JSON, 60.0 is a whole number, too.
    assert owner.ask("PUT", "/caches/float", {"expires_in": 60.0}).status_code == 201
    owner.ask("DELETE", "/caches/float")
    assert [cache["expires_at"] for cache in listed] == [NOON + 60]
    assert [cache.expires_at for cache in node.caches.values()] == [NOON + 60]


@pytest.mark.parametrize("expires_in", [0, -1, 315_360_001, 2**70, 1.5, "60", True])
def test_an_end_that_is_out_of_its_range_is_refused(owner: Client, expires_in: object) -> None:
    refused = owner.ask("PUT", "/caches/brief", {"expires_in": expires_in})

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_argument")
    assert refused.json()["message"].startswith("expires_in")
    assert owner.ask("GET", "/caches").json() == {"caches": []}


def test_a_name_is_taken_out_of_the_path_as_it_was_meant(owner: Client, node: Listener) -> None:
    owner.ask("PUT", "/caches/a%20b%3Fc%25")

    assert node.names(1) == {"a b?c%"}


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "message"),
    [
        ("PUT", "/caches/taken", 409, "already_exists", "a cache 'taken' already"),
        ("PUT", "/caches/a%2Fb", 400, "invalid_argument", "'a/b' is not a cache name"),
        ("PUT", "/caches/%20", 400, "invalid_argument", "' ' is not a cache name"),
        ("DELETE", "/caches/none", 404, "not_found", "Cache not found: there is no cache 'none'"),
        (
            "POST",
            "/caches/none/flush",
            404,
            "not_found",
            "Cache not found: there is no cache 'none'",
        ),
        ("GET", "/caches?limit=0", 400, "invalid_argument", "limit: "),
        ("GET", "/caches?limit=101", 400, "invalid_argument", "less than or equal to 100"),
        ("GET", "/caches?next_token=x", 400, "invalid_argument", "next_token must be"),
        ("GET", "/api-keys?limit=x", 400, "invalid_argument", "limit: "),
        ("DELETE", "/api-keys/none", 404, "not_found", "no API key 'none'"),
        ("GET", "/nowhere", 404, "not_found", "Not Found"),
        ("PATCH", "/caches", 405, "unimplemented", "PATCH is not allowed here. Allowed: GET, HEAD"),
        ("GET", "/caches/a/flush", 405, "unimplemented", "GET is not allowed here. Allowed: POST"),
        (
            "PUT",
            "/invitations/accept",
            405,
            "unimplemented",
            "PUT is not allowed here. Allowed: GET, HEAD, POST",
        ),
        ("GET", "/caches/a", 405, "unimplemented", "not allowed here. Allowed: DELETE, PUT"),
    ],
)
def test_refusals_name_what_is_wrong(
    owner: Client, method: str, path: str, status: int, code: str, message: str
) -> None:
    owner.ask("PUT", "/caches/taken")

    refused = owner.ask(method, path)

    assert refused.status_code == status
    said = refused.json()
    assert said["code"] == code
    assert message in said["message"]
    assert (said["status"], said["detail"]) == (status, said["message"])
    assert said["title"] in (HTTPStatus(status).phrase, "Cache Not Found")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "body: cannot be read as JSON at line 1, column 2"),
        (b'{"description": "d"} and more', "body: cannot be read as JSON at line 1, column 22"),
        (b'{"description": "\xff"}', "body: must be UTF-8"),
        ('{"description": "d"}'.encode("utf-16"), "body: must be UTF-8"),
        (b'{"description": "d", "expiry": NaN}', "which has no NaN"),
        (b'{"description": "d", "expiry": -Infinity}', "which has no -Infinity"),
        (b'{"expiry": %s}' % (b"9" * 5000), "more digits than are read"),
        (b"[" * 100_000, "body: is nested too deeply"),
        (b'{"description": "d", "description": "e"}', "body: description is there twice"),
        (b'{"description": "d", "x": [{"y": 1, "y": 1}]}', "body: y is there twice"),
        (b"[1]", "body: must be a JSON object"),
        (b"null", "body: must be a JSON object"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_in_words_of_its_own(
    owner: Client, body: bytes, message: str
) -> None:
    refused = owner.ask("POST", "/api-keys", body)

    assert refused.status_code == 400
    assert message in refused.json()["message"]
    assert refused.json()["code"] == "invalid_argument"
    assert refused.json()["momento_code"] == "Bad Request"


def test_a_byte_order_mark_and_a_body_that_nobody_reads_do_no_harm(owner: Client) -> None:
    assert owner.ask("POST", "/api-keys", b'\xef\xbb\xbf{"description": "d"}').is_success
    assert owner.ask("GET", "/caches", b"{").is_success


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("DELETE", "/api-keys/none?force=false&force=true", "force"),
        ("GET", "/caches?limit=1&limit=1", "limit"),
        ("GET", "/usage?cache=a&%63ache=b", "cache"),
    ],
)
def test_a_parameter_that_is_given_twice_is_refused_as_by_the_data_plane(
    owner: Client, method: str, path: str, name: str
) -> None:
    refused = owner.ask(method, path)

    assert refused.status_code == 400
    assert refused.json()["message"] == f"{name} is given twice"


def test_a_method_that_a_path_has_not_is_told_those_that_it_has(owner: Client) -> None:
    assert owner.ask("GET", "/caches/a").headers["allow"] == "DELETE, PUT"
    assert owner.ask("PATCH", "/session").headers["allow"] == "DELETE, GET, HEAD, POST, PUT"


def test_lists_come_in_pages(owner: Client) -> None:
    for name in ("b", "c", "a"):
        owner.ask("PUT", f"/caches/{name}")

    first = owner.ask("GET", "/caches?limit=2").json()
    second = owner.ask("GET", f"/caches?limit=2&next_token={first['next_token']}").json()

    assert [cache["name"] for cache in first["caches"]] == ["a", "b"]
    assert [cache["name"] for cache in second["caches"]] == ["c"]
    assert "next_token" not in second


def test_a_key_is_created_listed_and_revoked(owner: Client, node: Listener) -> None:
    wanted = {"description": "for tests", "expiry": NOON + 60, "role_id": "owner"}
    created = owner.ask("POST", "/api-keys", wanted)
    key_id = created.json()["key_info"]["key_id"]
    info = {
        "key_id": key_id,
        "account_id": "1",
        "description": "for tests",
        "role_id": "owner",
        "issued_at_epoch_seconds": NOON,
        "expires_at_epoch_seconds": NOON + 60,
    }
    assert created.status_code == 200
    assert created.json()["key_info"] == info
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", created.json()["api_key"])
    assert set(node.api_keys) == {key_id}

    assert owner.ask("GET", "/api-keys").json() == {"key_info": [info]}

    revoked = owner.ask("DELETE", f"/api-keys/{key_id}")
    assert (revoked.status_code, revoked.json()) == (200, {})
    assert node.api_keys == {}


@pytest.mark.parametrize("wanted", [{}, {"expiry": "never"}])
def test_a_key_lives_for_ever_unless_something_else_is_said(
    owner: Client, wanted: dict[str, object]
) -> None:
    info = owner.ask("POST", "/api-keys", wanted | {"description": "d"}).json()["key_info"]

    assert "expires_at_epoch_seconds" not in info


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"description": "d", "expiry": NOON}, "expiry must be in the future"),
        ({}, "description: Field required"),
        ({"description": None}, "description: "),
        ({"description": ""}, "description must not be blank"),
        ({"description": " "}, "description must not be blank"),
        ({"description": "d", "expiry": "tomorrow"}, 'expiry: must be "never" or whole seconds'),
        ({"description": "d", "expiry": True}, 'expiry: must be "never" or whole seconds'),
        ({"description": "d", "expiry": "1900000000"}, 'expiry: must be "never" or whole seconds'),
        ({"description": "x" * 257}, "description must be at most 256"),
        ({"description": 1}, "description: "),
        ({"description": "d", "role_id": 1}, "role_id: "),
        ({"description": "d", "ttl": 1}, "ttl: Extra inputs are not permitted"),
        ([], "body: "),
    ],
)
def test_a_key_that_cannot_be_is_refused(owner: Client, wanted: object, message: str) -> None:
    refused = owner.ask("POST", "/api-keys", wanted)

    assert refused.status_code == 400
    assert refused.json()["code"] == "invalid_argument"
    assert message in refused.json()["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/caches"),
        ("PUT", "/caches/a"),
        ("PUT", "/caches/%20"),
        ("DELETE", "/caches/a"),
        ("POST", "/caches/a/flush"),
        ("GET", "/api-keys"),
        ("DELETE", "/api-keys/a"),
    ],
)
def test_who_shows_no_key_is_told_nothing(nobody: Client, method: str, path: str) -> None:
    refused = nobody.ask(method, path)

    assert refused.status_code == 401
    assert refused.json()["code"] == "unauthenticated"


def test_a_neighbour_can_neither_see_nor_touch(
    owner: Client, neighbour: Client, node: Listener
) -> None:
    owner.ask("PUT", "/caches/mine")
    key_id = owner.ask("POST", "/api-keys", {"description": "d"}).json()["key_info"]["key_id"]

    assert neighbour.ask("GET", "/caches").json() == {"caches": []}
    assert neighbour.ask("GET", "/api-keys").json() == {"key_info": []}
    assert neighbour.ask("DELETE", "/caches/mine").status_code == 404
    assert neighbour.ask("POST", "/caches/mine/flush").status_code == 404
    assert neighbour.ask("DELETE", f"/api-keys/{key_id}").status_code == 404
    assert neighbour.ask("PUT", "/caches/mine").status_code == 201
    assert node.names(1) == node.names(2) == {"mine"}
    assert set(node.api_keys) == {key_id}


def test_the_description_of_the_api_is_served_and_tells_of_refusals(nobody: Client) -> None:
    described = nobody.ask("GET", "/openapi.json").json()

    assert set(described["paths"]) >= {"/cache/{cache}", "/caches/{name}", "/api-keys/{key_id}"}
    for operations in described["paths"].values():
        for operation in operations.values():
            assert "422" not in operation["responses"]
            assert operation.get("security") == [] or "401" in operation["responses"]


def test_a_full_disk_is_a_503_with_its_reason(
    owner: Client, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise StoreUnavailable("The database cannot be used: database or disk is full")

    monkeypatch.setattr(control, "clock", full)
    refused = owner.ask("PUT", "/caches/a")

    assert refused.status_code == 503
    assert refused.json()["code"] == "unavailable"
    assert "disk is full" in refused.json()["message"]


@pytest.mark.parametrize("place", ["/dev/zero", "/dev/null/below", "missing", "."])
def test_a_root_that_cannot_be_read_is_a_503_and_a_line_in_the_log(
    control: Control, home: Path, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A certificate whose root is another kind of file by now; whoever asks is told no path."""
    root = home / "root.pem"
    root.symlink_to(place)
    app = create_app(control, "localhost:8443", known=Certificates(lambda: root))

    refused = Client(app, account_id=None).ask("GET", "/ca.pem")

    assert refused.status_code == 503
    assert refused.json()["code"] == "unavailable"
    assert "The root certificate cannot be read" in refused.json()["message"]
    assert str(home) not in refused.text
    (line,) = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    assert str(root) in line


def test_a_mistake_of_ours_is_a_500_that_tells_nothing(
    owner: Client, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken() -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(control, "clock", mistaken)
    refused = owner.ask("PUT", "/caches/a")

    assert refused.status_code == 500
    assert refused.json()["code"] == "internal"
    assert "secret" not in refused.text

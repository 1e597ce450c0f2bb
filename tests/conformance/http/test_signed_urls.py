"""Signed URLs: one item, by the methods that its owner signed, until it ends, and nothing else."""

import base64
import hmac
import time

import grpc
import httpx
import pytest

from conformance.http.items import Items, refused
from conformance.http.route import KEY
from conformance.http.routes import DATA
from conformance.http.signing import Signer, base64url, new_signer, revoke
from conformance.wire import Wire, plaintext, refusal
from faults.watching import eventually
from harness import Server

TTL = {"ttl_seconds": 60}


@pytest.fixture(scope="module")
def signer(owner: Wire) -> Signer:
    """A key of the owner's."""
    return new_signer(owner)


@pytest.fixture
def nobody(web: httpx.Client, cache: str) -> Items:
    """The items of the new cache, for somebody without a token."""
    return Items(web, cache, {})


def test_a_signed_url_sets_and_gets_its_item(
    nobody: Items, items: Items, cache: str, signer: Signer
) -> None:
    key = "a folder/playlist é.m3u8"
    path = "a%20folder%2Fplaylist%20%C3%A9.m3u8"
    sets, gets = signer.token(cache, key, "set", ttl=60), signer.token(cache, key, "get")

    for method in ("PUT", "POST"):
        value = b"by " + method.encode()
        written = nobody.ask(method, path, value, token=sets, **TTL)
        found = nobody.ask("GET", path, token=gets)
        assert (written.status_code, written.content) == (204, b""), written.text
        assert (found.status_code, found.content) == (200, value)
        assert found.headers["content-type"] == "application/vnd.apple.mpegurl"
        assert items.value(key) == value
    assert nobody.ask("HEAD", path, token=gets).status_code == 200
    part = nobody.ask("GET", path, None, {"range": "bytes=0-1"}, token=gets)
    assert (part.status_code, part.content) == (206, b"by")
    both = signer.token(cache, key, "get", "set", ttl=60)
    assert nobody.ask("GET", path, token=both).status_code == 200
    assert nobody.ask("PUT", path, b"v", {"if-match": "*"}, token=both, **TTL).status_code == 204
    in_header = nobody.by(f"Bearer {gets}")
    assert in_header.ask("GET", path).status_code == 200


def test_a_large_value_can_be_sent_to_a_signed_url(
    nobody: Items, items: Items, cache: str, signer: Signer
) -> None:
    """Beyond what somebody may send who is not known."""
    value = bytes(4 << 20)

    written = nobody.ask("PUT", "v", value, token=signer.token(cache, "v", "set", ttl=60), **TTL)

    assert written.status_code == 204, written.text
    assert items.value("v") == value


def test_what_was_not_signed_is_denied_and_not_done(
    nobody: Items, items: Items, cache: str, signer: Signer
) -> None:
    items.put("k", b"v")
    items.put("l", b"l")
    gets, sets = signer.token(cache, "k", "get"), signer.token(cache, "k", "set", ttl=60)
    both = signer.token(cache, "k", "get", "set", "delete", ttl=60)
    wrong = {}
    for name, method, path, token, query in (
        ("a write by a URL for reading", "PUT", "k", gets, TTL),
        ("a read by a URL for writing", "GET", "k", sets, {}),
        ("its head", "HEAD", "k", sets, {}),
        ("another lifetime", "PUT", "k", sets, {"ttl_seconds": 61}),
        ("another lifetime by POST", "POST", "k", sets, {"ttl_seconds": 6000}),
        ("a deletion", "DELETE", "k", both, {}),
        ("another key", "GET", "l", both, {}),
        ("a key below it", "GET", "k/l", both, {}),
        ("another key to write", "PUT", "l", both, TTL),
        ("no lifetime signed", "PUT", "k", signer.token(cache, "k", "set"), TTL),
        ("no method", "GET", "k", signer.token(cache, "k"), {}),
        ("a method in capitals", "GET", "k", signer.token(cache, "k", "GET"), {}),
        ("another cache", "GET", "k", signer.token("other", "k", "get"), {}),
        ("every cache", "GET", "k", signer.token("*", "*", "get"), {}),
    ):
        body = b"x" if method in ("PUT", "POST") else None
        answer = nobody.ask(method, path, body, token=token, **query)
        if answer.status_code != 403:
            wrong[name] = answer.status_code
    assert wrong == {}
    missing = nobody.ask("PUT", "k", b"x", token=sets)
    assert refused(missing) == (400, "invalid_argument")
    assert (items.value("k"), items.value("l")) == (b"v", b"l")


def test_a_token_that_its_key_did_not_sign_so_is_no_token(
    nobody: Items, items: Items, cache: str, signer: Signer, owner: Wire
) -> None:
    items.put("k", b"v")
    now = int(time.time())
    good = {"exp": now + 600, "cache": cache, "key": "k", "method": ["get"]}
    head, body, mark = signer.sign(good).split(".")
    other = new_signer(owner)
    public = base64.urlsafe_b64decode(signer.jwk["x"] + "=")
    symmetric = f"{base64url({'alg': 'HS256', 'kid': signer.kid})}.{body}"
    mac = hmac.digest(public, symmetric.encode(), "sha256")
    hs256 = f"{symmetric}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
    tokens = {
        "ended": signer.sign(good | {"exp": now - 1}),
        "ends now": signer.sign(good | {"exp": now}),
        "not yet": signer.sign(good | {"nbf": now + 600}),
        "no end": signer.sign({name: good[name] for name in good if name != "exp"}),
        "no cache": signer.sign({name: good[name] for name in good if name != "cache"}),
        "no key": signer.sign({name: good[name] for name in good if name != "key"}),
        "no methods": signer.sign({name: good[name] for name in good if name != "method"}),
        "a method that is no list": signer.sign(good | {"method": "get"}),
        "an end in words": signer.sign(good | {"exp": str(now + 600)}),
        "another key's id": signer.sign(good, kid=other.kid),
        "an unknown id": signer.sign(good, kid="none"),
        "a critical header": signer.sign(good, crit=["b64"], b64=True),
        "HS256 with the public key": hs256,
        "no algorithm": f"{base64url({'alg': 'none', 'kid': signer.kid})}.{body}.",
        "no signature": f"{head}.{body}.",
        "claims of another token": f"{head}.{base64url(good | {'key': 'l'})}.{mark}",
        "claims of an API key": signer.sign({"t": "g", "id": "x", "acc": 1}),
    }

    said = {name: nobody.ask("GET", "k", token=token).status_code for name, token in tokens.items()}

    assert {name: status for name, status in said.items() if status != 401} == {}
    assert nobody.ask("GET", "k", token=signer.sign(good)).status_code == 200


def test_a_revoked_key_ends_its_urls_at_once_on_an_open_connection(
    nobody: Items, items: Items, cache: str, owner: Wire
) -> None:
    items.put("k", b"v")
    mine, other = new_signer(owner), new_signer(owner)
    tokens = [each.token(cache, "k", "get") for each in (mine, other)]
    assert [nobody.ask("GET", "k", token=token).status_code for token in tokens] == [200, 200]

    revoke(owner, mine.kid)

    assert [nobody.ask("GET", "k", token=token).status_code for token in tokens] == [401, 200]
    revoke(owner, other.kid)


def test_a_signed_url_reaches_nothing_else(
    nobody: Items, items: Items, cache: str, signer: Signer, channel: grpc.Channel
) -> None:
    items.put(KEY, b"1")
    token = signer.token(cache, KEY, "get", "set", ttl=60)
    assert nobody.ask("GET", KEY, token=token).status_code == 200  # so that it is remembered

    said = {str(route): route.ask(nobody, token=token).status_code for route in DATA}
    assert {route: status for route, status in said.items() if status not in (401, 403)} == {}
    for method, path in (
        ("GET", "/caches"),
        ("PUT", f"/caches/{cache}x"),
        ("DELETE", f"/caches/{cache}"),
        ("POST", f"/caches/{cache}/flush"),
        ("GET", "/api-keys"),
        ("POST", "/tokens"),
        ("GET", "/usage"),
    ):
        assert nobody.web.request(method, f"{path}?token={token}").status_code == 401, path
    by_grpc = Wire(channel, token=token, cache=cache)
    for call in (lambda: by_grpc.get(KEY.encode()), lambda: by_grpc.list_caches()):
        assert refusal(call).code is grpc.StatusCode.UNAUTHENTICATED
    assert items.value(KEY) == b"1"


def test_the_key_of_one_account_opens_no_cache_of_another(
    web: httpx.Client, signer: Signer
) -> None:
    """Names are looked up within the account of the key that signed."""
    nowhere = Items(web, "of-somebody-else", {})

    answer = nowhere.ask("GET", "k", token=signer.token("of-somebody-else", "k", "get"))

    assert refused(answer) == (404, "not_found")
    assert answer.json()["message"].startswith("Cache not found")


def test_use_is_counted_under_the_key_that_signed() -> None:
    with (
        Server("--collect-seconds", "0.1") as server,
        plaintext(server.http_address) as channel,
        httpx.Client(base_url=server.http, timeout=30) as web,
    ):
        signer = new_signer(Wire(channel, token=server.api_key))
        cache = server.credentials["cache"]
        nobody = Items(web, cache, {})
        sets, gets = signer.token(cache, "k", "set", ttl=60), signer.token(cache, "k", "get")
        assert nobody.ask("PUT", "k", b"value", token=sets, **TTL).status_code == 204
        assert nobody.ask("PUT", "l", b"value", token=sets, **TTL).status_code == 403
        assert nobody.ask("GET", "k", token=gets).status_code == 200
        elsewhere = Items(web, "nowhere", {})
        stray = signer.token("nowhere", "k", "get")
        assert elsewhere.ask("GET", "k", token=stray).status_code == 404

        def counted() -> bool:
            query, headers = {"group_by": "key,api"}, {"authorization": server.api_key}
            lines = web.get("/usage", params=query, headers=headers).json()["usage"]
            found = {
                line["api"]: (line["requests"], line["errors"], line["bytes_out"])
                for line in lines
                if line["key"] == signer.kid
            }
            return found == {"Set": (2, 1, 0), "Get": (2, 1, 5)}

        eventually(counted, "what signed URLs used is in the usage")

"""`Authorization: Basic`: the key as the password, as `curl -u :KEY` and encoders send it."""

import base64
import subprocess
from pathlib import Path

import httpx

from conformance.http.items import MINUTE, Items, Maker, refused, rule
from harness import Server


def basic(user: str, password: str, scheme: str = "Basic ") -> dict[str, str]:
    """The header."""
    return {"authorization": scheme + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_the_key_as_the_password_opens_data_and_control(items: Items, server: Server) -> None:
    for scheme in ["Basic ", "basic ", "BASIC   "]:
        for user in ["", "momento", "é", "user@example.com"]:
            by_basic = Items(items.web, items.cache, basic(user, server.api_key, scheme))

            assert by_basic.ask("PUT", "k.ts", b"v", **MINUTE).status_code == 204, (scheme, user)
            assert by_basic.value("k.ts") == b"v", (scheme, user)
            assert by_basic.ask("PUT", "large", bytes(1 << 20), **MINUTE).status_code == 204, (
                scheme,
                user,
            )
            assert items.web.get("/caches", headers=by_basic.headers).status_code == 200, (
                scheme,
                user,
            )


def test_a_password_that_is_no_key_is_refused(
    items: Items, server: Server, maker: Maker, local_server: Server
) -> None:
    key = server.api_key
    wrong = [
        basic("", "garbage"),
        basic(key, ""),
        basic("", f"{key}x"),
        {"authorization": f"Basic {key}"},
        {"authorization": "Basic"},
        {"authorization": "Basic !"},
        {"authorization": "Basic " + base64.b64encode(key.encode()).decode()},
        basic("", key, "Digest "),
    ]
    for headers in wrong:
        for path in (f"/cache/{items.cache}?key=k", "/caches"):
            assert refused(items.web.get(path, headers=headers)) == (401, "unauthenticated")
        # Nor is it the owner of a server where no token is.
        answer = httpx.get(f"{local_server.http}/cache/default-cache?key=k", headers=headers)
        assert answer.status_code == 401, headers
    limited = maker.token(rule("read", cache=items.cache))
    reader = Items(items.web, items.cache, basic("", limited))
    assert reader.ask("GET", key="none").status_code == 404
    assert refused(reader.ask("PUT", "k", b"v", **MINUTE)) == (403, "permission_denied")


def test_a_second_credential_is_refused(items: Items, server: Server) -> None:
    both = Items(items.web, items.cache, basic("", server.api_key))

    assert refused(both.ask("GET", key="k", token=server.api_key)) == (400, "invalid_argument")


def test_curl_sends_it_with_u(server: Server) -> None:
    cache = server.credentials["cache"]
    url = f"{server.http}/cache/{cache}/of-curl.txt"
    curl = ["curl", "--silent", "--show-error", "--fail", "--user", f":{server.api_key}"]

    subprocess.run([*curl, "-T", "-", f"{url}?ttl_seconds=60"], input=b"value", check=True)

    assert subprocess.run([*curl, url], check=True, capture_output=True).stdout == b"value"


def test_a_client_that_waits_to_be_asked_for_a_password_is_asked(
    server: Server, tmp_path: Path
) -> None:
    """RFC 7617 §2: curl's `--anyauth` and encoders send it only after a challenge."""
    url = f"{server.http}/cache/{server.credentials['cache']}/asked.ts"
    segment = tmp_path / "segment.ts"
    segment.write_bytes(b"segment")
    curl = ["curl", "--silent", "--show-error", "--fail", "--anyauth"]
    curl += ["--user", f":{server.api_key}"]

    subprocess.run([*curl, "-T", str(segment), f"{url}?ttl_seconds=60"], check=True)

    assert subprocess.run([*curl, url], check=True, capture_output=True).stdout == b"segment"


def test_browsers_are_not_asked_for_a_password(server: Server) -> None:
    """They would show a dialog for it, above the page."""
    path = f"{server.http}/cache/{server.credentials['cache']}?key=k"
    browsers = [
        {"sec-fetch-mode": "cors"},
        {"origin": "https://page.example"},
        {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/150.0"},
    ]

    offered = [httpx.get(path, headers=headers).headers for headers in browsers]

    assert ["Basic" in each["www-authenticate"] for each in offered] == [False] * 3
    assert "Basic" in httpx.get(path).headers["www-authenticate"]

"""A key in the path: `/cache/{cache}/{key}`, as video encoders, players and CDNs use it."""

from typing import Any
from urllib.parse import quote

import httpx

from conformance.http.items import MINUTE, Items, Maker, is_missing, refused, rule
from conformance.http.routes import PATHS

EVERY_BYTE = bytes(range(256))
KEYS = {
    "playlist.m3u8": b"playlist.m3u8",
    "live/720p/seg-00001.ts": b"live/720p/seg-00001.ts",
    "live%2F720p%2Fseg": b"live/720p/seg",
    "a//b/": b"a//b/",
    "a+b%20c": b"a+b c",
    "%C3%A9%00%ff": b"\xc3\xa9\x00\xff",
    "100%25": b"100%",
    "50%zz": b"50%zz",
    "x;y=1,z@:!$&'()*": b"x;y=1,z@:!$&'()*",
    quote(EVERY_BYTE, safe=""): EVERY_BYTE,
}


def at(items: Items, method: str, path: str, body: bytes = b"", **query: Any) -> httpx.Response:
    """Ask for what is at a path below the cache, which is sent as it is."""
    return items.ask(method, path, body or None, **query)


def test_a_key_is_the_bytes_that_the_path_stands_for(items: Items) -> None:
    for path in KEYS:
        value = b"value of " + path.encode()

        assert at(items, "PUT", path, value, **MINUTE).status_code == 204, path
        found = at(items, "GET", path)
        head = at(items, "HEAD", path)

        assert (found.status_code, found.content) == (200, value), path
        assert (head.status_code, head.headers["content-length"]) == (200, str(len(value))), path
        by_query = items.ask("GET", key=KEYS[path])
        assert by_query.content == value, path
        assert at(items, "DELETE", path).status_code == 204, path
        assert is_missing(at(items, "GET", path)), path


def test_a_key_may_be_called_like_a_route(items: Items) -> None:
    for name in [*filter(None, PATHS), "batch", "topics", "no/such/path"]:
        assert is_missing(at(items, "GET", name)), name

        assert at(items, "PUT", name, b"v", **MINUTE).status_code == 204, name

        assert at(items, "GET", name).content == b"v", name
        assert items.value(name) == b"v", name
        assert at(items, "DELETE", name).status_code == 204, name
        assert items.value(name) is None, name


def test_a_route_that_is_given_a_key_is_that_route(items: Items) -> None:
    items.put("k", b"v")
    items.put("ttl", b"of the key")

    assert items.get("ttl", key="k")["ttl_milliseconds"] > 0
    assert items.get("type", key_base64="aw") == {"type": "scalar"}
    assert at(items, "GET", "ttl").content == b"of the key"


def test_what_encoders_and_players_add_to_the_query_changes_nothing(
    items: Items, authorization: dict[str, str]
) -> None:
    nobody = Items(items.web, items.cache, {})
    more: dict[str, Any] = {"token": authorization["authorization"], "role": "origin"}

    written = at(nobody, "PUT", "playlist.m3u8", b"#EXTM3U", ttl_seconds=3600, **more)
    found = at(nobody, "GET", "playlist.m3u8", ttl_seconds=3600, **more)

    assert (written.status_code, found.content) == (204, b"#EXTM3U")


def test_a_lifetime_is_needed_to_write_and_nothing_is_written_without(items: Items) -> None:
    for query in ({}, {"ttl_seconds": 0}, {"ttl_seconds": "x"}):
        answer = at(items, "PUT", "k.ts", b"v", **query)
        assert refused(answer) == (400, "invalid_argument")
        assert "ttl_seconds" in answer.json()["message"]
    assert items.value("k.ts") is None


def test_other_methods_are_refused_and_the_right_ones_named(items: Items) -> None:
    for method, path, allowed in (
        ("POST", "seg.ts", {"GET", "HEAD", "PUT", "DELETE"}),
        ("PATCH", "seg.ts", {"GET", "HEAD", "PUT", "DELETE"}),
        ("PATCH", "list/push-back", {"GET", "HEAD", "PUT", "DELETE", "POST"}),
    ):
        answer = at(items, method, path)
        assert refused(answer) == (405, "unimplemented")
        assert set(answer.headers["allow"].split(", ")) == allowed


def test_a_value_has_the_type_of_its_extension_and_never_runs_as_a_script_of_ours(
    items: Items,
) -> None:
    cases: list[tuple[str, str, bool]] = [
        ("p.m3u8", "application/vnd.apple.mpegurl", False),
        ("live/P.M3U8", "application/vnd.apple.mpegurl", False),
        ("s.ts", "video/mp2t", False),
        ("manifest.mpd", "application/dash+xml", True),
        ("init.mp4", "video/mp4", False),
        ("s.m4s", "video/mp4", False),
        ("s.cmfv", "video/mp4", False),
        ("s.cmfa", "audio/mp4", False),
        ("s.vtt", "text/vtt; charset=utf-8", False),
        ("i.jpg", "image/jpeg", False),
        ("i.svg", "image/svg+xml", True),
        ("d.json", "application/json", False),
        ("p.html", "text/html; charset=utf-8", True),
        ("p.js", "application/octet-stream", False),
        ("p.mjs", "application/octet-stream", False),
        ("p", "application/octet-stream", False),
        ("p.m3u8/x", "application/octet-stream", False),
    ]
    for path, kind, is_document in cases:
        at(items, "PUT", path, b"<script>alert(1)</script>", **MINUTE)

        for headers in ({}, {"range": "bytes=0-3"}):
            answer = items.ask("GET", path, headers=headers)
            assert answer.headers["content-type"] == kind, (path, kind, is_document, headers)
            assert answer.headers["x-content-type-options"] == "nosniff", (
                path,
                kind,
                is_document,
                headers,
            )
            assert answer.headers.get("content-security-policy") == (
                "sandbox" if is_document else None
            ), (path, kind, is_document, headers)
        # As the reference answers where the query names the key.
        by_query = items.ask("GET", key=path)
        assert by_query.headers["content-type"] == "application/octet-stream", (
            path,
            kind,
            is_document,
        )


def test_conditions_hold_for_a_key_in_the_path(items: Items) -> None:
    at(items, "PUT", "k.ts", b"one", **MINUTE)
    etag = at(items, "GET", "k.ts").headers["etag"]

    known = items.ask("GET", "k.ts", headers={"if-none-match": etag})
    other = items.ask("GET", "k.ts", headers={"if-match": '"x"'})
    taken = items.ask("PUT", "k.ts", b"two", {"if-none-match": "*"}, **MINUTE)
    swapped = items.ask("PUT", "k.ts", b"two", {"if-match": etag}, **MINUTE)

    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", etag)
    assert (other.status_code, taken.status_code, swapped.status_code) == (412, 412, 204)
    assert items.value("k.ts") == b"two"


def test_a_token_for_a_prefix_opens_the_paths_below_it_and_no_others(
    items: Items, maker: Maker
) -> None:
    only = rule("read", "write", cache=items.cache, items={"key_prefix": "live/"})
    limited = items.by(maker.token(only))

    assert at(limited, "PUT", "live/a.ts", b"v", **MINUTE).status_code == 204
    assert at(limited, "GET", "live%2Fa.ts").content == b"v"
    for path in ("list", "live", "LIVE/a.ts", "other/live/a.ts"):
        for method in ("GET", "PUT", "DELETE"):
            answer = at(limited, method, path, b"v" if method == "PUT" else b"", **MINUTE)
            assert refused(answer) == (403, "permission_denied"), (method, path)
    for method in ("GET", "PUT", "DELETE"):
        assert Items(items.web, items.cache, {}).ask(method, "live/a.ts").status_code == 401

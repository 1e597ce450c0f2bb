"""curl alone is enough, in each version of HTTP that it speaks."""

import subprocess
from pathlib import Path

import pytest

from harness import Server

WAYS = {
    "HTTP/1.1": ["--http1.1"],
    "HTTP/2 with prior knowledge": ["--http2-prior-knowledge"],
    "HTTP/1.1 on TLS": ["--http1.1"],
    "HTTP/2 on TLS": ["--http2"],
}
COMMON = ["--silent", "--show-error", "--max-time", "20"]
COMMON += ["--write-out", "\n%{http_code} %{http_version}"]


def curl(server: Server, way: str, path: str, *options: str) -> tuple[int, str, str]:
    """Status, version and body of an answer."""
    base = server.https if way.endswith("TLS") else server.http
    trust = ["--cacert", str(server.ca)]
    done = subprocess.run(
        ["curl", *COMMON, *WAYS[way], *trust, *options, base + path],
        capture_output=True,
        text=True,
        check=True,
    )
    body, _, last = done.stdout.rpartition("\n")
    status, version = last.split()
    return int(status), version, body


@pytest.mark.parametrize("way", WAYS)
def test_write_read_and_delete(server: Server, cache: str, way: str) -> None:
    header = ["--header", f"Authorization: {server.api_key}"]
    path = f"/cache/{cache}?key=hello"

    written = curl(
        server, way, f"{path}&ttl_seconds=60", "-X", "PUT", "--data-binary", "world", *header
    )
    got = curl(server, way, path, *header)
    gone = curl(server, way, path, "-X", "DELETE", *header)
    missing = curl(server, way, path, *header)

    version = "2" if "2" in way else "1.1"
    assert written == (204, version, "")
    assert got == (200, version, "world")
    assert gone == (204, version, "")
    assert missing[:2] == (404, version)
    assert "Key Not Found" in missing[2]


@pytest.mark.parametrize("way", ["HTTP/1.1", "HTTP/1.1 on TLS"])
def test_a_file_is_sent_after_the_server_has_agreed(
    server: Server, cache: str, way: str, tmp_path: Path
) -> None:
    """curl asks with `Expect: 100-continue` before it sends a large body."""
    file = tmp_path / "value"
    file.write_bytes(b"x" * 2_000_000)
    header = ["--header", f"Authorization: {server.api_key}", "--header", "Expect: 100-continue"]
    path = f"/cache/{cache}?key=file"

    status, _, _ = curl(server, way, f"{path}&ttl_seconds=60", "--upload-file", str(file), *header)

    assert status == 204
    assert curl(server, way, path, *header)[2] == "x" * 2_000_000


def test_a_body_in_chunks_is_one_value(server: Server, cache: str) -> None:
    header = ["--header", f"Authorization: {server.api_key}"]
    chunked = ["--header", "Transfer-Encoding: chunked", "-X", "PUT", "--data-binary", "a value"]
    path = f"/cache/{cache}?key=chunks"

    status, _, _ = curl(server, "HTTP/1.1", f"{path}&ttl_seconds=60", *chunked, *header)

    assert status == 204
    assert curl(server, "HTTP/1.1", path, *header)[2] == "a value"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [10_000, 200_000, 6_000_000])
def test_who_is_refused_while_he_sends_hears_it(
    server: Server, cache: str, way: str, size: int, tmp_path: Path
) -> None:
    assert refused(server, way, f"/cache/{cache}?key=k&ttl_seconds=9", "x", size, tmp_path) == 401
    assert refused(server, way, "/caches/new", "x", size, tmp_path) == 401


@pytest.mark.parametrize("way", WAYS)
def test_who_sends_too_much_hears_it(server: Server, cache: str, way: str, tmp_path: Path) -> None:
    path = f"/cache/{cache}?key=k&ttl_seconds=9"

    assert refused(server, way, path, server.api_key, 6_000_000, tmp_path) == 413


def refused(server: Server, way: str, path: str, token: str, size: int, room: Path) -> int:
    """The status of a PUT that curl sends without being asked for its body first."""
    body = room / "body"
    body.write_bytes(bytes(size))
    headers = ["--header", f"Authorization: {token}", "--header", "Expect:"]
    return curl(server, way, path, "-X", "PUT", "--data-binary", f"@{body}", *headers)[0]


def test_a_day_of_a_session_store_by_curl_alone(server: Server, cache: str) -> None:
    """The way that a script goes: values, conditions, batches, collections; R14 to R18."""
    base = f"{server.https}/cache/{cache}"
    script = f"""
set -eu
H="{base}"; K="{server.api_key}"
ask() {{ curl --silent --show-error --max-time 20 --cacert "{server.ca}" "$@"; }}
code() {{ ask --output /dev/null --write-out '%{{http_code}} ' "$@"; }}
K="Authorization: $K"

code -X PUT --data-binary hi "$H?key=a&ttl_seconds=60" -H "$K"
code "$H?key=a"
code "$H?key=a&token=bad"
code "$H?key=a&token=bad" -H "$K"
code -X PUT --data-binary again "$H?key=a&ttl_seconds=60" -H "$K" -H 'If-None-Match: *'
tag=$(ask -I "$H?key=a" -H "$K" | tr -d '\\r' | awk 'tolower($1) == "etag:" {{ print $2 }}')
code "$H?key=a" -H "$K" -H "If-None-Match: $tag"
code -X PUT --data-binary ho "$H?key=a&ttl_seconds=60" -H "$K" -H "If-Match: $tag"
code -X PUT --data-binary no "$H?key=a&ttl_seconds=60" -H "$K" -H "If-Match: $tag"
echo
ask "$H?key=a" -H "$K"; echo
ask "$H/put?ttl_seconds=60" -H "$K" --json '{{"items":[{{"key":"b","value":"1"}}]}}'
ask "$H/increment?key=b&amount=41&ttl_seconds=60" -H "$K" -X POST; echo
ask "$H/get" -H "$K" --json '{{"keys":["a","b","c"]}}'; echo
ask "$H/list/push-back?key=l&ttl_seconds=60" -H "$K" --json '{{"values":["x","y","z"]}}'; echo
ask "$H/list?key=l&start=-2" -H "$K"; echo
ask "$H/dictionary?key=d&ttl_seconds=60" -H "$K" --json '{{"fields":[{{"field":"f","value":"v"}}]}}'
ask "$H/dictionary?key=d&field=f&field=g" -H "$K"; echo
ask "$H/nothing" -H "$K"; echo
code -X DELETE "$H?key=a&key=b&key=l&key=d" -H "$K"
code "$H?key=a" -H "$K"
code -X PATCH "$H?key=a" -H "$K"
echo
"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == [
        "204 401 401 400 412 304 204 412 ",
        "ho",
        '{"value":42}',
        '{"items":[{"key":"a","found":true,"value":"ho"},'
        '{"key":"b","found":true,"value":"42"},{"key":"c","found":false}]}',
        '{"length":3}',
        '{"values":["y","z"]}',
        '{"fields":[{"field":"f","found":true,"value":"v"},{"field":"g","found":false}]}',
        '{"status":404,"title":"Key Not Found","detail":"Key Not Found","code":"not_found",'
        '"message":"Key Not Found","momento_code":"NotFound","err":"key_not_found"}',
        "204 404 405 ",
    ]


# Of HTTP/2 without TLS, the curl of Debian 12 uses no connection twice (curl issue 10634).
@pytest.mark.parametrize("way", [way for way in WAYS if "prior" not in way])
def test_one_connection_serves_many_requests(server: Server, cache: str, way: str) -> None:
    base = server.https if way.endswith("TLS") else server.http
    urls = [f"{base}/cache/{cache}?key={number}" for number in range(5)]
    trust = ["--cacert", str(server.ca), "--header", f"Authorization: {server.api_key}"]

    done = subprocess.run(
        ["curl", "--silent", "--verbose", "--max-time", "20", *WAYS[way], *trust, *urls],
        capture_output=True,
        text=True,
        check=True,
    )

    # Older ones say "Re-using existing connection", newer ones "Reusing".
    said = done.stderr.lower().replace("-", "")
    assert said.count("reusing existing") == len(urls) - 1

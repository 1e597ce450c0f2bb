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

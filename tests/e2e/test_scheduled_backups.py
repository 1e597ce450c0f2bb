"""A server that backs itself up: what it writes can be restored, and what fails is seen."""

import re
import time
from pathlib import Path

import httpx
import pytest

from e2e.terminal import Terminal
from faults.watching import eventually
from harness import Server


def metric(server: Server, name: str) -> float:
    """A value at `/metrics`."""
    page = httpx.get(f"{server.http}/metrics", trust_env=False).text
    (found,) = re.findall(rf"^attimo_backup_{name} (\S+)$", page, re.M)
    return float(found)


def test_the_first_start_backs_up_and_the_backup_is_a_server(
    tmp_path: Path, stranger: Terminal
) -> None:
    to = tmp_path / "backups"
    with Server("--backup-to", str(to), "--backup-every", "6h") as server:
        eventually(lambda: metric(server, "timestamp_seconds") > 0, "a backup")
        assert metric(server, "interval_seconds") == 6 * 3600
        assert metric(server, "timestamp_seconds") == pytest.approx(time.time(), abs=300)
        (made,) = to.iterdir()
        eventually(lambda: f"backed up to {made}" in server.output, "the line of the log")

        data = stranger.home / "again"
        typed = ("restore", str(made), "--keep-keys", "--data-dir", str(data))
        assert stranger.type(*typed).status == 0
        with Server(data_dir=data) as again:
            headers = {"authorization": server.api_key}
            assert httpx.get(f"{again.http}/caches", headers=headers).status_code == 200
            assert metric(again, "interval_seconds") == 0

        server.stop()
        server.start()
        eventually(lambda: metric(server, "timestamp_seconds") > 0, "the old one is known")
        assert list(to.iterdir()) == [made]


def test_a_backup_that_fails_is_logged_and_counted_and_data_is_served(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    with Server("--backup-to", str(tmp_path / "file" / "backups")) as server:
        eventually(lambda: metric(server, "failures_total") == 1, "the failure")

        eventually(lambda: "ERROR the scheduled backup failed: " in server.output, "its line")
        assert metric(server, "timestamp_seconds") == 0
        headers = {"authorization": server.api_key}
        item = f"{server.http}/cache/default-cache?key=k&ttl_seconds=60"
        assert httpx.put(item, headers=headers, content=b"v").status_code == 204

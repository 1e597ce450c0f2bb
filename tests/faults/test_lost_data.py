"""A server whose data is lost or another program's says so, and answers nothing that it loses."""

import json

import httpx
import pytest

from faults.watching import client, refused, says
from harness import Server


def test_a_data_directory_that_is_gone_takes_no_changes(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    room = tmp_path_factory.mktemp("lost")
    with Server(data_dir=room / "data") as server, client(server) as http:
        (room / "data").rename(room / "away")
        answer = http.put("/caches/lost")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert httpx.get(f"{http.base_url}/ready").status_code == 503
        says(server, "was removed or replaced")
        assert http.get("/cache/default-cache?key=k").status_code == 404

        (room / "away").rename(room / "data")
        assert http.put("/caches/lost").status_code == 201
        assert httpx.get(f"{http.base_url}/ready").status_code == 200


def test_a_lost_database_is_no_new_server(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = tmp_path_factory.mktemp("lost") / "data"
    with Server(data_dir=data):
        pass
    kept = json.loads((data / "credentials.json").read_text())
    (data / "attimo.db").write_bytes(b"")

    line = refused("--data-dir", str(data), "--http", "127.0.0.1:0", "--https", "127.0.0.1:0")

    assert "attimo.db is empty" in line
    assert "attimo restore" in line
    assert json.loads((data / "credentials.json").read_text()) == kept

"""A person asks how the server does."""

import json

from e2e.terminal import Terminal
from harness import Server


def test_a_person_sees_how_the_server_does(terminal: Terminal) -> None:
    terminal.do("set", "greeting", "hello")
    told = json.loads(terminal.do("status", "--json"))

    assert told["status"] == "ready"
    assert told["requests"] >= 1
    assert told["items"] >= 1
    assert 0 < told["stored_bytes"] < told["budget_bytes"]
    assert told["started_at"].endswith("Z")
    assert 0 < told["mean_microseconds"] < 1_000_000
    lines = terminal.do("status").splitlines()
    assert lines[0] == "status\tready"


def test_metrics_that_are_off_are_told_in_one_line(stranger: Terminal) -> None:
    with Server("--metrics", "off") as server:
        stranger.variables["ATTIMO_DATA_DIR"] = str(server.data_dir)
        answer = stranger.type("status")

    assert (answer.status, answer.printed) == (4, b"")
    assert answer.error == "attimo: /metrics is not offered at this address\n"

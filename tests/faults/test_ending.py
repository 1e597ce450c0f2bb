"""A server that is asked to end."""

import signal
import subprocess
import time
from pathlib import Path

from faults.customers import Customer, Http1Customer, Http2Customer, SdkCustomer, at_work
from faults.watching import billed, client, eventually, succeeded, unfinished_write, write
from harness import FREE_PORTS, Server, attimo, bare_environment
from ports import free_port

LONGEST_SECONDS = 10.0


def test_clients_that_retry_see_no_failure_across_a_restart(tmp_path: Path) -> None:
    port = free_port()
    with Server("--http", f"127.0.0.1:{port}", data_dir=tmp_path / "data") as server:
        kinds = [SdkCustomer] * 2 + [Http1Customer] * 3 + [Http2Customer] * 3
        customers: list[Customer] = [kind(port, server.api_key) for kind in kinds]
        with at_work(*customers):
            for _ in range(2):
                before = [customer.done for customer in customers]
                eventually(
                    lambda before=before: all(  # type: ignore[misc]
                        customer.done > done + 20
                        for customer, done in zip(customers, before, strict=True)
                    ),
                    "every customer has worked for a while",
                )
                began = time.monotonic()
                server.stop()
                assert time.monotonic() - began < LONGEST_SECONDS
                server.start()
        failures = [failure for customer in customers for failure in customer.failures]
        assert failures == []


def test_the_last_usage_is_recorded_before_the_end(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server("--collect-seconds", "3600", data_dir=data) as server:
        with client(server) as http:
            for number in range(50):
                write(http, f"k{number}")
        assert billed(data, "Set") == 0
        server.stop()

        assert billed(data, "Set") == 50


def test_how_the_last_requests_ended_is_told_after_the_next_start(tmp_path: Path) -> None:
    with Server("--collect-seconds", "3600", data_dir=tmp_path / "data") as server:
        with client(server) as http:
            for number in range(50):
                write(http, f"k{number}")
        for _ in range(2):
            server.stop()
            server.start()

        assert succeeded(server) == {"Set": 50}


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {"TMPDIR": str(temporary)}
    with Server(data_dir=tmp_path / "data", environment=environment) as server:
        assert (server.data_dir / "server.json").exists()
        server.stop()

        assert not (server.data_dir / "server.json").exists()
        assert list(server.data_dir.glob("*.sock")) == []
        assert list(temporary.iterdir()) == []


def test_the_signal_of_a_terminal_ends_it_too(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path / "data") as server:
        process = server._process
        assert process is not None
        process.send_signal(signal.SIGINT)

        assert process.wait(LONGEST_SECONDS) == 0


def test_a_signal_during_the_start_ends_it_well(tmp_path: Path) -> None:
    data = tmp_path / "data"
    words = [*attimo(), "serve", "--data-dir", str(data), *FREE_PORTS]
    with subprocess.Popen(words, env=bare_environment(), stdout=subprocess.PIPE) as starting:
        assert starting.stdout is not None
        starting.stdout.readline()
        starting.terminate()
        starting.communicate(timeout=2 * LONGEST_SECONDS)

        assert starting.returncode == 0
    assert not (data / "server.json").exists()
    with Server(data_dir=data) as server, client(server) as http:
        write(http, "k")


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """A client that never finishes its request would keep the first one waiting."""
    with Server(data_dir=tmp_path / "data") as server:
        process = server._process
        assert process is not None
        with unfinished_write(server):
            process.send_signal(signal.SIGTERM)
            eventually(lambda: "is stopping" in server.output, "the first signal is heard")
            process.send_signal(signal.SIGTERM)

            assert process.wait(LONGEST_SECONDS / 4) == -signal.SIGTERM
        server.kill()


def test_a_client_that_never_finishes_cannot_keep_it(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path / "data") as server, unfinished_write(server):
        began = time.monotonic()
        server.stop()

        assert time.monotonic() - began < LONGEST_SECONDS

"""A server at rest: what only control requests need is loaded with the first of them."""

import threading
import time
from pathlib import Path

import httpx

from attacks.watching import resident
from faults.watching import client, eventually, read, says, write
from harness import Server

MOST_BYTES = 50_000_000
LONGEST_SECONDS = 10.0


def has_app(server: Server) -> bool:
    """Whether what the control app is made of is in the process."""
    return "pydantic_core" in Path(f"/proc/{server.pid}/maps").read_text()


def test_a_server_that_only_data_is_asked_of_takes_less_than_50_mb() -> None:
    with Server("--collect-seconds", "0.2") as server, client(server) as http:
        for number in range(100):
            write(http, f"k{number}")
            assert read(http, f"k{number}") == "v"
        metrics = http.get("/metrics").text
        eventually(
            lambda: "\nattimo_usage_unrecorded_requests 0\n" in http.get("/metrics").text,
            "usage is recorded",
        )

        assert "\nattimo_ready 1\n" in metrics
        assert not has_app(server)
        assert resident(server) < MOST_BYTES

        assert http.get("/caches").status_code == 200
        assert has_app(server)


def test_the_first_control_requests_wait_for_the_app_and_are_all_answered() -> None:
    with Server() as server:
        answers: list[int] = []

        def ask(number: int) -> None:
            with client(server) as http:
                answers.append(http.put(f"/caches/c{number}").status_code)

        asking = [threading.Thread(target=ask, args=[number]) for number in range(20)]
        for each in asking:
            each.start()
        for each in asking:
            each.join()

        assert answers == [201] * 20


def test_a_server_of_which_no_control_was_asked_ends_as_soon_as_it_should() -> None:
    with Server() as server:
        began = time.monotonic()
        server.stop()

        assert time.monotonic() - began < LONGEST_SECONDS
        assert "has failed" not in server.output


def test_a_server_that_is_told_to_end_while_it_loads_the_app_answers_first() -> None:
    with Server() as server:
        answers: list[int | str] = []

        def ask() -> None:
            with client(server) as http:
                try:
                    answers.append(http.get("/caches").status_code)
                except httpx.HTTPError as error:
                    answers.append(str(error))

        asking = threading.Thread(target=ask)
        asking.start()
        eventually(lambda: has_app(server), "the app is being imported")
        server.stop()
        asking.join()

        assert answers == [200]
        assert "has failed" not in server.output


def test_a_control_app_that_cannot_be_loaded_costs_no_data_and_is_tried_again(
    tmp_path: Path,
) -> None:
    half_installed = tmp_path / "starlette.py"
    half_installed.write_text("raise ImportError('half installed')\n")
    environment = {"PYTHONPATH": str(tmp_path)}
    with Server(environment=environment) as server, client(server) as http:
        assert http.get("/caches").status_code == 503
        write(http, "k")
        assert read(http, "k") == "v"
        says(server, "the control app cannot be loaded")

        half_installed.unlink()

        eventually(lambda: http.get("/caches").status_code == 200, "it is loaded")

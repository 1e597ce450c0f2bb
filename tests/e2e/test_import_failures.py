"""`attimo cache import` when it fails: what it tells, and which exit status a script gets."""

import base64
import json
import os
import subprocess
from collections.abc import Sequence

import pytest
import valkey as client

from e2e.losing import Losing
from e2e.terminal import Answer, Terminal
from harness import Server, attimo
from ports import LOCALHOST
from valkey_server import valkey

VALUES = [{"key": f"k{number}", "value": "v"} for number in range(1_400)]


@pytest.fixture
def terminal(terminal: Terminal) -> Terminal:
    """A terminal that has an empty cache `moved`."""
    terminal.type("cache", "delete", "moved", "--yes")
    terminal.do("cache", "create", "moved")
    terminal.variables["ATTIMO_CACHE"] = "moved"
    return terminal


def lines(items: Sequence[object]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in items)


def imported(
    terminal: Terminal, server: Server, items: Sequence[object], mark: bytes, ends: bool = False
) -> Answer:
    """Import over a connection that is lost in place of an answer."""
    with Losing(server.http_address, mark, ends) as way:
        there = ["--url", way.url, "--api-key", server.api_key]
        return terminal.type("cache", "import", "moved", "-", *there, given=lines(items))


def test_values_whose_answer_is_lost_are_told_as_perhaps_written(
    terminal: Terminal, server: Server
) -> None:
    items = [*VALUES, {"key": "last", "value": "the-mark"}]

    answer = imported(terminal, server, items, b"the-mark")

    assert answer.status == 5
    assert answer.error.endswith(". Imported: 1,000 items; perhaps written: 401 items\n"), answer
    assert terminal.do("get", "last") == "the-mark"


def test_values_that_are_written_one_by_one_are_told_one_by_one(
    terminal: Terminal, server: Server
) -> None:
    # Each of its characters takes twelve bytes in JSON, so both do not fit into one request.
    items = [{"key": "large", "value": "\U0001f600" * 500_000}, {"key": "lost", "value": "v"}]

    answer = imported(terminal, server, items, b"key_base64=" + base64.b64encode(b"lost")[:6])

    assert answer.status == 5
    assert answer.error.endswith(". Imported: 1 item; perhaps written: 1 item\n"), answer
    assert terminal.do("get", "lost") == "v"


def test_a_collection_whose_answer_is_lost_is_deleted_or_told(
    terminal: Terminal, server: Server
) -> None:
    items = [{"key": "k", "value": "v"}, {"key": "l", "type": "list", "values": ["the-mark"]}]

    deleted = imported(terminal, server, items, b"the-mark")
    assert (deleted.status, terminal.type("info", "l").status) == (5, 1)
    assert deleted.error.endswith(". Imported: 1 item\n"), deleted

    told = imported(terminal, server, items, b"the-mark", ends=True)
    assert (told.status, terminal.do("lists", "length", "l")) == (5, "1\n")
    assert told.error.endswith(". Imported: 1 item; perhaps written: 1 item\n"), told


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("decode_responses=True", "decode_responses"),
        ("protocol=3", "protocol"),
        ("encoding=utf-16", "encoding"),
        ("unknown", "unknown"),
        ("db=one", "db"),
        ("db=0&db=-1", "db"),
        ("ssl_cert_reqs=none", "ssl_cert_reqs"),
    ],
)
def test_a_parameter_that_an_import_does_not_take_is_named(
    terminal: Terminal, query: str, named: str
) -> None:
    answer = terminal.type("cache", "import", "moved", f"redis://{LOCALHOST}:1?{query}")

    assert (answer.status, answer.error.count("\n")) == (2, 1), answer
    assert f"the parameter `{named}`" in answer.error.lower()


def test_parameters_about_tls_are_taken_over_tls(terminal: Terminal) -> None:
    url = f"rediss://{LOCALHOST}:1?ssl_cert_reqs=none&ssl_check_hostname=false"
    assert terminal.type("cache", "import", "moved", url).status == 5

    missing = terminal.type("cache", "import", "moved", f"{url}&ssl_ca_certs=missing.pem")
    assert (missing.status, "missing.pem cannot be read" in missing.error) == (2, True)


def test_a_database_that_the_source_does_not_have_is_not_found(terminal: Terminal) -> None:
    with valkey(0, "--databases", "4") as port:
        with client.Valkey(port=port, db=3) as store:
            store.set("k", "v")
        source = f"redis://{LOCALHOST}:{port}"

        for path in ("/3", "?db=3"):
            terminal.do("cache", "import", "moved", source + path)
        for path in ("/4", "?db=4", "/99999999999999999999"):
            answer = terminal.type("cache", "import", "moved", source + path)
            assert (answer.status, answer.error.count("\n")) == (4, 1), answer
            assert f"There is no database {path.lstrip('/?db=')} on that server" in answer.error


def test_a_value_whose_key_fits_into_no_url_is_imported_alone(terminal: Terminal) -> None:
    item = {"key": "k" * 20_000, "value": {"base64": "/w=="}}

    told = terminal.do("cache", "import", "moved", "-", "--verify", "--json", given=lines([item]))

    assert json.loads(told) == {"imported": 1, "skipped": 0, "differing": 0, "dry_run": False}
    assert terminal.type("get", "k" * 20_000).printed == b"\xff"


@pytest.mark.parametrize(
    ("cache", "items", "status"),
    [
        ("moved", [{"key": "k", "type": "list", "values": ["x" * 200_000]}, *VALUES[:1]], 6),
        ("nowhere", VALUES[:1], 4),
        ("moved", ["no item"], 2),
        ("moved", VALUES[:1], 0),
    ],
)
def test_a_failure_has_its_status_when_nobody_reads_what_is_said(
    terminal: Terminal, cache: str, items: Sequence[object], status: int
) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        [*attimo(), "cache", "import", cache, "-"],
        input=lines(items),
        stderr=writer,
        env=terminal.environment(),
        check=False,
    )

    os.close(writer)
    assert done.returncode == status

"""Python reaches Rust in one place."""

import re
import subprocess
import sys
from pathlib import Path

import click

from attimo import _core
from attimo.cli.commands import app
from attimo.control.outcomes import KINDS
from attimo.control.totals import COUNTS

PYTHON = Path(__file__).parents[2] / "python" / "attimo"


def test_only_the_local_node_imports_the_rust_side() -> None:
    importing = [
        str(file.relative_to(PYTHON))
        for file in PYTHON.rglob("*.py")
        if re.search(r"^\s*(?:from|import) .*\b_core\b", file.read_text(), re.M)
    ]

    assert importing == ["node/local.py"]


def test_python_records_what_rust_counts() -> None:
    """A count that only one of them knows would be lost, or would keep a batch from the ledger."""
    assert _core.counts() == list(COUNTS)
    assert _core.error_kinds() == list(KINDS)


def test_the_environment_is_read_by_the_settings_and_the_client() -> None:
    """A server is steered by settings alone; the client's variables name a server."""
    reading = {
        str(file.relative_to(PYTHON))
        for file in PYTHON.rglob("*.py")
        if re.search(r"os\.environ|os\.getenv", file.read_text())
    }

    of_settings = {"places.py", "settings/merge.py", "settings/supervisor.py"}
    of_client = {f"cli/{each}.py" for each in ("homes", "keys", "profiles", "service", "tables")}
    assert reading <= of_settings | of_client


def loaded_by(program: str) -> set[str]:
    """The modules that there are after a program has run."""
    look = [sys.executable, "-c", f"{program}; import sys; print(*sys.modules)"]
    return set(subprocess.run(look, capture_output=True, text=True, check=True).stdout.split())


def test_a_server_whose_console_nobody_opens_loads_nothing_for_it() -> None:
    loaded = loaded_by("import attimo.api.app, attimo.console.entry")

    assert "starlette.routing" in loaded
    assert "jinja2" not in loaded
    assert "attimo.console.web" not in loaded


def test_a_server_loads_no_client_of_grpc() -> None:
    """They come with the package of the published messages, and take 19 MB."""
    loaded = loaded_by("import attimo.api.app, attimo.api.services")

    assert "attimo.api.messages" in loaded
    assert "grpc" not in loaded


def test_a_server_loads_the_messages_when_the_first_call_comes() -> None:
    """They take 3 MB with what reads them."""
    assert not {"attimo.api.messages", "google.protobuf"} & loaded_by("import attimo.api.app")


def test_a_server_loads_no_command_but_its_own() -> None:
    """It keeps what was imported once: the others take 3 MB with their options."""
    choose = "from attimo.cli.commands import app; app.resolve_command(None, ['{}'])"
    of_server, of_client = (loaded_by(choose.format(each)) for each in ("serve", "cache"))

    own = {"command", "commands", "durations", "shapes", "tables", "times", "serving", "old_sets"}
    commands = {each for each in of_server if each.startswith("attimo.cli.")}
    assert commands == {f"attimo.cli.{each}" for each in own}
    assert "attimo.cli.cache" in of_client


def test_a_command_loads_nothing_that_takes_long() -> None:
    """A value is there before these would be imported."""
    loaded = loaded_by("from attimo.cli import connection, items")

    slow = {"httpx", "rich", "grpc", "asyncio", "pydantic", "attimo.settings", "attimo._core"}
    assert "http.client" in loaded
    assert not slow & loaded


def test_the_list_of_commands_says_what_the_commands_say() -> None:
    """It is written apart from them, so that listing them loads none."""
    ctx = click.Context(app)

    assert {name: entry.load().name for name, entry in app.table.items()} == {
        name: name for name in app.list_commands(ctx)
    }
    for entry in app.table.values():
        assert entry.help.endswith(".")
        assert len(entry.help) <= 60

"""Python reaches Rust in one place."""

import re
import subprocess
import sys
from pathlib import Path

from attimo import _core
from attimo.control.usage import COUNTS

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


def test_the_environment_is_read_by_the_settings_and_the_client() -> None:
    """A server is steered by settings alone; the client's variables name a server."""
    reading = {
        str(file.relative_to(PYTHON))
        for file in PYTHON.rglob("*.py")
        if re.search(r"os\.environ|os\.getenv", file.read_text())
    }

    of_settings = {f"settings/{each}.py" for each in ("merge", "places", "supervisor")}
    assert reading <= of_settings | {"cli/keys.py", "cli/profiles.py", "cli/target.py"}


def loaded_by(program: str) -> set[str]:
    """The modules that there are after a program has run."""
    look = [sys.executable, "-c", f"{program}; import sys; print(*sys.modules)"]
    return set(subprocess.run(look, capture_output=True, text=True, check=True).stdout.split())


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
    choose = "from attimo.cli.main import commands; commands(['{}'])"
    of_server, of_client = (loaded_by(choose.format(each)) for each in ("serve", "cache"))

    own = {f"attimo.cli.{each}" for each in ("main", "output", "program", "serving")}
    assert {each for each in of_server if each.startswith("attimo.cli.")} == own
    assert "attimo.cli.cache" in of_client

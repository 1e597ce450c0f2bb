"""The wheel is whole: it serves from an empty environment, without Rust and without the sources."""

import subprocess
import zipfile
from pathlib import Path

import httpx
import pytest

from attimo.billing import card_file
from harness import Server
from packages.conftest import ROOT, run


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """Every file in the wheel."""
    return set(zipfile.ZipFile(wheel).namelist())


def test_a_wheel_serves_from_an_empty_environment(installed: Path, tmp_path: Path) -> None:
    with Server(
        program=installed / "attimo",
        data_dir=tmp_path / "data",
        environment={"PATH": str(installed), "PYTHONSAFEPATH": "1"},
    ) as server:
        home = {"ATTIMO_DATA_DIR": str(server.data_dir), "HOME": str(tmp_path)}
        run(installed / "attimo", "set", "greeting", "hello", **home)

        assert run(installed / "attimo", "get", "greeting", **home).strip() == "hello"
        for page in ("docs", "console/sign-in", "console/static/htmx.min.js"):
            assert httpx.get(f"{server.http}/{page}", trust_env=False).status_code == 200
        assert str(ROOT) not in server.output


def test_it_has_every_file_of_the_program(names: set[str]) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "attimo"],
        cwd=ROOT / "python",
        capture_output=True,
        text=True,
        check=True,
    )

    missing = set(listed.stdout.split()) - names

    assert missing == set()
    assert "attimo/_commit.py" in names


def test_it_has_nothing_else_but_files_of_pages_and_rate_cards(names: set[str]) -> None:
    others = {
        name
        for name in names
        if ".dist-info/" not in name and not name.endswith((".py", ".pyi", ".sql", ".so"))
    }

    cards = {f"attimo/billing/cards/{name}.toml" for name in card_file.load().by_name}
    assert len(cards) == 5
    pages = {name for name in others if name.startswith("attimo/console/")}
    assert {name.rpartition(".")[2] for name in pages} == {"html", "css", "js", "svg"}
    for file in ("htmx.min.js", "uplot.min.js", "uplot.min.css"):
        assert f"attimo/console/static/{file}" in pages
    assert others == {"attimo/api/favicon-32x32.png"} | cards | pages


def test_it_has_the_licences_of_all_that_is_compiled_into_it(wheel: Path, names: set[str]) -> None:
    (ours,) = (name for name in names if name.endswith("/licenses/LICENSE"))
    (theirs,) = (name for name in names if name.endswith("THIRD-PARTY-LICENSES.txt"))
    with zipfile.ZipFile(wheel) as file:
        assert file.read(ours) == (ROOT / "LICENSE").read_bytes()
        text = file.read(theirs).decode()

    for package in ("rustls", "tokio", "tikv-jemalloc-sys", "aws-lc-sys", "pyo3"):
        assert f"{package} " in text
    assert "Copyright (C) 2002-present Jason Evans" in text


def test_it_runs_on_every_python_from_3_11_on(wheel: Path) -> None:
    assert "-cp311-abi3-manylinux" in wheel.name

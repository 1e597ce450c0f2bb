"""Programs on Momento's clients that a registry brings, each in an environment of its own.

`programs.json` lists them for the page on compatibility, and those that were tried by hand. For
Python `<name>.txt` pins what `setup/program.sh` installs below `.venv`, for Node.js the lock file
does; `make conformance` installs them. What is missing is not judged, and says so.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import Server, bare_environment

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[2]
LIMIT_SECONDS = 120
LISTED = json.loads((FOLDER / "programs.json").read_text())
PYTHON = sorted(path.stem for path in FOLDER.glob("*.txt"))


def run(command: list[str], folder: Path, server: Server, cache: str) -> None:
    """Run a program that fails unless everything is as it should be."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=bare_environment()
        | {
            "MOMENTO_API_KEY": server.v1_token,
            "ATTIMO_TOKEN": server.api_key,
            "ATTIMO_HTTP": server.http,
            "ATTIMO_HTTPS": server.endpoint,
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(server.ca),
            "CACHE": cache,
        },
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


@pytest.mark.parametrize("name", PYTHON)
def test_a_python_program_does_what_it_promises(server: Server, cache: str, name: str) -> None:
    python = ROOT / ".venv" / "programs" / name / "bin" / "python"
    if not python.exists():
        pytest.skip(f"NOT JUDGED: {name} is missing; run `make conformance`")

    run([str(python), f"{name.replace('-', '_')}_program.py"], FOLDER, server, cache)


def test_langchain_for_node_does_what_it_promises(server: Server, cache: str) -> None:
    node, folder = shutil.which("node"), FOLDER / "javascript"
    if node is None or not (folder / "node_modules" / "@langchain" / "community").is_dir():
        pytest.skip("NOT JUDGED: @langchain/community is missing; run `make conformance`")

    run([node, "langchain_community_program.mjs"], folder, server, cache)


def test_the_versions_that_are_listed_are_those_that_are_installed() -> None:
    files = (ROOT / "tests" / "conformance").glob("*/*.txt")
    pinned = {line for file in files for line in file.read_text().splitlines()}
    wanted = json.loads((FOLDER / "javascript" / "package.json").read_text())["dependencies"]
    pinned |= {f"{name}=={version}" for name, version in wanted.items()}

    judged = [each for each in LISTED if "tried" not in each]
    assert {f"{each['name']}=={each['version']}" for each in judged} - pinned == set()
    assert set(PYTHON) <= {each["name"] for each in judged}
    assert [each["judged"] for each in judged if not (ROOT / each["judged"]).is_file()] == []

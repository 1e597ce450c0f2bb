"""The workflows of the page about CI do what it says: a cache for a pull request, and its end."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.typed import DOCS, blocks
from e2e.terminal import Terminal
from harness import Server

PAGE = DOCS / "how-to" / "ci.md"
GITHUB, GITLAB = (
    yaml.safe_load(text)
    for text in re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.S | re.M)
)
TESTS = """test:
\tcurl -sS --fail -X PUT -d green -H "Authorization: $$ATTIMO_TOKEN" \
"$$ATTIMO_URL/cache/$$ATTIMO_CACHE?key=state&ttl_seconds=600"
\ttest 403 = "$$(curl -sS -o /dev/null -w '%{http_code}' -X PUT -H "Authorization: $$ATTIMO_TOKEN" \
"$$ATTIMO_URL/caches/pr-9")"
"""


class Checkout:
    """A checked-out repository on a runner, and what its steps leave for later ones."""

    def __init__(self, folder: Path, server: Server, key: str) -> None:
        self.folder = folder
        self.outputs = folder / "outputs"
        self.known = {
            "secrets.ATTIMO_TOKEN": key,
            "github.event.number": "7",
            "steps.cache.outputs.token": "",
        }
        self.always = {"PATH": os.environ["PATH"], "GITHUB_OUTPUT": str(self.outputs)}
        self.url = {"https://cache.example.com": server.http}
        (script,) = [each.typed for each in blocks(PAGE) if "cat > cache.sh" in each.typed]
        self.run(script, {})
        (folder / "Makefile").write_text(TESTS)

    def run(self, script: str, variables: Mapping[str, str]) -> str:
        """Run a step as the runner would, and return what it printed."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.always | {name: self.filled(each) for name, each in variables.items()},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def filled(self, text: str) -> str:
        """A value of a workflow with its expressions filled in, and the server's address."""
        for name, value in self.known.items():
            text = text.replace(f"${{{{ {name} }}}}", value)
        for name, value in self.url.items():
            text = text.replace(name, value)
        return text


@pytest.fixture
def key(server: Server, tmp_path: Path) -> str:
    """The key that the page says to create."""
    terminal = Terminal(tmp_path, {"ATTIMO_DATA_DIR": str(server.data_dir)})
    (typed,) = [each.typed for each in blocks(PAGE) if "role create" in each.typed]
    grants = re.findall(r"--allow '?([^' ]+)'?", typed)
    role = f"ci-{tmp_path.name}"
    terminal.do("role", "create", role, *(word for each in grants for word in ("--allow", each)))
    return terminal.do("key", "create", "--role", role, "--ttl", "90d").strip()


@pytest.fixture
def checkout(server: Server, key: str, tmp_path: Path) -> Checkout:
    """A checkout with the script of the page, and tests that use the cache."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    return Checkout(folder, server, key)


def caches(server: Server, tmp_path: Path) -> list[str]:
    terminal = Terminal(tmp_path, {"ATTIMO_DATA_DIR": str(server.data_dir)})
    return [line.split("\t")[0] for line in terminal.do("cache", "list").splitlines()]


def test_github_prepares_a_cache_for_the_tests_and_deletes_it(
    checkout: Checkout, server: Server, tmp_path: Path
) -> None:
    for _ in range(2):
        steps = {each["name"]: each for each in GITHUB["jobs"]["test"]["steps"] if "run" in each}
        masked = checkout.run(*of_step(steps["Prepare the cache"]))
        token = checkout.outputs.read_text().splitlines()[-1].removeprefix("token=")
        assert masked == f"::add-mask::{token}\n"
        checkout.known["steps.cache.outputs.token"] = token
        checkout.run(*of_step(steps["Test"]))
    assert "pr-7" in caches(server, tmp_path)

    (clean_up,) = GITHUB["jobs"]["clean-up"]["steps"]
    checkout.run(*of_step(clean_up))

    assert "pr-7" not in caches(server, tmp_path)


def of_step(step: Any) -> tuple[str, dict[str, str]]:
    """What a step runs, and with which variables."""
    return step["run"], GITHUB["env"] | step["env"]


def test_gitlab_prepares_a_cache_for_the_tests_and_deletes_it(
    checkout: Checkout, server: Server, tmp_path: Path
) -> None:
    given = GITLAB["variables"] | {
        "ATTIMO_TOKEN": checkout.known["secrets.ATTIMO_TOKEN"],
        "ATTIMO_CACHE": GITLAB["variables"]["ATTIMO_CACHE"].replace("$CI_MERGE_REQUEST_IID", "8"),
    }
    for _ in range(2):
        checkout.run("\n".join(GITLAB["test"]["script"]), given)
    assert "pr-8" in caches(server, tmp_path)

    checkout.run("\n".join(GITLAB["clean-up"]["script"]), given)

    assert "pr-8" not in caches(server, tmp_path)


def test_the_environment_that_gitlab_stops_is_that_of_the_tests() -> None:
    assert GITLAB["test"]["environment"]["on_stop"] in GITLAB
    assert GITLAB["clean-up"]["environment"]["name"] == GITLAB["test"]["environment"]["name"]

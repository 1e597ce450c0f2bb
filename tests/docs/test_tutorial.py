"""What the tutorial tells a person to type does what it says, on a real server."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import Server, bare_environment

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial" / "first-write.md"
MARK = "----- next block"


@dataclass(frozen=True)
class Block:
    """Lines to type, and what the page says they print; None if it does not say."""

    typed: str
    printed: str | None


def blocks() -> list[Block]:
    """Every block of shell, with the block of text after it."""
    found = re.findall(
        r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", TUTORIAL.read_text(), re.S | re.M
    )
    return [Block(typed, printed or None) for typed, printed in found]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each block printed, all typed into one shell, as a reader would."""
    home = tmp_path_factory.mktemp("home")
    with Server(data_dir=home / "attimo") as server:
        typed = f"\necho '{MARK}'\n".join(block.typed for block in blocks())
        typed = typed.replace("127.0.0.1:8080", server.running["http"])
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", typed],
            cwd=ROOT,
            env=bare_environment()
            | {"XDG_DATA_HOME": str(home), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split(f"{MARK}\n")


@pytest.mark.parametrize(
    ("number", "block"), enumerate(blocks()), ids=lambda one: str(one) if type(one) is int else ""
)
def test_a_block_prints_what_the_page_says(number: int, block: Block, printed: list[str]) -> None:
    if block.printed is not None:
        assert printed[number].strip() == block.printed.strip()

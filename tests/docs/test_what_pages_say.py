"""What the pages tell a person to type does what they say, on a real server."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import Server, bare_environment

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    DOCS / "tutorial" / "first-write.md",
    DOCS / "how-to" / "vend-tokens.md",
    DOCS / "how-to" / "accounts-and-members.md",
]
MARK = "----- next block"
DEFAULT = "127.0.0.1:8080"


@dataclass(frozen=True)
class Block:
    """Lines to type, and what the page says they print; None if it does not say."""

    typed: str
    printed: str | None


def blocks(page: Path) -> list[Block]:
    """Every block of shell, with the block of text after it."""
    found = re.findall(
        r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", page.read_text(), re.S | re.M
    )
    return [Block(typed, printed or None) for typed, printed in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_prints_what_the_page_says(page: Path, tmp_path: Path) -> None:
    """All blocks are typed into one shell, as a reader would."""
    told = blocks(page)
    typed = f"\necho '{MARK}'\n".join(block.typed for block in told)

    with Server(data_dir=tmp_path / "attimo") as server:
        shell = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", typed.replace(DEFAULT, server.running["http"])],
            cwd=tmp_path,
            env=bare_environment()
            | {
                "XDG_DATA_HOME": str(tmp_path),
                "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    assert shell.returncode == 0, shell.stdout + shell.stderr
    printed = shell.stdout.split(f"{MARK}\n")
    assert [
        (block.typed, text.strip())
        for block, text in zip(told, printed, strict=True)
        if block.printed is not None
    ] == [(block.typed, block.printed.strip()) for block in told if block.printed is not None]

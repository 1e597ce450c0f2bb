"""What a page tells a person to type does what it says, on a real server."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from harness import Server, bare_environment

DOCS = Path(__file__).parents[2] / "docs"
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


def check(page: Path, room: Path) -> None:
    """Type all blocks of a page, as a reader would who has a new server and an empty folder."""
    with Server(data_dir=room / "attimo") as server:
        check_on(server, page, room)


def check_on(server: Server, page: Path, home: Path) -> None:
    """Type all blocks of a page into one shell, on the server whose data is in this home."""
    told = blocks(page)
    typed = f"\necho '{MARK}'\n".join(block.typed for block in told)
    shell = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", typed.replace(DEFAULT, server.running["http"])],
        cwd=home,
        env=bare_environment()
        | {
            "XDG_DATA_HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert shell.returncode == 0, (page.name, shell.stdout + shell.stderr)
    printed = [text.strip() for text in shell.stdout.split(f"{MARK}\n")]
    wrong = [
        f"{page.name}: {block.typed}printed {text!r} and not {block.printed.strip()!r}"
        for block, text in zip(told, printed, strict=True)
        if block.printed is not None and block.printed.strip() != text
    ]
    assert not wrong, "\n".join(wrong)

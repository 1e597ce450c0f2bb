"""The application of a quickstart, as a reader has it: what the page says to save and to type."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from docs.typed import DOCS, Block, blocks
from harness import Server, bare_environment, end_group
from ports import free_port

START_LIMIT_SECONDS = 500
SAVED = re.compile(r"`([^`\n]+)`:\n\n```\w+\n(.*?)^```$", re.S | re.M)
PORT = re.compile(r"http://127\.0\.0\.1:(\d+)/")


class Page:
    """A quickstart: the files to save, the lines that start the application and that ask it."""

    def __init__(self, name: str) -> None:
        text = (DOCS / "how-to" / f"quickstart-{name}.md").read_text()
        typed = blocks(DOCS / "how-to" / f"quickstart-{name}.md")
        self.files: dict[str, str] = dict(SAVED.findall(text))
        (self.starts,) = [each.typed for each in typed if "attimo env" in each.typed]
        self.prepares = [
            each.typed for each in typed if not each.printed and each.typed != self.starts
        ]
        (self.asks,) = [each for each in typed if each.printed is not None]
        (self.port,) = set(PORT.findall(text))


class Application:
    """A page's application, started in a folder that has its files.

    Use it as a context manager: entering starts it and waits for its health, leaving ends it.
    It listens on a free port instead of the page's.

    Args:
        page: What the reader sees.
        server: The one whose variables `attimo env` prints.
        folder: Where to save the files; it has what the page installs.
        programs: A directory of programs that the page needs, for `PATH`.
        prepares: Whether to type what comes before its start, such as what installs packages.
    """

    def __init__(
        self,
        page: Page,
        server: Server,
        folder: Path,
        programs: Path | None = None,
        prepares: bool = False,
    ) -> None:
        self.page, self.folder, self.port = page, folder, free_port()
        attimo = Path(sys.executable).parent
        path = f"{programs}:{attimo}" if programs else attimo
        self.environment = bare_environment() | {
            "ATTIMO_DATA_DIR": str(server.data_dir),
            "PATH": f"{path}:{os.environ['PATH']}",
            "NEXT_TELEMETRY_DISABLED": "1",  # tests send nothing to others
        }
        self._prepares = page.prepares if prepares else []
        self._log = folder / "log"
        self._log.touch()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """All that it has said."""
        return self._log.read_text()

    def ask(self) -> Block:
        """Type the lines that ask it, and return what they print instead of what the page says."""
        typed = self._at_port(self.page.asks.typed)
        return Block(self.page.asks.typed, self._typed(typed))

    def health(self) -> int:
        """The status of its health path; 0 if it does not answer."""
        url = f"http://127.0.0.1:{self.port}/health"
        return int(self._typed(f"curl -s -o /dev/null -w '%{{http_code}}' {url} || true"))

    def __enter__(self) -> Self:
        for name, text in self.page.files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)
        for typed in self._prepares:
            self._typed(typed)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", self._at_port(self.page.starts)],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        try:
            self._wait()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _wait(self) -> None:
        assert self._process is not None
        until = time.monotonic() + START_LIMIT_SECONDS
        while self.health() != 200:
            assert self._process.poll() is None, f"it has ended. It said:\n{self.log}"
            assert time.monotonic() < until, f"it does not answer. It said:\n{self.log}"

    def _end(self) -> None:
        assert self._process is not None
        end_group(self._process)

    def _at_port(self, typed: str) -> str:
        assert self.page.port in typed, f"the port is not in {typed!r}"
        return typed.replace(self.page.port, str(self.port))

    def _typed(self, typed: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", typed],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}{done.stderr}\nIt said:\n{self.log}"
        return done.stdout

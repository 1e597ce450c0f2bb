"""The applications of the quickstarts, each with its real framework on a real server.

`python.txt` and the lock file in `javascript` pin them; `make conformance` installs them. What is
missing is not judged, and says so.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from conformance.quickstarts.application import Application, Page
from docs.typed import DOCS
from harness import Server
from ports import free_port

FOLDER = Path(__file__).parent
READS = "reading product 7 from the source"
FAILS = "no cache, so all is read from the source"
RECOVERS = "the cache answers again"


@dataclass(frozen=True)
class Kit:
    """What a page's application needs.

    Args:
        tool: The program that runs it.
        fetched: What `make conformance` has installed for it.
        programs: The directory that has the programs that were installed with it.
        linked: What is in the application's folder, by name.
        prepares: Whether to install packages and to build it as the page says.
    """

    tool: str
    fetched: Path = FOLDER
    programs: Path | None = None
    linked: Mapping[str, Path] = field(default_factory=dict)
    prepares: bool = False


PROGRAMS = FOLDER.parents[2] / ".venv" / "programs" / "quickstarts" / "bin"
PACKAGES = FOLDER / "javascript" / "node_modules"
PYTHON = Kit("python3", PROGRAMS / "python", PROGRAMS)
QUICK = {
    "flask": PYTHON,
    "fastapi": PYTHON,
    "django": PYTHON,
    "express": Kit("node", PACKAGES / "express", linked={"node_modules": PACKAGES}),
    "go": Kit("go"),
}
SLOW = {
    "rust": Kit("cargo", linked={"Cargo.lock": FOLDER / "rust" / "Cargo.lock"}),
    "spring-boot": Kit("mvn"),
    "nextjs": Kit("npm", prepares=True),
}
"""What takes a minute each, and is not installed by `make conformance`."""
KITS = QUICK | SLOW
IN_CI = KITS if os.environ.get("ATTIMO_ALL_QUICKSTARTS") else QUICK


@pytest.mark.parametrize("name", IN_CI)
def test_an_application_reads_its_source_once_and_outlives_its_cache(
    name: str, tmp_path: Path
) -> None:
    """Two requests read the source once as long as there is a cache, and twice without it.

    CI does not run those that are slow to build; `ATTIMO_ALL_QUICKSTARTS=1` runs them, too.
    """
    kit = installed(name, tmp_path)
    ports = ("--http", "127.0.0.1:0", "--https", f"127.0.0.1:{free_port()}")
    page = Page(name)
    with (
        Server(ports=ports) as server,
        Application(page, server, tmp_path, kit.programs, kit.prepares) as application,
    ):
        assert application.ask() == page.asks, application.log
        assert application.log.count(READS) == 1, application.log
        assert FAILS not in application.log

        server.stop()
        assert application.ask() == page.asks, application.log
        assert application.log.count(READS) == 3, application.log
        assert application.log.count(FAILS) == 1, application.log
        assert application.health() == 200
        assert RECOVERS not in application.log

        server.start()
        while RECOVERS not in application.log:
            assert application.ask() == page.asks, application.log
        assert application.log.count(FAILS) == 1, application.log


def test_every_quickstart_is_judged() -> None:
    pages = {page.stem for page in DOCS.glob("how-to/quickstart-*.md")}

    assert pages == {f"quickstart-{name}" for name in KITS}


def installed(name: str, folder: Path) -> Kit:
    """A page's kit, with the links in the application's folder; skips if anything is missing."""
    kit = KITS[name]
    if shutil.which(kit.tool) is None or not kit.fetched.exists():
        pytest.skip(f"NOT JUDGED: the quickstart {name} needs `{kit.tool}` and `make conformance`")
    for link, target in kit.linked.items():
        if target.is_dir():
            (folder / link).symlink_to(target)
        else:
            shutil.copy(target, folder / link)
    return kit

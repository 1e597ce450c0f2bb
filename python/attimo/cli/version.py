"""attimo version."""

from typing import Any

from attimo import __version__, build
from attimo.cli.command import command
from attimo.cli.shapes import Column, Shape, View


class _Line(Shape):
    """The version on one line."""

    def text(self, answer: Any, view: View) -> None:
        """Print it."""
        print(line(answer))


def fields() -> dict[str, str | None]:
    """The version of this program, and the commit that it was built from."""
    return {"version": __version__, "commit": build.commit()}


def line(answer: dict[str, str | None]) -> str:
    """The version as one line."""
    commit = f" ({answer['commit']})" if answer["commit"] else ""
    return f"attimo {answer['version']}{commit}"


@command(
    shape=_Line(Column("version"), Column("commit", none="unknown")),
    examples=["attimo version", "attimo version --json"],
)
def version() -> dict[str, str | None]:
    """Show the version of this program, and the commit that it was built from."""
    return fields()

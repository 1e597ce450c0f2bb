"""What commands about collections share: their answers, and their lifetimes."""

import math
from typing import Any

import click

from attimo.cli import exits
from attimo.cli.items import print_values
from attimo.cli.options import DEFAULT_TTL_SECONDS
from attimo.cli.shapes import Answer, Column, Plain, Shape, View


class Element(Shape):
    """One element, unchanged on a pipe and escaped on a terminal."""

    def text(self, answer: Any, view: View) -> None:
        """Print it."""
        print_values(answer[self.columns[0].name])


class Score(click.types.FloatParamType):
    """A score: a number, and one of the infinities where they are allowed."""

    name = "score"

    def __init__(self, finite: bool = False) -> None:
        """Create the type; `finite` is whether infinities are refused."""
        self._finite = finite

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read a score.

        Raises:
            click.BadParameter: It is none.
        """
        found: float = super().convert(value, param, ctx)
        if math.isnan(found) or (self._finite and math.isinf(found)):
            self.fail("a score must be a number", param, ctx)
        return found


LENGTH = Plain(Column("length", "number"))


def lifetime(ttl: int | None) -> dict[str, Any]:
    """The part of a query that sets a collection's TTL."""
    refresh = {} if ttl is not None else {"refresh_ttl": "false"}
    return {"ttl_seconds": DEFAULT_TTL_SECONDS if ttl is None else ttl} | refresh


def or_miss(answer: Any) -> Answer:
    """An answer; None is a miss, which prints nothing and exits with 1."""
    return Answer(answer, exits.MISS if answer is None else exits.OK)


def given(**query: Any) -> dict[str, Any]:
    """The part of a query that was given."""
    return {name: value for name, value in query.items() if value is not None}

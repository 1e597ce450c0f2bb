"""What was promised, held against what was measured."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "bars.toml"
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Bar:
    """A promise.

    Attributes:
        figure: The name of the figure that it is about.
        over: The figure by which that one is divided, or nothing.
        unit: Of the figure, or of both.
    """

    text: str
    figure: str
    over: str | None
    at_most: float | None
    at_least: float | None
    unit: str

    def value(self, figures: Figures) -> float | None:
        """What was measured; None if it was not."""
        if self.over is None:
            return figures.get(self.figure)
        ours, theirs = figures.get(self.figure), figures.get(self.over)
        if ours is None or theirs is None:
            return None
        return figures.get(self.ratio, ours / theirs)

    @property
    def ratio(self) -> str:
        """The name of the figure that is the median of the ratios of rounds, if there are any."""
        return f"{self.figure} : {self.over}"

    def is_met(self, figures: Figures) -> bool | None:
        """Whether the promise is kept; None if nothing was measured."""
        value = self.value(figures)
        if value is None:
            return None
        if self.at_most is not None and value > self.at_most:
            return False
        return self.at_least is None or value >= self.at_least

    @property
    def limit(self) -> str:
        """The promise in figures."""
        unit = "" if self.over else self.unit
        if self.at_most is not None:
            return f"≤ {self.at_most:g} {unit}".strip()
        return f"≥ {self.at_least:g} {unit}".strip()


def every() -> list[Bar]:
    """All promises."""
    return [
        Bar(
            text=table["text"],
            figure=table["figure"],
            over=table.get("over"),
            at_most=table.get("at_most"),
            at_least=table.get("at_least"),
            unit=table.get("unit", "µs" if "over" in table else ""),
        )
        for table in tomllib.loads(FILE.read_text())["bar"]
    ]

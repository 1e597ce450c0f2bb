"""The metrics page of a server, parsed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of metrics, as names, labels and values."""

    samples: list[tuple[str, str, float]]

    def sum(self, name: str, *labels: str) -> float:
        """The sum over all samples of a metric with these labels; 0 if there are none."""
        return sum(
            value
            for found, written, value in self.samples
            if found == name and all(label in written for label in labels)
        )

    def label(self, name: str, label: str) -> str:
        """The value of a label of a metric that has one sample."""
        written = next((labels for found, labels, _ in self.samples if found == name), "")
        found = re.search(rf'{label}="([^"]*)"', written)
        return found[1] if found else ""


def page_of(text: str) -> Page:
    """Parse a page."""
    return Page(list(_samples(text)))


def _samples(text: str) -> Iterator[tuple[str, str, float]]:
    for line in text.splitlines():
        if found := _SAMPLE.match(line):
            yield found[1], found[2] or "", float(found[3])

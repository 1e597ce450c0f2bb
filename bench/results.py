"""A run on disk: the circumstances, the figures by name, and every round."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.machine import About

FOLDER = Path(__file__).parent / "results"


@dataclass(slots=True)
class Results:
    """What a run found.

    Attributes:
        versions: Of each server.
        figures: Every figure by its name; what is missing was not measured.
        rounds: What the figures were made from, for who doubts them.
        later: The circumstances of parts that were measured after the rest.
    """

    about: About
    versions: dict[str, str]
    figures: dict[str, float] = field(default_factory=dict)
    rounds: list[object] = field(default_factory=list)
    later: list[About] = field(default_factory=list)

    def add_to(self, path: Path) -> "Results":
        """Put these figures into a run that was kept, in place of those of the same names."""
        kept = read(path)
        kept.figures |= self.figures
        kept.rounds += self.rounds
        kept.later.append(self.about)
        path.write_text(json.dumps(asdict(kept), indent=1) + "\n")
        return kept

    def write(self, is_partial: bool) -> Path:
        """Write the run into `bench/results` and return the file; a part is not for keeping."""
        FOLDER.mkdir(exist_ok=True)
        day = self.about.date.partition(" ")[0]
        ending = ".raw.json" if is_partial else ".json"
        path = FOLDER / f"{day}-{self.about.commit.rstrip('+')}{ending}"
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")
        return path


def read(path: Path) -> Results:
    """A run that was written."""
    found = json.loads(path.read_text())
    about = About(**found["about"])
    later = [About(**each) for each in found.get("later", ())]
    return Results(about, found["versions"], found["figures"], found["rounds"], later)

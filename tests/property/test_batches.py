"""A batch counts once, although the numbers of most batches are forgotten.

Servers live one after the other on one data directory, with the real collector and the real
reserve. Their disk fails before or after a commit, and they end as they should or are killed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import ledger_sums
from attimo.control import Control, retention, usage
from attimo.errors import StoreUnavailable
from attimo.node.collector import Collector
from attimo.node.kept import Kept
from attimo.reserve import Reserve
from fakes import Batch, Clock, Listener, Used, new_control, swift_directory

FINE, FAILS_BEFORE, FAILS_AFTER = "fine", "fails before", "fails after"
lives = st.lists(
    st.tuples(
        st.lists(st.sampled_from([FINE, FINE, FAILS_BEFORE, FAILS_AFTER]), max_size=8),
        st.booleans(),  # whether it is killed
    ),
    min_size=1,
    max_size=5,
)


@dataclass
class Life:
    """A server: a node that always has another batch, and a ledger that can fail."""

    control: Control
    node: str
    outcomes: Iterator[str]
    recorded: set[tuple[str, int]]
    taken: int = field(default=0)

    def take(self) -> Batch | None:
        self.taken += 1
        return Batch(self.node, self.taken, [Used()]) if self.taken < 12 else None

    def record(self, batch: usage.Batch) -> None:
        outcome = next(self.outcomes, FAILS_BEFORE)
        if outcome == FAILS_BEFORE:
            raise StoreUnavailable("the disk is full")
        with self.control.begin() as tx:
            usage.record(tx, batch)
        self.recorded.add((batch.node, batch.number))
        if outcome == FAILS_AFTER:
            raise StoreUnavailable("the disk did not say that it was written")


def forget(control: Control, kept: Kept) -> None:
    if kept.is_empty():
        with control.begin() as tx:
            retention.forget_batches(tx, 1_000)


@settings(deadline=None, max_examples=150)
@given(lives)
def test_a_batch_counts_once_however_servers_end(lives: list[tuple[list[str], bool]]) -> None:
    recorded: set[tuple[str, int]] = set()
    with swift_directory() as directory:
        control = new_control(directory, Listener(), Clock())
        kept = Kept(Reserve(directory / "reserve"))
        for number, (outcomes, is_killed) in enumerate(lives):
            life = Life(control, f"node-{number}", iter(outcomes), recorded)
            collector = Collector(life.take, life.record, every_seconds=5, kept=kept)
            collector._earlier.extend(kept.read())
            for _ in range(len(outcomes) // 2 + 1):
                collector.collect()
                forget(control, kept)
            if not is_killed:
                collector.stop()
            forget(control, kept)

            with control.read() as tx:
                assert ledger_sums.total(tx).requests == len(recorded)
        control.database.close()


def test_kept_usage_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path) -> None:
    (tmp_path / "reserve").mkdir()

    assert not Kept(Reserve(tmp_path / "reserve")).is_empty()

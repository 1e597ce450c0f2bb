"""What is said of items that were read."""

from pathlib import Path

import pytest

from attimo.node.local import LocalNode
from attimo.serve.kept_items import KeptItems


class OnABadDisk(LocalNode):
    """A node whose disk fails after the first item."""

    def __init__(self) -> None:
        pass

    def load_items(self, file: object) -> tuple[dict[str, int], str | None]:
        counts = dict.fromkeys(("kept", "expired", "refused", "evicted"), 0)
        return counts | {"kept": 1, "lost": 2, "bytes": 300}, "Input/output error (os error 5)"


def test_an_error_of_the_disk_is_logged_with_its_cause_and_what_it_cost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = KeptItems(tmp_path / "kept-items", is_on=True)
    kept.path.touch()

    kept.load(OnABadDisk())

    cause, cost = caplog.messages
    assert cause == "not all items of the last run can be read: Input/output error (os error 5)"
    assert "1 kept, 2 lost" in cost
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]

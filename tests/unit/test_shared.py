"""Parts of pages that are made once for all who may see the same."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest

from attimo.console.shared import MOST_KEPT, Shared


class Maker:
    """Makes texts, and counts them."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        return f"text {self.made}"


def test_a_text_is_made_once_for_all_who_ask_in_a_period() -> None:
    shared, make, together = Shared(), Maker(), Barrier(8)
    seen = list[str]()

    def ask() -> None:
        together.wait()
        seen.append(shared.get("key", 1, make))

    run(ask, 8)

    assert (seen, make.made) == (["text 1"] * 8, 1)
    assert shared.get("key", 2, make) == "text 2"
    assert shared.get("another", 2, make) == "text 3"


def test_who_asks_after_a_failure_tries_again() -> None:
    shared = Shared()

    def fail() -> str:
        raise RuntimeError("no database")

    with pytest.raises(RuntimeError):
        shared.get("key", 1, fail)

    assert shared.get("key", 1, lambda: "text") == "text"


def test_a_bounded_number_of_texts_is_kept() -> None:
    shared, make = Shared(), Maker()
    for key in range(MOST_KEPT + 1):
        shared.get(key, 1, make)

    shared.get(0, 1, make)
    assert make.made == MOST_KEPT + 1
    shared.get(MOST_KEPT, 1, make)
    assert make.made == MOST_KEPT + 2


def run(ask: Callable[[], None], count: int) -> None:
    threads = [Thread(target=ask) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

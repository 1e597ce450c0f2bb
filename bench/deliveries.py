"""What a Get costs beside messages of another account: its instructions, counted by callgrind.

Processor time cannot tell a percent, and one thread does both. So the instructions of that thread
are counted for Gets alone, for messages alone, and for both at once; what both take beyond the
messages belongs to the Gets.

Subscriptions also get a heartbeat in each period, so a run that takes longer has more of them: one
with both takes longer than one with messages alone, and all do on a busy machine. So the
subscribers count heartbeats, and each is taken to cost as much as a message.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bench import driver, progress
from bench.accounts import operator
from bench.driver import Load, drive, filling
from bench.errors import RunError, SetupError
from bench.fan_out import messages
from bench.instructions import busiest, control, counted_server
from bench.machine import ROOT
from bench.peers import Peer

KEYS = 10_000
GETS = 100_000
CONNECTIONS, SUBSCRIBERS = 10, 200
DELIVERIES_OF_A_GET = 2
"""As many as 100,000 deliveries a second are beside 50,000 Gets."""
ROUNDS = 3
WARM_UP = 5_000
GETS_LOAD = Load(1, 100, reads=1, order="zipf", seconds=600, warm_up_seconds=0, keys=KEYS)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Instructions of the data thread, a number for each round.

    Attributes:
        alone: Of a Get.
        deliveries: Of a delivery.
        beside: Of a Get beside deliveries of another account.
    """

    alone: tuple[float, ...]
    deliveries: tuple[float, ...]
    beside: tuple[float, ...]

    def figures(self) -> dict[str, float]:
        """The medians by name."""
        return {
            "topics.get_instructions_alone": median(self.alone),
            "topics.delivery_instructions": median(self.deliveries),
            "topics.get_instructions_beside": median(self.beside),
        }


def measure() -> list[Deliveries]:
    """Count Gets, messages of another account, and both; nothing without valgrind."""
    try:
        with tempfile.TemporaryDirectory(prefix="attimo-bench-") as folder:
            return [_measure(Path(folder))]
    except SetupError as error:
        progress.say(f"  not measured: {error}")
        return []


def _measure(folder: Path) -> Deliveries:
    alone, deliveries, beside = [], [], []
    with counted_server(ROOT, folder) as peer, operator(peer) as asks:
        other = replace(peer, token=asks.create("publishes").key)
        drive(peer, filling(KEYS))
        drive(peer, replace(GETS_LOAD, operations=WARM_UP), real_time=False)
        for turn in range(ROUNDS):
            with _published(other, f"alone-{turn}") as sent:
                control(peer, "--instr=on")
            delivery = _counted(peer, folder) / sent.count
            control(peer, "--instr=on")
            _get(peer)
            gets_alone = _counted(peer, folder)
            with _published(other, f"beside-{turn}") as sent:
                control(peer, "--instr=on")
                gets = driver.start(peer, _gets(), driver.CORE, real_time=False)
            driver.finish(gets)
            both = _counted(peer, folder)
            alone.append(gets_alone / GETS)
            deliveries.append(delivery)
            beside.append((both - delivery * sent.count) / GETS)
            progress.say(
                f"  a Get {alone[-1]:,.0f} instructions alone, {beside[-1]:,.0f} beside deliveries "
                f"of {deliveries[-1]:,.0f}"
            )
    return Deliveries(tuple(alone), tuple(deliveries), tuple(beside))


def _gets() -> Load:
    return replace(GETS_LOAD, operations=GETS)


def _get(peer: Peer) -> None:
    drive(peer, _gets(), real_time=False)


@dataclass(slots=True)
class _Sent:
    """What subscribers were sent, heartbeats included."""

    count: int = 0


@contextmanager
def _published(peer: Peer, topic: str) -> Iterator[_Sent]:
    """Have subscribers within the block; at its end, they receive their messages."""
    load = messages(CONNECTIONS, topic, seconds=600, subscribers=SUBSCRIBERS)
    load = replace(load, operations=GETS * DELIVERIES_OF_A_GET, on_cue=True, warm_up_seconds=0)
    running = driver.start(peer, load, driver.CORE, real_time=False)
    if not running.stdout or not running.stdout.readline():
        raise RunError(f"nobody has subscribed: {running.communicate()[1]}")
    sent = _Sent()
    yield sent
    found = driver.finish(running)
    sent.count = found.operations + found.heartbeats


def _counted(peer: Peer, folder: Path) -> int:
    """The instructions of the data thread since it was told to count."""
    control(peer, "--dump=counted")
    control(peer, "--instr=off")
    return busiest(folder)

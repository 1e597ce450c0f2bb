"""Whatever the clock does and whenever usage arrives, it counts once; no closed month changes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from attimo.billing import months
from attimo.billing.months import DAY
from attimo.control import Control, closing, retention, usage
from attimo.control.ledger_tables import HOUR
from fakes import Batch, Clock, Listener, Used, new_control, swift_directory
from ledger_sums import Of, total

BEGIN = months.read("2027-11").start
FIRST, LAST = months.read("2024-01"), months.read("2032-01")
steps = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 2 * DAY), st.integers(-70 * DAY, 70 * DAY)),  # how the clock goes
        st.one_of(st.just(0), st.integers(0, 40 * DAY)),  # how late the batch is
        st.booleans(),  # whether the server looks what is due
    ),
    min_size=1,
    max_size=25,
)


def by_month(control: Control) -> dict[months.Month, int]:
    """The requests of each month, as its bill has them."""
    found, month = {}, FIRST
    with control.read() as tx:
        while month < LAST:
            found[month] = total(tx, Of(since=month.start, until=month.end)).requests
            month = month.next
    return {month: requests for month, requests in found.items() if requests}


@settings(deadline=None, max_examples=100)
@given(steps)
def test_usage_counts_once_and_no_closed_month_changes(steps: list[tuple[int, int, bool]]) -> None:
    clock, recorded = Clock(BEGIN), 0
    closed: dict[months.Month, int] = {}
    with swift_directory() as directory:
        control = new_control(directory, Listener(), clock)
        for number, (later, delay, looks) in enumerate(steps):
            clock.now += later
            with control.begin() as tx:
                used = [Used(requests=number + 1)]
                usage.record(tx, Batch("node", number, used), clock.now - delay)
            recorded += number + 1
            if looks:
                with control.begin() as tx:
                    closing.close(tx)
                with control.begin() as tx:
                    retention.keep(tx, 35 * DAY, 62 * DAY)
                    retention.prune(tx, 3)

            found = by_month(control)
            assert sum(found.values()) == recorded
            assert all(found.get(month, 0) == requests for month, requests in closed.items())
            with control.read() as tx:
                open_since = closing.open_since(tx)
            month = FIRST
            while month.end <= open_since:
                closed[month] = found.get(month, 0)
                month = month.next
        control.database.close()


def test_the_steps_are_long_enough_to_close_months() -> None:
    """A day and some hours of looking close one, so that the test above is about something."""
    clock = Clock(BEGIN)
    with swift_directory() as directory:
        control = new_control(directory, Listener(), clock)
        for _ in range(4):
            clock.now += 8 * HOUR + 60
            with control.begin() as tx:
                closing.close(tx)
        with control.read() as tx:
            assert closing.open_since(tx) == BEGIN
        control.database.close()

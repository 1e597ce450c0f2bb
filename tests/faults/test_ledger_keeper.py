"""What a server deletes of its ledger by itself, also if it is killed meanwhile."""

import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

from pysqlite3 import dbapi2

from attimo.billing.months import DAY
from attimo.control import retention, usage
from attimo.control.ledger_tables import MINUTE
from attimo.control.totals import Totals
from fakes import NOON, Batch, Clock, Listener, Used, new_control
from faults.watching import ask, client, eventually, is_sound, write
from harness import Server
from ledger_sums import By, totals

KILLS = 20
MOST_ROUNDS = 8
"""More than are waited for before a kill; all of them together leave rows."""
DELETING = """
import sys
from pathlib import Path
from attimo.control import Control, retention
from attimo.store.database import open_database

control = Control(open_database(Path(sys.argv[1])), lambda _: None, lambda: int(sys.argv[2]))
for _ in range(int(sys.argv[3])):
    with control.begin() as tx:
        retention.keep(tx, 86400, 62 * 86400)
        retention.prune(tx, 2)
    print("deleted", flush=True)
sys.stdin.read()
"""


def minutes(data: Path) -> int:
    ((count,),) = ask(data, "SELECT count(*) FROM usage_minutes")
    return int(count)


def test_a_kill_while_old_rows_are_deleted_changes_no_sum(tmp_path: Path) -> None:
    clock = Clock()
    control = new_control(tmp_path, Listener(), clock)
    for number in range(500):
        clock.now = NOON + number * MINUTE
        with control.begin() as tx:
            usage.record(tx, Batch("node", number, [Used(1, "a"), Used(2, "b", "Set")]))

    def sums() -> dict[By, dict[int | str, Totals]]:
        with control.read() as tx:
            return {by: totals(tx, by) for by in (By.CACHE, By.KEY, By.API)}

    clock.now = NOON + 9 * DAY
    with control.begin() as tx:
        retention.keep(tx, DAY, 62 * DAY)
    before = sums()
    for kill in range(KILLS):
        arguments = [str(tmp_path / "attimo.db"), str(NOON + 10 * DAY), str(MOST_ROUNDS)]
        left = minutes(tmp_path)
        with subprocess.Popen(
            [sys.executable, "-c", DELETING, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            for _ in range(1 + kill % 5):
                process.stdout.readline()
            process.kill()
        assert 0 < minutes(tmp_path) < left
        assert sums() == before
        assert is_sound(tmp_path)
    control.database.close()


def test_a_server_brings_its_log_into_the_database_while_it_serves(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server("--collect-seconds", "0.2", data_dir=data) as server:
        with client(server) as http:
            write(http, "k")

        def is_recorded() -> bool:
            # The file alone, without its log; while it is written, it can look damaged.
            path = f"file:{data / 'attimo.db'}?immutable=1"
            with closing(dbapi2.connect(path, uri=True)) as file, suppress(dbapi2.DatabaseError):
                ((count,),) = file.execute("SELECT count(*) FROM usage_minutes")
                return bool(count)
            return False

        eventually(is_recorded, "the database has the usage without its log")


def test_a_server_forgets_the_numbers_of_batches_that_cannot_come_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server(data_dir=data):
        pass
    with closing(dbapi2.connect(str(data / "attimo.db"))) as database:
        rows = [("earlier", number, 1) for number in range(1, 3_501)]
        database.executemany("INSERT INTO batches VALUES (?, ?, ?)", rows)
        database.commit()

    with Server(data_dir=data):
        count = "SELECT count(*), max(number) FROM batches WHERE node = 'earlier'"
        eventually(lambda: int(ask(data, count)[0][0]) <= 1_000, "old numbers are deleted")
        assert ask(data, count)[0][1] == 3_500

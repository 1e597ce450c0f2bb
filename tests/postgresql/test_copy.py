"""`attimo database copy`: everything goes to PostgreSQL and back, from every earlier version."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from attimo.errors import Misconfigured
from attimo.serve import database_copy
from attimo.store import copying
from attimo.store.database import Database, Place, open_database
from e2e.terminal import Terminal
from harness import Server
from postgresql_server import address

EARLIER = sorted((Path(__file__).parents[1] / "unit" / "databases").glob("*.sql"))


def quietly(source: Place, target: Place) -> dict[str, int]:
    return database_copy.copy(source, target, lambda _: lambda *_: None)


def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with database.read() as connection:
        return {
            table.name: sorted(
                connection.rows(f"SELECT {', '.join(table.columns)} FROM {table.name}"),  # noqa: S608
                key=repr,
            )
            for table in copying.tables()
        }


def opened(place: Place) -> dict[str, list[tuple[object, ...]]]:
    with closing(open_database(place)) as database:
        return contents(database)


@pytest.mark.parametrize("dump", EARLIER, ids=lambda dump: dump.stem)
def test_a_file_of_each_earlier_version_is_the_same_on_postgresql_and_back_in_a_file(
    tmp_path: Path, url: str, dump: Path
) -> None:
    old, back = tmp_path / "old" / "attimo.db", tmp_path / "back" / "attimo.db"
    old.parent.mkdir()
    with closing(sqlite3.connect(old)) as file:
        file.executescript(dump.read_text())

    copied = quietly(old, address(url))
    quietly(address(url), back)

    there = opened(old)
    assert {name: len(rows) for name, rows in there.items()} == copied
    assert copied["accounts"] == 1
    assert opened(address(url)) == there
    assert opened(back) == there


def test_new_rows_get_numbers_that_were_never_given(tmp_path: Path, url: str) -> None:
    with closing(open_database(tmp_path / "attimo.db")) as file, file.begin() as connection:
        for name in ("a", "b", "c"):
            connection.insert("accounts", name=name, created_at=1)
        connection.execute("DELETE FROM accounts WHERE name = 'c'")

    quietly(tmp_path / "attimo.db", address(url))

    with closing(open_database(address(url))) as copied, copied.begin() as connection:
        connection.insert("accounts", name="d", created_at=1)
        assert connection.rows("SELECT id FROM accounts ORDER BY id") == [(1,), (2,), (4,)]


def test_a_database_with_accounts_is_no_target_and_stays_as_it_is(tmp_path: Path, url: str) -> None:
    for place, name in ((tmp_path / "attimo.db", "one"), (address(url), "other")):
        with closing(open_database(place)) as database, database.begin() as connection:
            connection.insert("accounts", name=name, created_at=1)
    before = opened(address(url))

    with pytest.raises(Misconfigured, match="accounts already"):
        quietly(tmp_path / "attimo.db", address(url))

    assert opened(address(url)) == before


def test_what_does_not_fit_is_an_error_and_nothing_is_copied(tmp_path: Path, url: str) -> None:
    with closing(open_database(tmp_path / "attimo.db")) as file, file.begin() as connection:
        connection.insert("accounts", name="fits", created_at=1)
        connection.insert("accounts", name="nul\0", created_at=1)

    with pytest.raises(Misconfigured, match="row of accounts does not fit"):
        quietly(tmp_path / "attimo.db", address(url))

    assert opened(address(url))["accounts"] == []


def test_a_server_moves_to_postgresql_with_its_keys_and_caches(tmp_path: Path, url: str) -> None:
    data = tmp_path / "data"
    copy = ["database", "copy", "--from", f"sqlite:{data}/attimo.db", "--json"]
    terminal = Terminal(tmp_path, {"ATTIMO_DATABASE": url})
    with Server(data_dir=data) as server:
        key = server.api_key
        assert ask(server, key, "PUT", "/caches/mine") == 201
        assert "uses the data directory" in terminal.type(*copy).error

    assert json.loads(terminal.do(*copy))["tables"]["caches"] == 2
    os.rename(data / "attimo.db", data / "attimo.db.before")

    with Server("--database", url, data_dir=data) as server:
        assert server.api_key == key
        assert ask(server, key, "PUT", "/caches/mine") == 409  # it is there already
        back = ["database", "copy", "--from", url, "--to", f"sqlite:{tmp_path}/back/attimo.db"]
        assert "is used by another Attimo server" in terminal.type(*back).error

    assert "Copied" in terminal.type(*back).error


def test_an_empty_database_beside_a_file_with_accounts_is_refused(tmp_path: Path, url: str) -> None:
    data = tmp_path / "data"
    with Server(data_dir=data):
        pass

    with (
        pytest.raises(RuntimeError, match="attimo database copy"),
        Server("--database", url, data_dir=data),
    ):
        pass


def ask(server: Server, key: str, method: str, path: str) -> int:
    headers = {"authorization": key}
    return httpx.request(method, server.http + path, headers=headers, trust_env=False).status_code

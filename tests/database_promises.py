"""What every database promises the rules, whichever it is."""

import traceback
from typing import Any

import pytest

from attimo.store.connection import Database


def check_that_errors_tell_no_value(database: Database) -> None:
    """What goes wrong is logged, and what was to be written may hold what nobody should read."""
    secret = "correct-horse"  # noqa: S105
    row: dict[str, Any] = {"email": secret, "password_hash": secret, "created_at": 0}
    unfit: list[tuple[str, dict[str, Any]]] = [
        ("users", row),  # there is one already
        ("users", {**row, "id": secret}),
        ("users", {**row, "email": None}),
        ("users", {**row, "password_hash": [secret]}),
        ("users", {**row, "unknown": secret}),
        ("no_table", row),
    ]
    with database.begin() as connection:
        connection.insert("users", **row)

    for table, values in unfit:
        with pytest.raises(Exception) as caught, database.begin() as connection:  # noqa: PT011
            connection.insert(table, **values)
        told = "".join(traceback.format_exception(caught.value))
        assert secret not in told, values
        assert secret not in repr(caught.value)


def check_that_a_reader_sees_one_moment(database: Database) -> None:
    """A writer that commits meanwhile neither waits nor is seen."""
    count = "SELECT count(*) FROM accounts"
    with database.read() as reader:
        assert reader.scalar(count) == 0
        with database.begin() as writer:
            writer.insert("accounts", name="one", created_at=1)
        assert reader.scalar(count) == 0
    with database.read() as reader:
        assert reader.scalar(count) == 1

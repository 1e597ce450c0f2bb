"""Accounts."""

import pytest

from attimo.control import Control, accounts
from attimo.errors import InvalidArgument, NoSuchAccount
from fakes import NOON


def test_the_first_account_of_a_database_is_number_one(control: Control) -> None:
    with control.read() as tx:
        assert [account.id for account in accounts.list_all(tx)] == [1, 2]
        assert accounts.get(tx, 1) == accounts.Account(1, "owner", NOON)


def test_an_account_that_there_is_not_is_named(control: Control) -> None:
    with pytest.raises(NoSuchAccount, match="no account 3"), control.read() as tx:
        accounts.get(tx, 3)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "not be blank"),
        ("  ", "not be blank"),
        ("x" * 256, "at most 255"),
        ("a\x1b[2J", "printable text on one line"),
        ("a\nb", "printable text on one line"),
    ],
)
def test_a_name_that_no_terminal_can_show_is_refused(control: Control, name: str, why: str) -> None:
    with pytest.raises(InvalidArgument, match=f"name must .*{why}"), control.begin() as tx:
        accounts.create(tx, name)

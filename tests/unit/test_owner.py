"""The owner of a server always has a key that opens it, whatever was done to the one before."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from attimo.control import Control, api_keys, signing
from attimo.control.permissions import FIRST_ACCOUNT
from attimo.data_directory import Credentials
from attimo.serve import owner
from fakes import Listener, open_in


@pytest.fixture
def kept(control: Control) -> Credentials:
    """What a first start leaves in the data directory."""
    first = owner.ensure(control, None)
    return Credentials("localhost", first.api_key, None, None, "", first.account_id, "cache")


def revoked(control: Control, kept: Credentials) -> Credentials:
    with control.begin() as tx:
        key = api_keys.of_token(tx, kept.api_key)
        assert key is not None
        api_keys.revoke(tx, kept.account_id, key.id)
    return kept


def signed_by_a_retired_key(control: Control, kept: Credentials) -> Credentials:
    with control.begin() as tx:
        old = signing.current(tx)
        signing.rotate(tx, FIRST_ACCOUNT)
        signing.retire(tx, FIRST_ACCOUNT, old.kid)
    return kept


def damaged(control: Control, kept: Credentials) -> Credentials:
    return replace(kept, api_key=f"{kept.api_key[:-8]}AAAAAAAA")


def of_something_else(control: Control, kept: Credentials) -> Credentials:
    return replace(kept, api_key="a.b.\ud800")


def test_only_a_server_without_an_account_is_a_new_one(home: Path) -> None:
    empty = Control(open_in(home), Listener().learn)

    made = [owner.ensure(empty, None) for _ in range(2)]
    empty.database.close()

    assert [(each.is_new, each.is_first) for each in made] == [(True, True), (True, False)]


def test_a_key_that_is_good_is_kept(control: Control, kept: Credentials) -> None:
    again = owner.ensure(control, kept)

    assert (again.api_key, again.is_new) == (kept.api_key, False)


def test_a_key_of_before_there_were_hashes_is_kept(control: Control, kept: Credentials) -> None:
    with control.database.begin() as connection:
        connection.execute("UPDATE api_keys SET hash = NULL")

    assert not owner.ensure(control, kept).is_new


@pytest.mark.parametrize("happen", [revoked, signed_by_a_retired_key, damaged, of_something_else])
def test_a_key_that_opens_nothing_is_replaced(
    control: Control,
    kept: Credentials,
    happen: Callable[[Control, Credentials], Credentials],
) -> None:
    found = happen(control, kept)

    made = owner.ensure(control, found)

    assert made.is_new
    assert not made.is_first
    assert made.account_id == kept.account_id
    assert not owner.ensure(control, replace(kept, api_key=made.api_key)).is_new

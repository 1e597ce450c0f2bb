"""The table of limits: whole, and true."""

import re
from pathlib import Path

import pytest

from attimo.api import create_app, limit_table
from attimo.api.limit_table import GIVEN, every
from attimo.control import Control, roles
from attimo.node import local
from attimo.settings.declared import declarations
from fakes import Client

ROOT = Path(__file__).parents[2]
OF_SETTINGS = {
    "memory": 1 << 30,
    "item_bytes": 5_000,
    "element_bytes": 500,
    "topic_history_messages": 1_000,
    "topic_history_bytes": 1 << 20,
}


@pytest.fixture
def given() -> dict[str, int]:
    return OF_SETTINGS | local.limits()


def test_every_limit_of_the_data_plane_and_of_the_settings_has_words(given: dict[str, int]) -> None:
    assert given.keys() == GIVEN
    assert len(every(given)) > 30


def test_every_constant_of_the_data_planes_limits_is_told() -> None:
    source = (ROOT / "rust" / "server" / "src" / "limits.rs").read_text()
    constants = re.findall(r"^pub\(crate\) const (\w+):", source, re.M)
    table = source.split("pub fn limits()")[1]

    assert len(constants) >= 10
    assert [name for name in constants if name not in table] == []


def test_a_setting_that_is_named_is_one(given: dict[str, int]) -> None:
    named = {limit.setting for limit in every(given) if limit.setting}

    assert named == set(OF_SETTINGS)
    assert named <= declarations().keys()


def test_every_limit_says_what_happens_beyond_it(given: dict[str, int]) -> None:
    for limit in every(given):
        assert limit.value > 0
        assert limit.purpose.endswith(".")
        assert limit.breach.effect
        assert (limit.breach.status is None) or 400 <= limit.breach.status < 600


def test_a_limit_without_words_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        limit_table.every({"new": 1})


def test_limits_are_shown(control: Control, given: dict[str, int]) -> None:
    owner = Client(create_app(control, "localhost", limits=given), account_id=1)

    found = {limit["name"]: limit for limit in owner.ask("GET", "/limits").json()["limits"]}

    assert found["item_bytes"] == {
        "name": "item_bytes",
        "value": 5_000,
        "unit": "bytes",
        "purpose": "An item, including its key.",
        "breach": {
            "effect": "the request is refused",
            "status": 413,
            "code": "resource_exhausted",
            "err": "item_size_limit_exceeded",
        },
        "setting": "item_bytes",
    }
    assert found["request_bytes"]["value"] == local.limits()["request_bytes"]
    assert found["roles"]["value"] == roles.MOST

"""The JSON of every command follows its schema, and a terminal shows the same."""

import json
import shlex
from typing import Any

import jsonschema
import pytest

from attimo.cli.main import run
from attimo.cli.shapes import Listing
from e2e.prepared import here as here
from e2e.prepared import in_words, plain
from e2e.prepared import its_own as its_own
from e2e.prepared import known as known
from e2e.prepared import store as store
from e2e.screen import Screen
from e2e.words import COMMANDS

ANOTHER_ANSWER = {"get", "audit", "pop", "doctor", "top"}
"""Commands whose second answer may differ from the first."""


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_json_follows_the_schema_and_a_terminal_shows_the_same(
    known: dict[str, str], path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    command = COMMANDS[path]
    assert command.shape is not None
    words = shlex.split(in_words(plain(command), known))[1:]
    capsys.readouterr()

    assert run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    schema = command.shape.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.validate(told, schema, format_checker=checker)

    if isinstance(command.shape, Listing) and not {*path} & ANOTHER_ANSWER:
        with Screen(columns=60) as screen:
            assert run(words) == 0
        for item in told["items"]:
            whole_on(screen.shown, command.shape, item)


def whole_on(shown: str, shape: Listing, item: dict[str, Any]) -> None:
    """See that nothing but prose is cut, even on a narrow terminal."""
    assert not set("│┃─━") & set(shown)
    for column in shape.columns:
        value = item.get(column.name)
        if column.kind in ("text", "number") and not column.wide and value not in (None, ""):
            assert str(value) in shown or f"{value:,}" in shown, (column.name, value, shown)

"""Random words: a command does something or says in one line why not, and never more."""

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from attimo.cli import exits
from attimo.cli.main import run
from e2e.words import COMMANDS
from harness import Server

OPTIONS = sorted({name for each in COMMANDS.values() for one in each.params for name in one.opts})
ENDLESS = {"--watch", "--follow", "-f"}
ODD = [
    "",
    "-",
    "--",
    "-1",
    "0",
    "1e400",
    "x\udcff",
    "größe",
    "a\nb",
    "..",
    "/",
    "\x1b[2J",
    "k" * 300,
]

argument = st.one_of(
    st.sampled_from([each for each in OPTIONS if each not in ENDLESS]),
    st.sampled_from(ODD),
    st.text(st.characters(exclude_characters="\0"), max_size=8),
)
line = st.builds(
    lambda path, rest: [*path, *rest],
    st.one_of(
        st.sampled_from(list(COMMANDS)),
        st.lists(st.sampled_from(["cache", "help", "set", "keys", "-h"]), max_size=3).map(tuple),
    ),
    st.lists(argument, max_size=5),
)


@pytest.fixture
def somewhere(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, and a server that answers none of these requests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("ATTIMO_URL", server.http)
    monkeypatch.setenv("ATTIMO_TOKEN", "not-a-key")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(["get", "--cache"])
@example(["set", "add"])
@example(["usage", "--by", ""])
@given(line)
def test_random_words_end_with_a_status_and_no_traceback(
    somewhere: None, capsys: pytest.CaptureFixture[str], line: list[str]
) -> None:
    capsys.readouterr()

    status = run(line)

    said = capsys.readouterr().err
    assert status in exits.MEANINGS, line
    if status > exits.MISS:
        # A noun alone gets its help.
        is_told = any(each.startswith(("attimo: ", "Usage: ")) for each in said.splitlines())
        assert is_told, (line, said)
        assert "Traceback" not in said

"""What is said when a command fails: sentences that join well, and how far it came."""

import click
import pytest

from attimo.cli import exits
from attimo.cli.sentences import Extent, joined, noting
from attimo.errors import InvalidArgument, NoSuchAccount, Unreachable


@pytest.mark.parametrize(
    ("sentences", "text"),
    [
        (["No such option: --x", "See: attimo --help"], "No such option: --x. See: attimo --help"),
        (["Did you mean --y?", "See: a"], "Did you mean --y? See: a"),
        (["No (is it --y?)", "See: a"], "No (is it --y?) See: a"),
        (["No role 'it.'", "See: a"], "No role 'it.'. See: a"),
        (["It ends.", "See: a"], "It ends. See: a"),
        (["Stop!", "", "See: a"], "Stop! See: a"),
        (["alone"], "alone"),
        (["", "alone "], "alone"),
    ],
)
def test_sentences_have_one_mark_between_them(sentences: list[str], text: str) -> None:
    assert joined(*sentences) == text


def test_a_question_before_a_hint_keeps_its_mark(capsys: pytest.CaptureFixture[str]) -> None:
    exits.report(click.NoSuchOption("--urll", possibilities=["--url"]))

    assert capsys.readouterr().err.endswith("Did you mean '--url'? See: attimo --help\n")


def test_a_note_stands_between_what_went_wrong_and_what_is_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(NoSuchAccount) as caught, noting(lambda _: "Nothing was written"):
        raise NoSuchAccount(7)

    exits.report(caught.value)

    said = "attimo: There is no account 7. Nothing was written. See: attimo account list\n"
    assert capsys.readouterr().err == said


REFUSED, LOST, STOPPED = InvalidArgument("no"), Unreachable("no answer"), KeyboardInterrupt()


@pytest.mark.parametrize(
    ("done", "sent", "error", "note"),
    [
        (0, 0, REFUSED, "Nothing was written"),
        (1, 1, REFUSED, "Written: line 1, and none after"),
        (1000, 1000, REFUSED, "Written: lines 1 to 1,000, and none after"),
        (0, 1000, REFUSED, "Nothing was written; refused: lines 1 to 1,000"),
        (1000, 1001, REFUSED, "Written: lines 1 to 1,000; refused: line 1,001"),
        (1, 9, LOST, "Written: line 1; perhaps written: lines 2 to 9; and none after"),
        (0, 9, STOPPED, "Perhaps written: lines 1 to 9; and none after"),
    ],
)
def test_how_far_it_came_is_told(done: int, sent: int, error: BaseException, note: str) -> None:
    assert Extent("line", "written", done, sent).note(error) == note

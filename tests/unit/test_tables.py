"""Tables on a terminal: aligned, nothing but prose cut, times as people say them."""

import pytest

from attimo.cli import tables, times
from attimo.cli.shapes import Column, Done, Listing, Plain, View, printable
from e2e.screen import Screen

KEY = "5f056b1c152ced801bc756cc"
COLUMNS = (
    Column("id", title="Id"),
    Column("size", "number"),
    Column("about", "prose"),
    Column("hidden", wide=True),
)
ROWS = [
    {"id": KEY, "size": 7, "about": "short", "hidden": "a"},
    {"id": KEY, "size": 12_345_678, "about": "a long story that " * 5, "hidden": "b"},
    {"id": "日本", "size": 1, "about": "wide", "hidden": "c"},
]


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")


def on_screen(columns: int, view: View) -> list[str]:
    """The lines of the table on a terminal of so many columns."""
    with Screen(columns) as screen:
        Listing(*COLUMNS).show(ROWS, view)
    return screen.shown.splitlines()


def test_only_prose_is_cut_and_lines_fit_where_they_can() -> None:
    head, first, second, third = on_screen(60, View())

    assert head.split() == ["Id", "Size", "About"]
    assert first == f"{KEY}         7  short"
    assert second.startswith(f"{KEY}  12345678  a long story")
    assert second.endswith("…")
    assert all(tables.width(line) <= 60 for line in (head, first, second, third))
    # Two characters that take four cells.
    assert third.index("1") + 2 == first.index("7 ")


def test_wide_cuts_nothing_and_shows_more() -> None:
    head, _, second, _ = on_screen(60, View(wide=True))

    assert head.split() == ["Id", "Size", "About", "Hidden"]
    assert "a long story that " * 5 in second


def test_a_terminal_that_is_too_narrow_shows_ids_whole() -> None:
    assert all(KEY in line for line in on_screen(10, View())[1:3])


def test_headings_are_bold_unless_colours_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in on_screen(80, View())[0]
    monkeypatch.delenv("NO_COLOR")
    assert on_screen(80, View())[0].startswith("\x1b[1m")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in on_screen(80, View())[0]


def test_a_pipe_gets_lines_of_fields_without_headings(capsys: pytest.CaptureFixture[str]) -> None:
    Listing(Column("name"), Column("at", "moment", none="never")).show(
        [{"name": "a\tb\x1b[31m", "at": 0}, {"name": "c", "at": None}], View()
    )

    assert capsys.readouterr().out == "a\\tb\\x1b[31m\t1970-01-01T00:00:00Z\nc\tnever\n"


@pytest.mark.parametrize(
    ("away", "said"),
    [
        (0, "now"),
        (-59, "59 s ago"),
        (-60, "1 min ago"),
        (-3 * 3600 - 5, "3 h ago"),
        (-2 * 86_400, "2 d ago"),
        (3600, "in 1 h"),
        (-61 * 86_400, "2026-09-30"),
    ],
)
def test_a_moment_is_told_as_it_is_seen_from_now(away: int, said: str) -> None:
    now = 1_796_050_000  # 2026-11-30

    assert times.relative(now + away, now) == said


def test_a_sentence_has_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    Done("Created {name}.", Column("name")).show({"name": "a\x1b[2Jb"}, View())
    assert capsys.readouterr().err == "Created a\\x1b[2Jb.\n"
    Plain(Column("id"), Column("more")).show({"id": "x", "more": "y"}, View())
    assert capsys.readouterr().out == "x\n"
    assert printable("x\udcff\n") == "x\\udcff\\n"

"""The picture in the README shows what the commands print today."""

from docs.generator import documentation
from harness import Server

terminal = documentation("terminal")


def test_the_picture_shows_what_the_commands_print() -> None:
    with Server() as server:
        lines = terminal.played(server)

    assert terminal.PICTURE.read_text() == terminal.drawn(lines), "run `make docs`"


def test_every_line_fits_into_the_picture() -> None:
    assert all(len(f"$ {typed}") <= terminal.COLUMNS for typed in terminal.SESSION)

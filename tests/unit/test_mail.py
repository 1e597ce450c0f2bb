"""E-mail: the password is said to the server only, and a failure is the log's affair."""

import logging
from pathlib import Path

import pytest

from attimo.mail import MOST_IN_FOLDER, BySmtp, SmtpServer, ToFolder, server_of

SECRET = "s3cret/word"  # noqa: S105


def test_a_url_says_server_user_and_how_tls_begins() -> None:
    server = server_of("smtp://ann%40example.com:s3cret%2Fword@mail.example.com")

    assert server == SmtpServer("mail.example.com", 587, False, "ann@example.com", SECRET)
    assert server_of("smtps://mail.example.com").port == 465
    assert server_of("smtp://[::1]:2525/") == SmtpServer("::1", 2525, False, "", "")


@pytest.mark.parametrize("url", ["", "mail.example.com", "http://a", "smtp://", "smtp://a/b"])
def test_what_is_no_such_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        server_of(url)


def test_neither_the_text_nor_the_repr_tells_the_password() -> None:
    server = server_of("smtps://ann:s3cret%2Fword@mail.example.com")

    assert str(server) == "smtps://ann:…@mail.example.com:465"
    assert SECRET not in repr(server)


def test_a_server_that_is_not_there_is_told_to_the_log_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    send = BySmtp(server_of("smtp://ann:s3cret%2Fword@127.0.0.1:1"), "cache@example.com")

    with caplog.at_level(logging.ERROR):
        send("bob@example.com", "Hello", "text")
        send._thread.shutdown(wait=True)

    assert "bob@example.com could not be sent by smtp://ann:…@127.0.0.1:1" in caplog.text
    assert SECRET not in caplog.text


def test_without_a_server_e_mail_lies_in_a_folder_and_the_log_tells_only_where(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    send = ToFolder(tmp_path / "mail")

    send("bob@example.com", "Hello", "the token is canary")

    (letter,) = (tmp_path / "mail").iterdir()
    assert letter.read_text().splitlines() == [
        "To: bob@example.com",
        "Subject: Hello",
        "",
        "the token is canary",
    ]
    assert str(letter) in caplog.text
    assert "canary" not in caplog.text
    assert "bob@example.com" not in caplog.text


def test_the_folder_keeps_the_newest(tmp_path: Path) -> None:
    send = ToFolder(tmp_path)
    for number in range(MOST_IN_FOLDER + 2):
        send("bob@example.com", "Hello", f"number {number}")

    kept = sorted(tmp_path.iterdir())
    assert len(kept) == MOST_IN_FOLDER
    assert "number 2" in kept[0].read_text()


def test_a_folder_that_cannot_be_written_is_told_to_the_log_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ToFolder(tmp_path / "none" / "mail")("bob@example.com", "Hello", "text")

    assert "could not be written" in caplog.text

"""E-mail: the password is said to the server only, and a failure is the log's affair."""

import logging

import pytest

from attimo.mail import BySmtp, SmtpServer, server_of

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

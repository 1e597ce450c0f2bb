"""A person's session, for `attimo login`: by e-mail and password, or by an invitation."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

import click

from attimo.cli import account_option, durations, inputs, keys
from attimo.cli.base_client import cause, checked
from attimo.cli.connection import Response
from attimo.cli.http_client import HttpClient
from attimo.cli.profiles import Profile
from attimo.cli.sentences import joined, noting
from attimo.errors import AttimoError, Misconfigured, NotFound, PermissionDenied, Unauthenticated

INVITATIONS = "/invitations/accept"
NEEDS_CODE = "code_needed"
"""How a server says that the user has a second factor."""
JOINED = "You have joined the account all the same; sign in with your e-mail address and password"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The API key to create.

    Attributes:
        account: The name or ID of the account; None is the one that the session begins in.
        role: The role's name or ID; None is the member's own.
        seconds: How long it is valid; None is for ever.
    """

    account: str | None
    role: str | None
    seconds: int | None


def secret(prompt: str) -> str:
    """A password or key: typed unseen, or a line of standard input where that is no terminal.

    Raises:
        Misconfigured: There is none.
    """
    if sys.stdin.isatty():
        return str(click.prompt(prompt, hide_input=True, err=True))
    found = inputs.typed_line()
    if not found:
        raise Misconfigured(f"{prompt} missing: pass it as a line on standard input")
    return found


def of_link(link: str) -> tuple[str, str]:
    """The address of the server and the token, from the link of an invitation.

    Raises:
        Misconfigured: It is not such a link.
    """
    url, mark, token = link.partition(f"{INVITATIONS}#")
    if not mark or not token:
        raise Misconfigured(
            f"This is not the link of an invitation: it must end with {INVITATIONS}#TOKEN"
        )
    keys.place(url)
    return url, token


@contextmanager
def by_password(server: Profile, email: str, password: str) -> Iterator[HttpClient]:
    """A client of somebody who signs in, also with a second factor; the session ends with it.

    Raises:
        Unauthenticated: The e-mail address, the password or the code is wrong.
    """
    with _begun(server, "/session", {"email": email, "password": password}) as client:
        yield client


@contextmanager
def by_invitation(server: Profile, token: str, password: str) -> Iterator[HttpClient]:
    """A client of somebody who accepts an invitation; the session ends with it.

    Raises:
        AttimoError: The invitation or the password is not accepted.
    """
    joining = {"token": token, "password": password}
    with _begun(server, INVITATIONS, joining) as client, noting(lambda _: JOINED):
        yield client


@contextmanager
def _begun(server: Profile, path: str, body: dict[str, str]) -> Iterator[HttpClient]:
    if server.url.startswith("http:") and not keys.place(server.url).startswith(keys.LOOPBACK):
        raise Misconfigured(
            f"A password is not sent to {server.url} in plaintext: use an https:// address"
        )
    with HttpClient(server) as visitor:
        answer = visitor.send("POST", path, body=body)
        if cause(answer) == NEEDS_CODE:
            code = secret("Code of your authenticator app, or a recovery code")
            answer = visitor.send("POST", path, body=body | {"code": code})
        checked(answer)
    token = _cookie(answer)
    with HttpClient(Profile(server.url, token, server.ca)) as client:
        try:
            yield client
        finally:
            with suppress(AttimoError):
                client.ask("DELETE", "/session")


def _cookie(answer: Response) -> str:
    """The token of a session, which is the value of its cookie."""
    for each in SimpleCookie(answer.headers.get("set-cookie", "")).values():
        return each.value
    raise Unauthenticated("The server began no session. Check that it is Attimo's address")


def create_key(client: HttpClient, wanted: Wanted) -> dict[str, Any]:
    """Create an API key for this machine, as the member who has signed in.

    Raises:
        PermissionDenied: The member's role cannot create keys, or not with this role.
        NotFound: There is no such account or role.
    """
    if wanted.account is not None:
        client.ask("PUT", "/session", body={"account_id": _account(client, wanted.account)})
    found = client.whoami()
    if "role" not in found:
        raise NotFound("You are a member of no account: ask for an invitation")
    role_id = found["role"]["role_id"]
    if wanted.role is not None:
        from attimo.cli import role_options

        role_id = role_options.find(client, wanted.role)["role_id"]
    expiry = "never" if wanted.seconds is None else durations.moment_in(wanted.seconds)
    try:
        return client.create_key(role_id, f"attimo login on {socket.gethostname()}", expiry)
    except PermissionDenied as error:
        advice = "Ask for an API key, and run: attimo login --with-key"
        raise PermissionDenied(joined(str(error), advice)) from error


def _account(client: HttpClient, wanted: str) -> int:
    listed = client.ask("GET", "/session").json()["accounts"]
    mine = {int(each["account_id"]): each["account_name"] for each in listed}
    if (id := account_option.typed_id(wanted)) in mine:
        return id
    found = [id for id, name in mine.items() if wanted in (name, str(id))]
    if not found:
        names = ", ".join(mine.values()) or "none"
        raise NotFound(f"You are not a member of the account {wanted!r} (yours: {names})")
    return account_option.only(wanted, found)

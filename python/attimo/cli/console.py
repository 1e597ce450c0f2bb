"""attimo console: the address of the pages for people, and ways in for who runs the server."""

import sys
from contextlib import suppress
from typing import Any

from attimo.cli import complete
from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import argument
from attimo.cli.shapes import Column, Shape, View
from attimo.cli.sign_in import INVITATIONS
from attimo.cli.target import Choice, asks_chosen
from attimo.errors import NotFound, PermissionDenied

ROLE = "owner"

_IN = (
    "Open this link to sign in as the owner of the server. It works once, within ten minutes, and "
    "is as secret as a password:"
)
_ONCE = (
    "Open this link and choose a password: you are an Owner of the account then. It works once, "
    "within a week, and is as secret as a password:"
)
_MEMBER = "This key cannot make a link to sign in: sign in with your e-mail address and password"


class Way(Shape):
    """The link alone; what it is for goes to standard error."""

    def text(self, answer: Any, view: View) -> None:
        """Print the link."""
        if answer["note"]:
            print(answer["note"], file=sys.stderr)
        print(answer["link"])


@command(
    shape=Way(
        Column("link"),
        Column("email", none=""),
        Column("expires_at", "moment", none=""),
        Column("note"),
    ),
    examples=["attimo console", "attimo console ann@example.com"],
)
@argument("email", "Your e-mail address.", required=False, shell_complete=complete.members)
@asks_chosen
def console(client: HttpClient, choice: Choice, email: str | None) -> dict[str, Any]:
    """Print a link to the console, the server's pages for people.

    With the key of the server's owner, it signs in, once. With any other key, it is the address;
    members sign in with their password. With an e-mail address, it makes its holder an Owner of the
    account, with a password, once.
    """
    url = choice.server.url.rstrip("/")
    told = {"link": f"{url}/console/", "email": email, "expires_at": None, "note": _MEMBER}
    if email is None:
        with suppress(PermissionDenied, NotFound):  # older servers have no such links
            made = client.sign_in_link()
            # By this command's address; the server's own name may lead nowhere from here.
            link = f"{url}/console/enter#{made['token']}"
            told |= {"link": link, "expires_at": made["expires_at"], "note": _IN}
        return told
    if email.strip().lower() in {each["email"] for each in client.members()}:
        return told | {"note": f"{email} is a member: sign in with the password"}
    made = client.invite(email, ROLE)
    link = f"{url}{INVITATIONS}#{made['token']}"
    return told | {"link": link, "expires_at": made["expires_at"], "note": _ONCE}

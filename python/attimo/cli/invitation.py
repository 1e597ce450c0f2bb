"""What who has invited somebody is shown: the link, and what to do with it."""

import sys
from typing import Any

from attimo.cli.shapes import Column, Shape, View


class Sent(Shape):
    """The link alone; what it is for goes to standard error."""

    def __init__(self, what: str, *columns: Column) -> None:
        """Create a shape; `what` is what the invited person will do, such as `join the account`."""
        super().__init__(
            Column("email"),
            *columns,
            Column("link"),
            Column("token"),
            Column("expires_at", "moment"),
        )
        self._what = what

    def text(self, answer: Any, view: View) -> None:
        """Print the link."""
        what = f"{self._what} as {answer['role']}" if "role" in answer else self._what
        show(answer["email"], what, answer["link"])


def show(email: str, what: str, link: str) -> None:
    """Print a link, and what to do with it."""
    print(
        f"Invited {email} to {what}. Without --smtp on the server, no e-mail is sent: send them "
        "this link. It is shown only now, valid for a week, and as secret as a password:",
        file=sys.stderr,
    )
    print(link)

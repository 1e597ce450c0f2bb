"""E-mail that a server without SMTP writes to its data directory."""

import re

from faults.watching import eventually
from harness import Server


def letter_to(server: Server, email: str, pattern: str) -> re.Match[str]:
    """What a pattern finds in the newest letter to somebody, if need be one that is still to come.

    Letters are sent after their request is answered, and other tests have some sent, too.
    """
    found: list[re.Match[str]] = []

    def has_come() -> bool:
        letters = sorted((server.data_dir / "mail").glob("*.txt"), reverse=True)
        texts = (letter.read_text().replace("=\n", "") for letter in letters)
        mine = (text for text in texts if text.startswith(f"To: {email}\n"))
        found.extend(match for text in mine if (match := re.search(pattern, text)))
        return bool(found)

    eventually(has_come, f"a letter to {email} with {pattern!r}")
    return found[0]

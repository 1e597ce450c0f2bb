"""What the person at the terminal sees meanwhile."""

import sys


def say(text: str) -> None:
    """Tell how far we are; on stderr, for stdout is the table's."""
    print(text, file=sys.stderr, flush=True)

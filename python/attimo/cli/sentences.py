"""What is said about a command that fails: what went wrong, what was done before, what is next."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from attimo.errors import AttimoError

_ENDS = (".", "?", "!")


def joined(*sentences: str) -> str:
    """Sentences one after another, each but the last with one mark at its end."""
    said = [each.strip() for each in sentences if each.strip()]
    ended = [each if each.rstrip(")").endswith(_ENDS) else f"{each}." for each in said[:-1]]
    return " ".join([*ended, *said[-1:]])


@contextmanager
def noting(note: Callable[[BaseException], str]) -> Iterator[None]:
    """Add a note to whatever ends this early; it is told behind the error."""
    try:
        yield
    except BaseException as error:
        error.add_note(note(error))
        raise


@dataclass
class Extent:
    """How far a command has come that does its work in several requests.

    Attributes:
        noun: What its work is about: `line`.
        verb: What it does to them: `written`.
        done: How many are done, from the first.
        sent: How many are done or under way.
    """

    noun: str
    verb: str
    done: int = 0
    sent: int = 0

    def note(self, error: BaseException) -> str:
        """What was done before an error, and what was not."""
        done = f"{self.verb.capitalize()}: {self._span(1, self.done)}" if self.done else ""
        if self.sent == self.done:
            return f"{done}, and none after" if done else f"Nothing was {self.verb}"
        begun = self._span(self.done + 1, self.sent)
        if may_be_done(error):
            return f"{done}{'; p' if done else 'P'}erhaps {self.verb}: {begun}; and none after"
        return f"{done or f'Nothing was {self.verb}'}; refused: {begun}"

    def _span(self, first: int, last: int) -> str:
        if first == last:
            return f"{self.noun} {first:,}"
        return f"{self.noun}s {first:,} to {last:,}"


def may_be_done(error: BaseException) -> bool:
    """Whether a request that ended so may have been carried out: nobody has refused it."""
    return not isinstance(error, AttimoError) or error.status >= 500

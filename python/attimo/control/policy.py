"""What the operator has decided about people who sign in."""

from dataclasses import dataclass

DAY = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that actions need.

    Attributes:
        session_idle_seconds: A session ends after this time without use.
    """

    session_idle_seconds: int = DAY

"""What bodies and answers are made of.

Where the rule for a field stands in `control`, it refuses in its own words, which name the field
and the limit; `text` and `number` only describe it.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt

from attimo.names import LONGEST_CACHE


class Model(BaseModel):
    """What is said in JSON. What checks and writes it is made when it is first used."""

    model_config = ConfigDict(defer_build=True)


class StrictModel(Model):
    """A body; it has no fields but these."""

    model_config = ConfigDict(extra="forbid")


def whole(value: object) -> object:
    """3.0 as 3; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WholeNumber = Annotated[StrictInt, BeforeValidator(whole)]
"""A whole number in a body, and nothing that can be taken for one; 3.0 is one in JSON."""


def text(most: int, least: int = 0, description: str | None = None) -> Any:
    """A text of so many characters."""
    limits = {"maxLength": most} | ({"minLength": least} if least else {})
    return _described(description, limits)


def number(least: int, most: int, description: str | None = None) -> Any:
    """A whole number within limits."""
    return _described(description, {"minimum": least, "maximum": most})


def _described(description: str | None, schema: dict[str, Any]) -> Any:
    return Field(description=description, json_schema_extra=schema)


CACHE_NAME: dict[str, Any] = {
    "pattern": f"^[!-.0-~](?:[ -.0-~]{{0,{LONGEST_CACHE - 2}}}[!-.0-~])?$",
    "not": {"enum": [".", ".."]},
}

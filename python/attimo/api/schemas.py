"""The building blocks of bodies and replies.

If `control` validates a field, its error names the field and the limit; `text` and `number` only
describe it.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt

from attimo.names import LONGEST_CACHE


class Model(BaseModel):
    """A JSON object. Its validator and serializer are created on first use."""

    model_config = ConfigDict(defer_build=True)


class StrictModel(Model):
    """A body; other fields are rejected."""

    model_config = ConfigDict(extra="forbid")


def whole(value: object) -> object:
    """Return 3 for 3.0; anything else unchanged."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WholeNumber = Annotated[StrictInt, BeforeValidator(whole)]
"""A whole number in a body, not a string or boolean; in JSON, 3.0 is one."""


Id = Annotated[str, Field(json_schema_extra={"pattern": r"^[^\x00-\x1f\x7f]+$"})]
"""An ID in a path, which the data plane forwards only without control characters."""


def text(most: int, least: int = 0, description: str | None = None) -> Any:
    """A string with these lengths in characters."""
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

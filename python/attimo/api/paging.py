"""How a caller of the HTTP API asks for a part of a list."""

from typing import Annotated

from pydantic import Field

MOST = 100

Limit = Annotated[int, Field(ge=1, le=MOST, description="The most that one answer may hold.")]
NextToken = Annotated[str | None, Field(description="What the answer before gave, to go on.")]

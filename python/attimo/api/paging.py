"""How a caller of the HTTP API asks for a part of a list."""

from typing import Annotated

from pydantic import Field

MOST = 100

Limit = Annotated[int, Field(ge=1, le=MOST, description="Maximum number of entries per page.")]
NextToken = Annotated[str | None, Field(description="`next_token` of the previous page.")]

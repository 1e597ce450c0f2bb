"""The parameters of pagination in the HTTP API."""

from typing import Annotated

from pydantic import Field

MOST = 100

Limit = Annotated[int, Field(ge=1, le=MOST, description="Maximum number of entries per page.")]
NextToken = Annotated[str | None, Field(description="`next_token` of the previous page.")]

"""How an error becomes an HTTP answer: a status, and a JSON of code and message."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from attimo.errors import AttimoError, InvalidArgument, TooManyAttempts, Unimplemented

log = logging.getLogger(__name__)


class Refusal(BaseModel):
    """Why a request was not carried out: a word for programs, a sentence for people."""

    code: str
    message: str


RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {"model": Refusal, "description": "The request was refused."}
}
"""For the description of the API: every route may answer so."""


def teach(app: FastAPI) -> None:
    """Let the app answer every error in this one form."""
    for kind in (
        AttimoError,
        RequestValidationError,
        HTTPException,
        UnicodeEncodeError,
        Exception,
    ):
        app.add_exception_handler(kind, _refuse)


async def _refuse(_: Request, error: Exception) -> JSONResponse:
    """Answer; what is none of the known kinds is a mistake of ours, and is logged by the server."""
    if isinstance(error, RequestValidationError):
        error = InvalidArgument(_first(error))
    if isinstance(error, UnicodeEncodeError):
        # JSON can say what is no character; nothing that it was meant for has been done.
        error = InvalidArgument("A text holds half a surrogate pair, which is no character")
    if isinstance(error, AttimoError):
        log_if_ours(error)
        answer = _answer(error.status, error.code, str(error))
        if isinstance(error, TooManyAttempts):
            answer.headers["retry-after"] = str(error.retry_after)
        return answer
    if isinstance(error, HTTPException):
        return _answer(error.status_code, _word(error.status_code), str(error.detail))
    return _answer(500, AttimoError.code, "The server made a mistake; its log says which")


def log_if_ours(error: AttimoError) -> None:
    """Let the operator know of what no change of the request would mend."""
    if error.status >= 500 and not isinstance(error, Unimplemented):
        log.warning("%s", error)


def _answer(status: int, code: str, message: str) -> JSONResponse:
    # JSON can name what no text can hold: half a surrogate pair.
    text = message.encode(errors="replace").decode()
    return JSONResponse(Refusal(code=code, message=text).model_dump(), status)


def _first(error: RequestValidationError) -> str:
    """Name the field and its rule."""
    found = error.errors()[0]
    field = ".".join(str(part) for part in found["loc"][1:]) or str(found["loc"][0])
    return f"{field}: {found['msg']}"


def _word(status: int) -> str:
    return HTTPStatus(status).phrase.lower().replace(" ", "_")

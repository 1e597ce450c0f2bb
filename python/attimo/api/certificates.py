"""The server certificate's public files: the root to trust, and responses to ACME challenges."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from starlette.requests import Request
from starlette.responses import Response

from attimo.api.parameters import Given
from attimo.api.routing import Router
from attimo.certificates import pair
from attimo.errors import FileUnavailable, Misconfigured, NotFound

log = logging.getLogger(__name__)

router = Router(tag="certificates")

PEM = "application/x-pem-file"
ANSWER = "application/octet-stream"


def _known_root() -> Path | None:
    return None


@dataclass(frozen=True, slots=True)
class Certificates:
    """The server's root certificate and ACME responses.

    Attributes:
        root: Returns the file with the root that clients must trust; None if they already do.
        challenges: The responses to an ACME authority's challenges, by token.
    """

    root: Callable[[], Path | None] = _known_root
    challenges: Mapping[str, str] = field(default_factory=dict)


def _certificates(request: Request) -> Certificates:
    known: Certificates = request.app.state.certificates
    return known


Known = Annotated[Certificates, Given(_certificates)]


@router.get(
    "/ca.pem",
    operation_id="getRoot",
    done="The file.",
    media_types=(PEM,),
    refuses=(404,),
    security=[],
)
def root(known: Known) -> Response:
    """Get the root certificate that clients must trust, in PEM; 404 if they need none."""
    file = known.root()
    if file is None:
        raise NotFound("The certificate of this server is from an authority that clients know")
    try:
        return Response(pair.text(file), media_type=PEM)
    except Misconfigured as error:
        log.error("the root certificate that clients ask for is not given: %s", error)
        raise FileUnavailable("The root certificate") from error


@router.get(
    "/.well-known/acme-challenge/{token}",
    operation_id="answerChallenge",
    done="The file.",
    media_types=(ANSWER,),
    refuses=(404,),
    security=[],
)
def challenge(known: Known, token: str) -> Response:
    """Answer the challenge of a certificate authority (ACME, HTTP-01)."""
    answer = known.challenges.get(token)
    if answer is None:
        raise NotFound("Nobody asked for a certificate with this token")
    return Response(answer, media_type=ANSWER)

"""The one description of everything that is answered over HTTP: an OpenAPI 3.1 document.

What this app answers, it describes itself; what the data plane answers is described here, in a
module for each type of data. The document is made when somebody asks for it.
"""

from collections.abc import Iterable
from typing import Any

from attimo import __version__
from attimo.api.cookies import CSRF_HEADER
from attimo.api.description import (
    data,
    declared,
    dictionaries,
    files,
    leaderboards,
    lists,
    names,
    permissions,
    scalars,
    server,
    sets,
    sorted_sets,
)
from attimo.api.description.parts import Paths, ref
from attimo.api.refusals import ALWAYS, WORDS
from attimo.api.routing import Operation, Security

ABOUT = """\
Every path is answered on every HTTP listener, in HTTP/1.1 and HTTP/2.

A request bears an API key or a token: `Authorization: TOKEN`, `Authorization: Bearer TOKEN`,
`Authorization: Basic …` with any user name and the token as the password, or `?token=TOKEN`; more
than one of them is refused. What is not about items can also be asked with the
session of somebody who has signed in. A 401 says in `WWW-Authenticate` how to authenticate.

A body of JSON needs no `Content-Type`. One that is declared to be something else, or compressed, is
refused with 415. What has one value and is given twice is refused, too. No answer is kept by
shared caches.

Whatever is refused says why in JSON, with a word for programs and a sentence for people. `HEAD`
works wherever `GET` does: the same answer without its body. Times are in seconds since 1970, unless
their names say otherwise.
"""

_INFO = {
    "title": "Attimo",
    "summary": "An open, self-hosted serverless cache",
    "description": ABOUT,
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "version": __version__,
}

_OF_DATA = (scalars, dictionaries, lists, sets, sorted_sets, leaderboards, files)

TAGS = [
    {"name": scalars.TAG, "description": "Single values, and what can be asked of any item."},
    {"name": dictionaries.TAG, "description": "Fields with values, under one key."},
    {"name": lists.TAG, "description": "Elements in an order, under one key."},
    {"name": sets.TAG, "description": "Elements without an order, each once, under one key."},
    {"name": sorted_sets.TAG, "description": "Elements in the order of their scores."},
    {"name": leaderboards.TAG, "description": "Numbers in the order of their scores, for ever."},
    {"name": "caches", "description": "Caches: made by naming them, gone when deleted."},
    {"name": "API keys", "description": "Keys: each may what its role permits."},
    {"name": "roles", "description": "What keys and members may."},
    {"name": "tokens", "description": "Disposable tokens: for data only, kept nowhere."},
    {"name": "signing keys", "description": "What signs tokens; for the operator's account."},
    {"name": "people", "description": "Sign-up, sessions, passwords, members, invitations."},
    {"name": "limits and usage", "description": "What is allowed, and what was used."},
    {"name": "audit", "description": "Who did what."},
    {"name": "certificates", "description": "The root to trust; for everybody."},
    {"name": server.TAG, "description": "The server itself; for everybody, without a token."},
]

SECURITY_SCHEMES = {
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "An API key, a disposable token or a session's cookie's value, as it is.",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "The same, after `Bearer `."},
    "basic": {"type": "http", "scheme": "basic", "description": "The same, as the password."},
    "query": {"type": "apiKey", "in": "query", "name": "token", "description": "The same."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "attimo_session",
        "description": "From `POST /session`; with TLS, its name is `__Host-attimo_session`. Its "
        "value is a token, too: as `Authorization`, it needs no CSRF token.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "What the session said in `csrf_token`; with it for what changes something.",
    },
}
TOKENS: Security = [{"token": []}, {"bearer": []}, {"basic": []}, {"query": []}]

REFUSAL = {
    "type": "object",
    "description": "Why a request was not carried out: a word for programs, a sentence for people. "
    "`status`, `title` and `detail` are those of RFC 9457; the media type is `application/json`.",
    "properties": {
        "status": {"type": "integer", "description": "The status of the answer."},
        "title": {"type": "string", "description": "What kind of problem it is."},
        "detail": {"type": "string", "description": "The same as `message`."},
        "code": {"type": "string", "description": "A word that never changes."},
        "message": {"type": "string", "description": "What is wrong, and what the rule is."},
        "momento_code": {
            "type": "string",
            "description": "Momento's word, such as `NotFound`, which its API has in `code`.",
        },
        "err": {"type": "string", "description": "Which limit it was, if it was one."},
    },
    "required": ["status", "title", "detail", "code", "message", "momento_code"],
    "additionalProperties": False,
}


COMMON = tuple(str(status) for status in (*ALWAYS, 429))
"""How almost every request may be refused."""


def usual(status: str) -> str:
    """What a refusal of this status means, where nothing else is said of it."""
    return WORDS[int(status)]


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Describe these operations of the app, and all that the data plane answers."""
    paths, schemas = declared.described(operations, TOKENS)
    own = names.readable({"paths": paths, "schemas": schemas})
    schemas = own["schemas"] | data.SCHEMAS | permissions.SCHEMAS | {"Refusal": REFUSAL}
    for name in ("Role", "WantedRole", "WantedToken"):
        schemas[name]["properties"]["permissions"] = ref("PermissionSet")
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": [{"url": "/", "description": "This server."}],
        "paths": _data_paths() | own["paths"] | server.PATHS,
        "components": {"schemas": schemas, "securitySchemes": SECURITY_SCHEMES},
        "tags": TAGS,
        "security": TOKENS,
    }


def _data_paths() -> Paths:
    return {path: known for each in _OF_DATA for path, known in each.PATHS.items()}

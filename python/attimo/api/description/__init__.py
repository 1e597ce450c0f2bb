"""The one description of everything that is answered over HTTP: an OpenAPI 3.1 document.

What this app answers, it describes itself; what the data plane answers is described here, in a
module for each type of data, and is found at the paths that the data plane tells. The document is
made when somebody asks for it.
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
    permissions,
    scalars,
    server,
    sets,
    sorted_sets,
    topics,
)
from attimo.api.description.parts import DataRoutes, Paths, ref
from attimo.api.problems import ALWAYS, MEANINGS
from attimo.api.routing import Operation, Security

ABOUT = """\
Every HTTP listener serves all paths, in HTTP/1.1 and HTTP/2.

A request carries an API key or a token: `Authorization: TOKEN`, `Authorization: Bearer TOKEN`,
`Authorization: Basic …` with any user name and the token as the password, or `?token=TOKEN`; more
than one of them is an error. Control-plane endpoints also accept a session cookie. A 401 says in
`WWW-Authenticate` how to authenticate.

A JSON body needs no `Content-Type`. A body with another type, or a compressed one, is rejected with
415. A parameter or field that has one value must not be repeated. Shared caches store no responses.

Errors are JSON with a machine-readable `code` and a human-readable `message`. `HEAD` works wherever
`GET` does and returns the same headers without a body; for listings and whole collections without
`Content-Length`. Times are in seconds since 1970, unless their names say otherwise.

A request to a cache that sends `X-Free-Remaining-Bytes`, with any value, is told in the answer's
header of that name how many bytes the account may still transfer in this month, if that is limited.
"""

_INFO = {
    "title": "Attimo",
    "summary": "An open, self-hosted serverless cache",
    "description": ABOUT,
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "version": __version__,
}

_OF_DATA = (scalars, dictionaries, lists, sets, sorted_sets, leaderboards, topics, files)

TAGS = [
    {"name": scalars.TAG, "description": "Single values, and operations on items of any type."},
    {"name": dictionaries.TAG, "description": "Fields with values, under one key."},
    {"name": lists.TAG, "description": "Ordered elements under one key."},
    {"name": sets.TAG, "description": "Distinct, unordered elements under one key."},
    {"name": sorted_sets.TAG, "description": "Elements ordered by their scores."},
    {"name": leaderboards.TAG, "description": "Ids ranked by their scores, without a TTL."},
    {"name": topics.TAG, "description": "Messages for all who subscribe, in order."},
    {"name": "caches", "description": "Create, list, flush and delete caches."},
    {"name": "webhooks", "description": "Messages of a topic, posted to a URL."},
    {"name": "API keys", "description": "API keys; each has the permissions of its role."},
    {"name": "roles", "description": "The permissions of keys and members."},
    {"name": "tokens", "description": "Disposable tokens: for data only, not stored."},
    {"name": "signing keys", "description": "Keys that sign tokens; for the operator only."},
    {"name": "people", "description": "Sign-up, sessions, passwords, members, invitations."},
    {"name": "accounts", "description": "The accounts of a server; for its operator only."},
    {"name": "plans", "description": "What accounts may use; for the operator of a server."},
    {"name": "limits and usage", "description": "All limits, and metered usage."},
    {"name": "bills", "description": "What usage costs, by rate cards."},
    {"name": "audit", "description": "Who did what."},
    {"name": "certificates", "description": "The root certificate to trust; public."},
    {"name": server.TAG, "description": "The state of the server; public."},
]

SECURITY_SCHEMES = {
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "An API key, a disposable token or the value of a session cookie.",
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
        "description": "The session's `csrf_token`; required, with the cookie, for changes.",
    },
}
TOKENS: Security = [{"token": []}, {"bearer": []}, {"basic": []}, {"query": []}]

REFUSAL = {
    "type": "object",
    "description": "An error: `code` is machine-readable, `message` human-readable. "
    "`status`, `title` and `detail` are those of RFC 9457; the media type is `application/json`.",
    "properties": {
        "status": {"type": "integer", "description": "The status of the answer."},
        "title": {"type": "string", "description": "The kind of problem."},
        "detail": {"type": "string", "description": "The same as `message`."},
        "code": {"type": "string", "description": "The kind of error, as a stable word."},
        "message": {"type": "string", "description": "What is wrong, and what is allowed."},
        "momento_code": {
            "type": "string",
            "description": "The code of Momento's API, such as `NotFound`.",
        },
        "err": {
            "type": "string",
            "description": "The cause, as a stable word: see the reference of errors.",
        },
    },
    "required": ["status", "title", "detail", "code", "message", "momento_code", "err"],
    "additionalProperties": False,
}


COMMON = tuple(str(status) for status in ALWAYS)
"""Statuses with which almost any request can fail."""


def usual(status: str) -> str:
    """The default description of an error status."""
    return MEANINGS[int(status)]


def document(operations: Iterable[Operation], data_routes: DataRoutes) -> dict[str, Any]:
    """Describe these operations of the app, and what the data plane answers at these routes."""
    paths, schemas = declared.described(operations, TOKENS)
    schemas |= data.SCHEMAS | permissions.SCHEMAS | {"Refusal": REFUSAL}
    for name in ("RoleInfo", "ChangedRole", "RoleDefinition", "CreateToken"):
        schemas[name]["properties"]["permissions"] = ref("PermissionSet")
    schemas["WhoAmI"]["properties"]["permissions"] = ref("HeldPermissions")
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": [{"url": "/", "description": "This server."}],
        "paths": _data_paths(data_routes) | paths | server.PATHS,
        "components": {"schemas": schemas, "securitySchemes": SECURITY_SCHEMES},
        "tags": TAGS,
        "security": TOKENS,
    }


def _data_paths(routes: DataRoutes) -> Paths:
    paths: Paths = {}
    for described in _OF_DATA:
        for method, operation in described.OPERATIONS.items():
            for verb, path in routes.get(method, ()):
                if path.endswith("{key}") == (described is files):
                    paths.setdefault(path, {})[verb.lower()] = topics.ALONE.get(path, operation)
    return paths

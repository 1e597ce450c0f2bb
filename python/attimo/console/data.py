"""The data plane, asked by a page for its visitor.

A page asks as any other client does, with the token of the visitor's session: the gate decides what
they may do, limits and meters it. The connection is one within the process, and the gate is told
the visitor's address, since a role may be for some networks only.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode

from attimo.api import cookies
from attimo.console.addresses import Connect
from attimo.console.web import Visit
from attimo.errors import Busy, Unauthenticated
from attimo.errors.repeated import repeated

PATIENCE_SECONDS = 10.0
"""For an answer; a page waits for several."""

Query: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the data plane has answered: a success.

    Attributes:
        headers: By their names in lower case.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """What it says in JSON."""
        return json.loads(self.content)


class CacheData:
    """The items of one cache, as a visitor may see and change them."""

    def __init__(self, connection: HTTPConnection, cache: str, token: str) -> None:
        self.cache = cache
        self._connection = connection
        self._token = token

    def ask(
        self,
        method: str,
        below: str = "",
        query: Query | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request to a path below the cache; the body is bytes, or becomes JSON.

        Raises:
            AttimoError: It is refused; the message is the data plane's.
            Busy: There is no answer.
        """
        path = f"/cache/{quote(self.cache, safe='')}" + (f"/{below}" if below else "")
        path += f"?{urlencode(query, doseq=True)}" if query else ""
        sent = {"authorization": self._token, **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body, sent["content-type"] = json.dumps(body).encode(), "application/json"
        try:
            self._connection.request(method, path, body, sent)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            raise Busy("The data plane does not answer") from error
        named = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, named, content)
        if 200 <= answer.status < 300:
            return answer
        said = _said(answer)
        raise repeated(answer.status, said, str(said.get("message", f"Status {answer.status}")))


@contextmanager
def of_cache(visit: Visit, cache: str) -> Iterator[CacheData]:
    """The items of a cache, until the page is made.

    Raises:
        Busy: The data plane is about to stop.
        Unauthenticated: The visitor's session has no token here.
    """
    token = cookies.token_of(visit.request)
    if token is None:
        raise Unauthenticated("This page needs the cookie of your session: sign in")
    connect: Connect = visit.request.state.connect
    try:
        joined = connect(visit.visitor.peer)
    except OSError as error:
        raise Busy("The server is about to stop") from error
    joined.settimeout(PATIENCE_SECONDS)
    with closing(HTTPConnection("localhost")) as connection:
        connection.sock = joined
        yield CacheData(connection, cache, token)


def _said(answer: Answer) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

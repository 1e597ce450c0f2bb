"""The command line's HTTP client: it uses the public HTTP API, nothing else."""

import base64
import os
import re
from collections.abc import Iterator
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from attimo import names
from attimo.cli.profiles import Profile
from attimo.errors import AttimoError, FailedPrecondition, InvalidArgument, Misconfigured

if TYPE_CHECKING:
    import ssl

    import httpx

TIMEOUT_SECONDS = 30
PAGE = 100
LONGEST_WORD = 255
LONGEST_KEY_BASE64 = 24_000
"""In characters: a URL is part of the request header, which is limited to 32 KiB."""
_ID = re.compile(r"[!-.0-~]+")
MISSING_KEY = "key not found"


class HttpClient:
    """A connection to one server, as one caller."""

    def __init__(self, server: Profile) -> None:
        """Create a client; it connects at the first request.

        Raises:
            Misconfigured: The address or the certificates cannot be used.
        """
        import httpx

        self.server = server
        try:
            url, more = _way(httpx.URL(server.url), server.address)
            self._extensions = more
            self._http = httpx.Client(
                base_url=url,
                headers={
                    "Authorization": server.api_key,
                    "Host": httpx.URL(server.url).netloc.decode(),
                },
                verify=_trust(server),
                timeout=TIMEOUT_SECONDS,
                trust_env=False,
            )
        except (OSError, ValueError, httpx.InvalidURL) as error:
            raise Misconfigured(f"{server.url} cannot be used: {error}") from error

    def __enter__(self) -> Self:
        """Use it in a `with`, which closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self._http.close()

    def readiness(self) -> str:
        """The status from /ready: `ready`, or what the server is waiting for."""
        return str(self._send("GET", "/ready").json()["status"])

    def metrics(self) -> str:
        """The metrics page, in the format of Prometheus."""
        return self._ask("GET", "/metrics").text

    def create_cache(self, name: str, expires_in: int | None = None) -> None:
        """Create a cache; with `expires_in`, it is deleted after so many seconds."""
        body = {} if expires_in is None else {"expires_in": expires_in}
        self._ask("PUT", f"/caches/{_cache(name)}", json=body)

    def delete_cache(self, name: str) -> None:
        """Delete a cache and all its items."""
        self._ask("DELETE", f"/caches/{_cache(name)}")

    def flush_cache(self, name: str) -> None:
        """Delete all items of a cache."""
        self._ask("POST", f"/caches/{_cache(name)}/flush")

    def caches(self) -> Iterator[dict[str, Any]]:
        """Every cache of the account."""
        return self._pages("/caches", "caches")

    def get(self, cache: str, key: str) -> bytes | None:
        """The value of a key, or None."""
        answer = self._send("GET", f"/cache/{_cache(cache)}", params=_key(key))
        if answer.status_code == 404 and MISSING_KEY in answer.text.lower():
            return None
        return _checked(answer).content

    def set(self, cache: str, key: str, value: bytes, ttl_seconds: int) -> None:
        """Write a value."""
        query = _key(key) | {"ttl_seconds": str(ttl_seconds)}
        self._ask("PUT", f"/cache/{_cache(cache)}", params=query, content=value)

    def delete(self, cache: str, key: str) -> None:
        """Delete an item; no error if it does not exist."""
        self._ask("DELETE", f"/cache/{_cache(cache)}", params=_key(key))

    def create_key(self, role_id: str, description: str, expiry: int | str) -> dict[str, Any]:
        """Create an API key."""
        asked = {"role_id": role_id, "description": description, "expiry": expiry}
        return self._json("POST", "/api-keys", asked)

    def keys(self) -> Iterator[dict[str, Any]]:
        """Every API key of the account that is not revoked."""
        return self._pages("/api-keys", "key_info")

    def revoke_key(self, key_id: str, force: bool = False, with_made: bool = False) -> None:
        """Revoke a key immediately.

        Raises:
            FailedPrecondition: It is the last that can manage keys, and `force` is not set.
        """
        query = {"force": str(force).lower(), "with_made": str(with_made).lower()}
        self._ask("DELETE", f"/api-keys/{_part(key_id, 'id of a key')}", params=query)

    def signing_keys(self) -> list[dict[str, Any]]:
        """The keys that sign the server's tokens, the one that signs now first."""
        found: list[dict[str, Any]] = self._json("GET", "/signing-keys")["signing_keys"]
        return found

    def rotate_signing(self) -> str:
        """Create a new signing key and return its id."""
        return str(self._json("POST", "/signing-keys")["kid"])

    def retire_signing(self, kid: str | None, force: bool = False) -> None:
        """Invalidate every token that a key signed; None for all keys but the current one.

        Raises:
            FailedPrecondition: It is the current key; or this would invalidate the last API key
                that can manage keys, and `force` is not set.
        """
        path = "" if kid is None else f"/{_part(kid, 'id of a signing key')}"
        query = {"force": str(force).lower()}
        self._ask("DELETE", f"/signing-keys{path}", params=query)

    def roles(self) -> Iterator[dict[str, Any]]:
        """The system's roles, then the account's own."""
        return self._pages("/roles", "roles")

    def role(self, role_id: str) -> dict[str, Any]:
        """A role, by its id."""
        return self._json("GET", f"/roles/{_part(role_id, 'id of a role')}")

    def create_role(self, role: dict[str, Any]) -> dict[str, Any]:
        """Create a role."""
        return self._json("POST", "/roles", role)

    def change_role(self, role_id: str, role: dict[str, Any], keep_keys: bool) -> dict[str, Any]:
        """Replace a role; the answer lists the keys that were revoked by the change."""
        path = f"/roles/{_part(role_id, 'id of a role')}?keep_keys={str(keep_keys).lower()}"
        return self._json("PUT", path, role)

    def delete_role(self, role_id: str) -> dict[str, Any]:
        """Delete a role that is not in use, or return what uses it."""
        return self._json("DELETE", f"/roles/{_part(role_id, 'id of a role')}")

    def members(self) -> list[dict[str, Any]]:
        """The members of the account, the oldest first."""
        found: list[dict[str, Any]] = self._json("GET", "/members")["members"]
        return found

    def member(self, user_id: int) -> dict[str, Any]:
        """A member and what they created."""
        return self._json("GET", f"/members/{user_id}")

    def change_member(self, user_id: int, role_id: str, keep_keys: bool) -> dict[str, Any]:
        """Give a member another role; the answer lists what was revoked by the change."""
        path = f"/members/{user_id}?keep_keys={str(keep_keys).lower()}"
        return self._json("PUT", path, {"role_id": role_id})

    def remove_member(self, user_id: int, keep_keys: bool) -> None:
        """Remove a member from the account."""
        self._ask("DELETE", f"/members/{user_id}?keep_keys={str(keep_keys).lower()}")

    def invite(self, email: str, role_id: str) -> dict[str, Any]:
        """Invite a person by e-mail."""
        return self._json("POST", "/invitations", {"email": email, "role_id": role_id})

    def invitations(self) -> list[dict[str, Any]]:
        """The open invitations, the oldest first."""
        found: list[dict[str, Any]] = self._json("GET", "/invitations")["invitations"]
        return found

    def take_back_invitation(self, invitation_id: str) -> None:
        """Revoke an invitation."""
        self._ask("DELETE", f"/invitations/{_part(invitation_id, 'id of an invitation')}")

    def create_token(self, token: dict[str, Any]) -> dict[str, Any]:
        """Create a disposable token."""
        return self._json("POST", "/tokens", token)

    def audit(self, action: str | None, since: int | None) -> Iterator[dict[str, Any]]:
        """The audit log, newest first."""
        return self._pages("/audit", "entries", _said({"action": action, "since": since}))

    def limits(self) -> list[dict[str, Any]]:
        """Every limit."""
        found: list[dict[str, Any]] = self._json("GET", "/limits")["limits"]
        return found

    def usage(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The usage, with totals."""
        found: dict[str, Any] = self._ask("GET", "/usage", params=_said(asked)).json()
        return found

    def usage_csv(self, asked: dict[str, Any]) -> str:
        """The usage as CSV, without totals."""
        return self._ask("GET", "/usage", params=_said(asked | {"format": "csv"})).text

    def _pages(
        self, path: str, field: str, asked: dict[str, str] | None = None
    ) -> Iterator[dict[str, Any]]:
        query = {"limit": str(PAGE)} | (asked or {})
        while True:
            page = self._ask("GET", path, params=query).json()
            yield from page[field]
            if not page.get("next_token"):
                return
            query["next_token"] = page["next_token"]

    def _json(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer: dict[str, Any] = self._ask(method, path, json=body).json()
        return answer

    def _ask(self, method: str, path: str, **options: Any) -> "httpx.Response":
        return _checked(self._send(method, path, **options))

    def _send(self, method: str, path: str, **options: Any) -> "httpx.Response":
        import httpx

        try:
            return self._http.request(method, path, extensions=self._extensions, **options)
        except httpx.TimeoutException as error:
            raise AttimoError(f"{self.server.url} did not answer in {TIMEOUT_SECONDS} s") from error
        except UnicodeEncodeError as error:
            near = error.object[max(0, error.start - 20) : error.end + 20]
            raise InvalidArgument(f"{near!r} must be text in UTF-8") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AttimoError(f"Cannot reach {self.server.url}: {error}") from error


def _way(url: "httpx.URL", address: str | None) -> "tuple[httpx.URL, dict[str, Any]]":
    """Where to connect, and the host name to verify there."""
    if address is None:
        return url, {}
    host, _, port = address.rpartition(":")
    return url.copy_with(host=host.strip("[]"), port=int(port)), {"sni_hostname": url.host}


def _checked(answer: "httpx.Response") -> "httpx.Response":
    """The answer, if it is a success.

    Raises:
        AttimoError: It is not; the message is the server's.
    """
    if answer.is_success:
        return answer
    if answer.status_code == HTTPStatus.PRECONDITION_FAILED:
        raise FailedPrecondition(_message(answer))
    raise AttimoError(_message(answer))


def _message(answer: "httpx.Response") -> str:
    if answer.is_redirect:
        # The key is for the address that was given, and is sent nowhere else.
        to = answer.headers.get("location", "another address")
        return f"The server redirects to {to}. If that is the right server, pass it with --url"
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text.strip() or f"The server answered with status {answer.status_code}"


def _trust(server: Profile) -> "ssl.SSLContext":
    """What to trust: the profile's certificates or the system's; nothing without TLS."""
    import ssl

    if server.url.startswith("http://"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return ssl.create_default_context(cafile=server.ca)


def _part(text: str, what: str) -> str:
    """A name as a part of a path.

    Args:
        text: The name.
        what: What it names, for the message.

    Raises:
        InvalidArgument: It cannot be part of a path: it would lead to another path.
    """
    if text in (".", "..") or not _ID.fullmatch(text):
        rule = "it must be printable ASCII without '/', and not empty, '.' or '..'"
        raise InvalidArgument(f"{text[:LONGEST_WORD]!r} is not a valid {what}: {rule}")
    if len(text) > LONGEST_WORD:
        raise InvalidArgument(
            f"The {what} is too long: at most {LONGEST_WORD} characters are allowed"
        )
    return quote(text, safe="")


def _cache(name: str) -> str:
    """A cache's name as a part of a path.

    Raises:
        InvalidName: It is not a valid name.
    """
    names.check_cache(name)
    return quote(name, safe="")


def _said(asked: dict[str, Any]) -> dict[str, str]:
    """A query of all values that are not None.

    Raises:
        InvalidArgument: A value is longer than any that could match.
    """
    for name, value in asked.items():
        if len(str(value)) > LONGEST_WORD:
            raise InvalidArgument(
                f"{name} is too long: at most {LONGEST_WORD} characters are allowed"
            )
    return {name: str(value) for name, value in asked.items() if value is not None}


def _key(key: str) -> dict[str, str]:
    """A key as the exact bytes of the argument, which need not be text."""
    coded = base64.urlsafe_b64encode(os.fsencode(key)).decode()
    if len(coded) > LONGEST_KEY_BASE64:
        raise InvalidArgument(
            f"The key has {len(os.fsencode(key)):,} bytes; a URL holds at most "
            f"{LONGEST_KEY_BASE64 * 3 // 4:,}. Use a shorter key, or an SDK, which sends it by gRPC"
        )
    return {"key_base64": coded}

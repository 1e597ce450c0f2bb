"""The command line's HTTP client of the control plane; `cache_client` reads and writes items."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from attimo.cli.base_client import BaseClient, cache_part
from attimo.errors import InvalidArgument

PAGE = 100
LONGEST_WORD = 255
_ID = re.compile(r"[!-.0-~]+")


class HttpClient(BaseClient):
    """A connection to one server, as one caller."""

    def whoami(self) -> dict[str, Any]:
        """Who the server says that this client is."""
        return self._json("GET", "/whoami")

    def readiness(self) -> str:
        """The status from /ready: `ready`, or what the server is waiting for."""
        return str(self.send("GET", "/ready").json()["status"])

    def metrics(self) -> str:
        """The metrics page, in the format of Prometheus."""
        return self.ask("GET", "/metrics").text

    def create_cache(
        self, name: str, expires_in: int | None = None, token_for: int | None = None
    ) -> str | None:
        """Create a cache; with `expires_in`, it is deleted after so many seconds.

        With `token_for`, also create a token for it that is valid for so many seconds; return it.
        """
        body: dict[str, Any] = {} if expires_in is None else {"expires_in": expires_in}
        if token_for is not None:
            body["token"] = {"valid_for_seconds": token_for}
        told = self.ask("PUT", f"/caches/{cache_part(name)}", body=body).json()
        return str(told["token"]["token"]) if token_for is not None else None

    def token_of_cache(self, name: str, valid_for_seconds: int) -> str:
        """Create a token that reads and writes the items of one cache."""
        rule = {"type": "cache", "permissions": ["read", "write"], "caches": {"name": name}}
        permissions = {"rules": [rule | {"items": "*"}]}
        asked = {"permissions": permissions, "valid_for_seconds": valid_for_seconds}
        return str(self.create_token(asked)["token"])

    def extend_cache(self, name: str, expires_in: int) -> None:
        """Let a cache live for at least so many seconds from now."""
        self.ask("POST", f"/caches/{cache_part(name)}/extend", body={"expires_in": expires_in})

    def delete_cache(self, name: str) -> None:
        """Delete a cache and all its items."""
        self.ask("DELETE", f"/caches/{cache_part(name)}")

    def flush_cache(self, name: str) -> None:
        """Delete all items of a cache."""
        self.ask("POST", f"/caches/{cache_part(name)}/flush")

    def caches(self) -> Iterator[dict[str, Any]]:
        """Every cache of the account."""
        return self.pages("/caches", "caches")

    def cache_stats(self, name: str) -> dict[str, Any]:
        """What a cache stores, and its counts since the server started."""
        return self._json("GET", f"/caches/{cache_part(name)}/stats")

    def create_key(self, role_id: str, description: str, expiry: int | str) -> dict[str, Any]:
        """Create an API key."""
        asked = {"role_id": role_id, "description": description, "expiry": expiry}
        return self._json("POST", "/api-keys", asked)

    def api_keys(self) -> Iterator[dict[str, Any]]:
        """Every API key of the account that is not revoked."""
        return self.pages("/api-keys", "key_info")

    def revoke_key(self, key_id: str, force: bool = False, with_made: bool = False) -> None:
        """Revoke a key immediately.

        Raises:
            FailedPrecondition: It is the last that can manage keys, and `force` is not set.
        """
        query = {"force": _flag(force), "with_made": _flag(with_made)}
        self.ask("DELETE", f"/api-keys/{part(key_id, 'id of a key')}", query=query)

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
        path = "" if kid is None else f"/{part(kid, 'id of a signing key')}"
        query = {"force": _flag(force)}
        self.ask("DELETE", f"/signing-keys{path}", query=query)

    def roles(self) -> Iterator[dict[str, Any]]:
        """The system's roles, then the account's own."""
        return self.pages("/roles", "roles")

    def role(self, role_id: str) -> dict[str, Any]:
        """A role, by its id."""
        return self._json("GET", f"/roles/{part(role_id, 'id of a role')}")

    def create_role(self, role: dict[str, Any]) -> dict[str, Any]:
        """Create a role."""
        return self._json("POST", "/roles", role)

    def change_role(self, role_id: str, role: dict[str, Any], keep_keys: bool) -> dict[str, Any]:
        """Replace a role; the answer lists the keys that were revoked by the change."""
        path = f"/roles/{part(role_id, 'id of a role')}"
        return self._json("PUT", path, role, {"keep_keys": _flag(keep_keys)})

    def delete_role(self, role_id: str) -> dict[str, Any]:
        """Delete a role that is not in use, or return what uses it."""
        return self._json("DELETE", f"/roles/{part(role_id, 'id of a role')}")

    def members(self) -> list[dict[str, Any]]:
        """The members of the account, the oldest first."""
        found: list[dict[str, Any]] = self._json("GET", "/members")["members"]
        return found

    def member(self, user_id: int) -> dict[str, Any]:
        """A member and what they created."""
        return self._json("GET", f"/members/{user_id}")

    def change_member(self, user_id: int, role_id: str, keep_keys: bool) -> dict[str, Any]:
        """Give a member another role; the answer lists what was revoked by the change."""
        query = {"keep_keys": _flag(keep_keys)}
        return self._json("PUT", f"/members/{user_id}", {"role_id": role_id}, query)

    def remove_member(self, user_id: int, keep_keys: bool) -> None:
        """Remove a member from the account."""
        self.ask("DELETE", f"/members/{user_id}", query={"keep_keys": _flag(keep_keys)})

    def invite(self, email: str, role_id: str) -> dict[str, Any]:
        """Invite a person by e-mail."""
        return self._json("POST", "/invitations", {"email": email, "role_id": role_id})

    def sign_in_link(self) -> dict[str, Any]:
        """Create a link with which the owner of the machine signs in."""
        return self._json("POST", "/session/links")

    def invitations(self) -> list[dict[str, Any]]:
        """The open invitations, the oldest first."""
        found: list[dict[str, Any]] = self._json("GET", "/invitations")["invitations"]
        return found

    def take_back_invitation(self, invitation_id: str) -> None:
        """Revoke an invitation."""
        self.ask("DELETE", f"/invitations/{part(invitation_id, 'id of an invitation')}")

    def accounts(self, name: str | None = None) -> Iterator[dict[str, Any]]:
        """The accounts of the server, the oldest first; only those with a name, if there is one."""
        return self.pages("/accounts", "accounts", {} if name is None else {"name": name})

    def account(self, account_id: int) -> dict[str, Any]:
        """An account of the server."""
        return self._json("GET", f"/accounts/{account_id}")

    def create_account(self, name: str, email: str | None) -> dict[str, Any]:
        """Create an account, with an invitation of its owner or an API key."""
        return self._json("POST", "/accounts", {"name": name, "email": email})

    def rename_account(self, account_id: int, name: str) -> dict[str, Any]:
        """Rename an account."""
        return self._json("PUT", f"/accounts/{account_id}", {"name": name})

    def suspend_account(self, account_id: int) -> dict[str, Any]:
        """Refuse all requests of an account."""
        return self._json("POST", f"/accounts/{account_id}/suspend")

    def reset_second_factor(self, email: str) -> dict[str, Any]:
        """Remove the second factor of a user."""
        return self._json("POST", "/accounts/second-factors/reset", {"email": email})

    def resume_account(self, account_id: int) -> dict[str, Any]:
        """Serve a suspended account again."""
        return self._json("POST", f"/accounts/{account_id}/resume")

    def invite_owner(self, account_id: int, email: str) -> dict[str, Any]:
        """Invite the owner of an account that nobody can manage."""
        return self._json("POST", f"/accounts/{account_id}/invitations", {"email": email})

    def delete_account(self, account_id: int) -> None:
        """Delete an account with everything in it."""
        self.ask("DELETE", f"/accounts/{account_id}")

    def plans(self) -> list[dict[str, Any]]:
        """The plans of the server, by name."""
        found: list[dict[str, Any]] = self._json("GET", "/plans")["plans"]
        return found

    def plan(self, name: str) -> dict[str, Any]:
        """A plan."""
        return self._json("GET", f"/plans/{part(name, 'name of a plan')}")

    def create_plan(self, name: str, limits: dict[str, Any]) -> dict[str, Any]:
        """Create a plan."""
        return self._json("POST", "/plans", {"name": name, "limits": limits})

    def change_plan(self, name: str, limits: dict[str, Any]) -> dict[str, Any]:
        """Replace all limits of a plan."""
        return self._json("PUT", f"/plans/{part(name, 'name of a plan')}", {"limits": limits})

    def delete_plan(self, name: str, successor: str | None) -> None:
        """Delete a plan; accounts that have it get the successor."""
        path = f"/plans/{part(name, 'name of a plan')}"
        self.ask("DELETE", path, query=_said({"successor": successor}))

    def own_limits(self) -> dict[str, Any]:
        """The plan and the limits of the caller's account."""
        found: dict[str, Any] = self._json("GET", "/limits")["account"]
        return found

    def account_limits(self, account_id: int) -> dict[str, Any]:
        """The plan and the limits of an account."""
        return self._json("GET", f"/accounts/{account_id}/limits")

    def assign_plan(self, account_id: int, plan: str, overrides: dict[str, Any]) -> None:
        """Give an account a plan, and replace all its overrides."""
        asked = {"plan": plan, "overrides": overrides}
        self.ask("PUT", f"/accounts/{account_id}/limits", body=asked)

    def create_token(self, token: dict[str, Any]) -> dict[str, Any]:
        """Create a disposable token."""
        return self._json("POST", "/tokens", token)

    def audit(
        self,
        action: str | None,
        since: int | None,
        limit: int,
        next: str | None = None,
        accounts: str | None = None,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The newest entries of the audit log, at most `limit`, and where it continues."""
        filters = {"action": action, "since": since, "accounts": accounts}
        asked = _said(filters | {"next_token": next})
        found: list[dict[str, Any]] = []
        while True:
            size = min(PAGE, limit - len(found))
            page = self.ask("GET", "/audit", query=asked | {"limit": str(size)}).json()
            found += page["entries"]
            token = page.get("next_token")
            if token is None or len(found) >= limit:
                return found, token
            asked["next_token"] = token

    def limits(self) -> list[dict[str, Any]]:
        """Every limit."""
        found: list[dict[str, Any]] = self._json("GET", "/limits")["limits"]
        return found

    def usage(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The usage, with totals."""
        found: dict[str, Any] = self.ask("GET", "/usage", query=_said(asked)).json()
        return found

    def usage_csv(self, asked: dict[str, Any]) -> str:
        """The usage as CSV, without totals."""
        return self.ask("GET", "/usage", query=_said(asked | {"format": "csv"})).text

    def bills(self, account: int | None = None) -> dict[str, Any]:
        """The months with a bill, the newest first, and the rate cards."""
        found: dict[str, Any] = self.ask("GET", "/bills", query=_said({"account": account})).json()
        return found

    def bill(self, month: str, asked: dict[str, Any]) -> dict[str, Any]:
        """The bill of a month."""
        found: dict[str, Any] = self.ask("GET", _bill(month), query=_said(asked)).json()
        return found

    def bill_csv(self, month: str, asked: dict[str, Any], compare: bool) -> str:
        """The lines or shares of a bill as CSV, or its lines by every rate card."""
        path = f"{_bill(month)}/compare" if compare else _bill(month)
        return self.ask("GET", path, query=_said(asked | {"format": "csv"})).text

    def compared_bills(self, month: str, asked: dict[str, Any]) -> dict[str, Any]:
        """The bills of a month by every rate card."""
        path = f"{_bill(month)}/compare"
        found: dict[str, Any] = self.ask("GET", path, query=_said(asked)).json()
        return found

    def budget(self) -> dict[str, Any]:
        """The budget of the account."""
        return self._json("GET", "/budget")

    def set_budget(self, budget: dict[str, Any]) -> dict[str, Any]:
        """Set the budget of the account."""
        return self._json("PUT", "/budget", budget)

    def delete_budget(self) -> None:
        """Delete the budget of the account."""
        self.ask("DELETE", "/budget")

    def payments(self) -> dict[str, Any]:
        """How the account pays."""
        return self._json("GET", "/payments")

    def set_up_payments(self) -> dict[str, Any]:
        """Open a page for a payment method."""
        return self._json("POST", "/payments/setup")

    def pages(
        self, path: str, field: str, asked: Mapping[str, str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """All entries of a list, page by page; `field` has those of a page."""
        query = {"limit": str(PAGE), **(asked or {})}
        while True:
            page = self.ask("GET", path, query=query).json()
            yield from page[field]
            if not page.get("next_token"):
                return
            query["next_token"] = page["next_token"]

    def _json(
        self, method: str, path: str, body: object = None, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        answer: dict[str, Any] = self.ask(method, path, query, body).json()
        return answer


def part(text: str, what: str) -> str:
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


def _flag(value: bool) -> str:
    return str(value).lower()


def _bill(month: str) -> str:
    return f"/bills/{part(month, 'month')}"


def _said(asked: Mapping[str, Any]) -> dict[str, str]:
    """A query of all values that are not None.

    Raises:
        InvalidArgument: A value is longer than any that could match.
    """
    for name, value in asked.items():
        if name != "next_token" and len(str(value)) > LONGEST_WORD:
            raise InvalidArgument(
                f"{name} is too long: at most {LONGEST_WORD} characters are allowed"
            )
    return {name: str(value) for name, value in asked.items() if value is not None}

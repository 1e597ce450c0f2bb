"""Accounts with limits, as the parts of the bench make them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from bench.errors import RunError
from bench.peers import Peer

Limits = dict[str, int]


@dataclass(frozen=True, slots=True)
class Account:
    """An account, and a key of it."""

    id: int
    key: str


class Operator:
    """Who runs a server: the owner of its first account."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def create(self, name: str) -> Account:
        """Create an account."""
        made = self._ask("POST", "/accounts", {"name": name}).json()
        return Account(made["account_id"], made["api_key"])

    def assign(self, account_id: int, plan: str, overrides: Limits) -> None:
        """Give an account a plan, and limits in place of the plan's."""
        asked = {"plan": plan, "overrides": overrides}
        self._ask("PUT", f"/accounts/{account_id}/limits", asked)

    def create_plan(self, name: str) -> None:
        """Create a plan without limits."""
        self._ask("POST", "/plans", {"name": name, "limits": {}})

    def change_plan(self, name: str, limits: Limits) -> None:
        """Give a plan other limits."""
        self._ask("PUT", f"/plans/{name}", {"limits": limits})

    def get(self, account: Account, cache: str) -> None:
        """Let an account ask for an item that it does not have."""
        headers = {"authorization": account.key}
        answer = self._client.get(f"/cache/{cache}?key=k", headers=headers)
        if answer.status_code != httpx.codes.NOT_FOUND:
            raise RunError(f"an account was answered {answer.status_code}: {answer.text}")

    def _ask(self, method: str, path: str, body: Mapping[str, object]) -> httpx.Response:
        answer = self._client.request(method, path, json=body)
        if not answer.is_success:
            raise RunError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer


@contextmanager
def operator(peer: Peer) -> Iterator[Operator]:
    """The operator of a server, within the block."""
    headers = {"authorization": peer.token}
    with httpx.Client(
        base_url=f"http://{peer.address}", headers=headers, timeout=60, trust_env=False
    ) as client:
        yield Operator(client)

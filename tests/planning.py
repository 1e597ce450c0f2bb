"""What tests of plans ask an app, as the operator and as an account."""

from typing import Any

from fakes import Client


def create(owner: Client, name: str, **limits: Any) -> None:
    answer = owner.ask("POST", "/plans", {"name": name, "limits": limits})
    assert answer.status_code == 201, answer.text


def assign(owner: Client, account_id: int, plan: str, **overrides: Any) -> None:
    asked = {"plan": plan, "overrides": overrides}
    answer = owner.ask("PUT", f"/accounts/{account_id}/limits", asked)
    assert answer.status_code == 204, answer.text


def listed(owner: Client) -> dict[str, Any]:
    found = owner.ask("GET", "/plans").json()["plans"]
    return {each["name"]: each["limits"] for each in found}


def limits(client: Client) -> dict[str, dict[str, Any]]:
    """The limits that an account sees of itself, by name."""
    found = client.ask("GET", "/limits").json()["account"]
    return {each["name"]: each for each in found["limits"]}


def audited(client: Client, action: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.ask("GET", f"/audit?action={action}").json()["entries"]
    return found

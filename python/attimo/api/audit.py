"""The audit log over HTTP (not in Momento's API)."""

from typing import Annotated, Any

from pydantic import Field

from attimo.api.accounts import Accounts
from attimo.api.caller import Authenticated
from attimo.api.paging import MOST, Limit, NextToken
from attimo.api.routing import Router
from attimo.api.schemas import Model
from attimo.control import audit, chosen_accounts
from attimo.control.audit import Entry

router = Router("/audit", "audit")


class AuditEntry(Model):
    """An action that was performed; `at` in seconds since 1970.

    `actor` is `key …`, `member …`, `local` (the owner of a `--local` server) or `system`; `peer` is
    the client's address. `account_id` and `account` are there if the request has `accounts`.
    """

    account_id: int | None = None
    account: str | None = None

    at: int
    actor: str
    peer: str
    action: str
    subject: str
    details: dict[str, Any]


class AuditPage(Model):
    """A page of the audit log, newest first; the last one has no `next_token`."""

    entries: list[AuditEntry]
    next_token: str | None = None


@router.get(operation_id="listAudit")
def list_page(
    caller: Authenticated,
    limit: Limit = MOST,
    next_token: NextToken = None,
    action: Annotated[
        str | None, Field(description="An action (`cache.create`) or a kind (`cache`).")
    ] = None,
    since: Annotated[
        int | None, Field(ge=0, le=2**53, description="Oldest entry, in seconds since 1970.")
    ] = None,
    accounts: Accounts = None,
) -> AuditPage:
    """Show who did what to keys, roles, caches, members and accounts."""
    if accounts is None:
        page = caller.perform(audit.list_page, limit, next_token, action, since)
        return AuditPage(entries=[_entry(each) for each in page.items], next_token=page.next_token)
    chosen = chosen_accounts.read(accounts)
    page = caller.perform(audit.list_page_of, chosen, limit, next_token, action, since)
    shown = [_entry(each, account_id=each.account_id, account=each.account) for each in page.items]
    return AuditPage(entries=shown, next_token=page.next_token)


def _entry(entry: Entry, **of: Any) -> AuditEntry:
    return AuditEntry(
        at=entry.at,
        actor=entry.actor,
        peer=entry.peer,
        action=entry.action,
        subject=entry.subject,
        details=entry.details,
        **of,
    )

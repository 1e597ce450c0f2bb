"""The audit log, with filters; for operators, of all accounts, too."""

from datetime import UTC, datetime

from starlette.responses import Response

from attimo.console import web
from attimo.console.web import Pages, Visit
from attimo.control import audit, chosen_accounts
from attimo.errors import AttimoError, InvalidArgument

KINDS = (
    *(
        "account",
        "budget",
        "cache",
        "eviction",
        "identity",
        "invitation",
        "key",
        "member",
        "payment",
        "plan",
    ),
    *("role", "second-factor", "session", "signing", "url-key", "webhook"),
)
"""The nouns of actions, to choose from."""

pages = Pages()


@pages.get("/audit")
def show(visit: Visit) -> Response:
    """The entries that match, newest first."""
    asked = visit.request.query_params
    action, since = asked.get("action", "").strip(), asked.get("since", "").strip()
    of_server = asked.get("of") == "server"
    error: AttimoError | None = None
    try:
        moment = _moment(since)
    except InvalidArgument as refusal:
        error, moment = refusal, None
    which = (web.MOST_ROWS, asked.get("after"), action or None, moment)
    if of_server:
        every = chosen_accounts.read(chosen_accounts.EVERY)
        found = visit.perform(audit.list_page_of, every, *which)
    else:
        found = visit.perform(audit.list_page, *which)
    return visit.page(
        "audit.html",
        error=error,
        entries=found.items,
        next=found.next_token,
        asked={"action": action, "since": since, "of": "server" if of_server else ""},
        after=asked.get("after"),
        of_server=of_server,
        may_see_server=visit.may(chosen_accounts.READ),
        kinds=KINDS,
    )


def _moment(since: str) -> int | None:
    """The first second of a day (UTC).

    Raises:
        InvalidArgument: It is no day.
    """
    if not since:
        return None
    try:
        day = datetime.strptime(since, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidArgument("since must be a day, such as 2026-12-01") from error
    return max(int(day.timestamp()), 0)

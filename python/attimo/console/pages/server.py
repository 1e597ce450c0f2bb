"""The server, for its operators: version, uptime, memory, certificate, ledger, accounts."""

import os
from collections.abc import Mapping
from pathlib import Path

from starlette.responses import Response

from attimo import __version__
from attimo.console import web
from attimo.console.health import Health
from attimo.console.web import Pages, Visit
from attimo.control import accounts, plans

_SELF = Path("/proc/self")

pages = Pages()


@pages.get("/server")
def show(visit: Visit) -> Response:
    """How the server is, and whom it serves."""
    after = visit.request.query_params.get("after")
    found = visit.perform(accounts.list_page, web.MOST_ROWS, after)
    health: Health = visit.request.state.health()
    return visit.page(
        "server.html",
        version=__version__,
        health=health,
        uptime=visit.now - health.started_at,
        process=_process(),
        mode=visit.people.sign_up,
        accounts=found.items,
        plans=[each.name for each in visit.perform(plans.list_all)],
        after=after,
        next=found.next_token,
    )


def _process() -> Mapping[str, int]:
    """The memory, threads and open files of this process, as Linux counts them."""
    resident = int((_SELF / "statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    threads, files = (sum(1 for _ in (_SELF / each).iterdir()) for each in ("task", "fd"))
    return {"resident_bytes": resident, "threads": threads, "files": files}

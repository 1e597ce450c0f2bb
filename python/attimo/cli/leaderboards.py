"""attimo leaderboards: ids with scores, ranked."""

from typing import Any

from attimo.cli import ask
from attimo.cli.cache_client import CacheClient
from attimo.cli.command import Group, command
from attimo.cli.elements import LENGTH, Score, given, or_miss
from attimo.cli.options import MOST_UINT32, NEGATIVE_NUMBERS, Integer, argument, option, yes
from attimo.cli.shapes import Answer, Column, Done, Listing, quoted
from attimo.cli.target import asks_cache

PATH = "/leaderboard"
PAGE = 8192

group = Group("leaderboards", help="Leaderboards: ids with scores, ranked.")

ENTRIES = Listing(Column("rank", "number"), Column("id", "number"), Column("score", "score"))
_ID = Integer(0, MOST_UINT32)

the_name = argument("name", "The leaderboard.")
the_ids = argument("ids", "The ids.", type=_ID, nargs=-1, required=True, metavar="ID...")
ascending_option = option("--ascending", is_flag=True, help="Rank the lowest score first, as 0.")


@command(
    group,
    shape=ENTRIES,
    examples=[
        "attimo leaderboards show game --count 10",
        "attimo leaderboards show game --min 0 --below 100 --json",
    ],
)
@the_name
@option("--min", "least", type=Score(finite=True), help="Lowest score (inclusive).")
@option("--below", type=Score(finite=True), help="Only scores below this (exclusive).")
@option("--offset", type=_ID, default=0, show_default=True, help="Number of entries to skip.")
@option(
    "--count",
    type=Integer(1, PAGE),
    default=100,
    show_default=True,
    help="Maximum number of entries.",
)
@ascending_option
@asks_cache
def show(
    cache: CacheClient,
    name: str,
    least: float | None,
    below: float | None,
    offset: int,
    count: int,
    ascending: bool,
) -> Answer:
    """List ids with their ranks and scores, highest score first."""
    query = given(min=least, max=below, offset=offset, limit=count, order=_order(ascending))
    return _listed(cache.ask("GET", PATH, name, **query) or {"elements": []})


@command(
    group,
    shape=Done("Set a score.", Column("id", "number"), Column("score", "score"), quiet=True),
    examples=["attimo leaderboards put game 7 99.5", "attimo leaderboards put game 8 -1"],
    context_settings=NEGATIVE_NUMBERS,
)
@the_name
@argument("id_", "The id.", type=_ID, metavar="ID")
@argument("score", "Its score.", type=Score(finite=True))
@asks_cache
def put(cache: CacheClient, name: str, id_: int, score: float) -> dict[str, Any]:
    """Write an id with its score, and create the leaderboard if it does not exist."""
    cache.tell(PATH, name, {"elements": [{"id": id_, "score": score}]})
    return {"id": id_, "score": score}


@command(
    group,
    shape=ENTRIES,
    examples=["attimo leaderboards rank game 7", "attimo leaderboards rank game 7 8 --competition"],
)
@the_name
@the_ids
@option("--competition", is_flag=True, help="Give equal scores the same rank: 0, 1, 1, 3.")
@ascending_option
@asks_cache
def rank(
    cache: CacheClient, name: str, ids: tuple[int, ...], competition: bool, ascending: bool
) -> Answer:
    """List ids with their ranks and scores; exit with 1 if none of them exists."""
    query = {"id": list(ids), "order": _order(ascending)}
    query |= {"competition": "true"} if competition else {}
    told = cache.ask("GET", f"{PATH}/ranks", name, **query)
    return _listed(told) if told and told["elements"] else or_miss(None)


@command(
    group,
    shape=Done("Removed ids.", Column("ids", "data"), quiet=True),
    examples=["attimo leaderboards remove game 7", "attimo leaderboards remove game 7 8"],
)
@the_name
@the_ids
@asks_cache
def remove(cache: CacheClient, name: str, ids: tuple[int, ...]) -> dict[str, Any]:
    """Remove ids; missing ones are ignored."""
    cache.ask("DELETE", PATH, name, id=list(ids))
    return {"ids": list(ids)}


@command(
    group,
    shape=LENGTH,
    examples=["attimo leaderboards length game", "attimo leaderboards length game --json"],
)
@the_name
@asks_cache
def length(cache: CacheClient, name: str) -> dict[str, Any]:
    """Print the number of ids; 0 if the leaderboard does not exist."""
    return cache.ask("GET", f"{PATH}/length", name) or {"length": 0}


@command(
    group,
    shape=Done(lambda told: f"Deleted the leaderboard {quoted(told['name'])}.", Column("name")),
    examples=["attimo leaderboards delete game --yes", "attimo leaderboards delete game --json"],
)
@the_name
@yes
@asks_cache
def delete(cache: CacheClient, name: str, yes: bool) -> dict[str, Any]:
    """Delete a leaderboard; no error if it does not exist."""
    ask.confirm(f"Delete the leaderboard {quoted(name)}? This can't be undone.", yes)
    cache.ask("DELETE", PATH, name)
    return {"name": name}


def _order(ascending: bool) -> str:
    return "asc" if ascending else "desc"


def _listed(told: dict[str, Any]) -> Answer:
    return or_miss([each | {"score": float(each["score"])} for each in told["elements"]])

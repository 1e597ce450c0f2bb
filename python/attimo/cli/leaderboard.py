"""attimo leaderboard: ids with scores, ranked."""

from typing import Annotated, Any

import typer

from attimo.cli.elements import NEGATIVE_NUMBERS, number
from attimo.cli.grpc_client import GrpcClient
from attimo.cli.output import Json, print_json, print_table
from attimo.cli.target import asks_cache

PAGE = 8192
HIGHEST_ID = 2**32 - 1

app = typer.Typer(help="Leaderboards: ids with scores, ranked.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The leaderboard.")]
Ids = Annotated[list[int], typer.Argument(help="The ids.", min=0, max=HIGHEST_ID)]
Ascending = Annotated[bool, typer.Option("--ascending", help="Rank the lowest score first, as 0.")]


@app.command()
@asks_cache
def show(
    cache: GrpcClient,
    name: Name,
    least: Annotated[float | None, typer.Option("--min", help="Lowest score (inclusive).")] = None,
    below: Annotated[
        float | None, typer.Option("--below", help="Only scores below this (exclusive).")
    ] = None,
    offset: Annotated[
        int, typer.Option(help="Number of entries to skip.", min=0, max=HIGHEST_ID)
    ] = 0,
    count: Annotated[int, typer.Option(help="Maximum number of entries.", min=1, max=PAGE)] = 100,
    ascending: Ascending = False,
    as_json: Json = False,
) -> None:
    """List ids with their ranks and scores, highest score first."""
    range_: dict[str, Any] = {}
    if least is not None:
        range_["min_inclusive"] = least
    if below is not None:
        range_["max_exclusive"] = below
    reply = cache.ask_board(
        "GetByScore",
        leaderboard=name,
        score_range=range_,
        offset=offset,
        limit_elements=count,
        order=_order(ascending),
    )
    _print(reply.elements, as_json)


@app.command(context_settings=NEGATIVE_NUMBERS)
@asks_cache
def put(
    cache: GrpcClient,
    name: Name,
    id_: Annotated[int, typer.Argument(metavar="ID", help="The id.", min=0, max=HIGHEST_ID)],
    score: Annotated[float, typer.Argument(help="Its score.")],
) -> None:
    """Write an id with its score, and create the leaderboard if it does not exist."""
    cache.ask_board("UpsertElements", leaderboard=name, elements=[{"id": id_, "score": score}])


@app.command()
@asks_cache
def rank(
    cache: GrpcClient,
    name: Name,
    ids: Ids,
    competition: Annotated[
        bool, typer.Option("--competition", help="Give equal scores the same rank: 0, 1, 1, 3.")
    ] = False,
    ascending: Ascending = False,
    as_json: Json = False,
) -> None:
    """List ids with their ranks and scores; exit with 1 if none of them exists."""
    method = "GetCompetitionRank" if competition else "GetRank"
    reply = cache.ask_board(method, leaderboard=name, ids=ids, order=_order(ascending))
    if not reply.elements:
        raise typer.Exit(1)
    _print(reply.elements, as_json)


@app.command()
@asks_cache
def remove(cache: GrpcClient, name: Name, ids: Ids) -> None:
    """Remove ids; missing ones are ignored."""
    cache.ask_board("RemoveElements", leaderboard=name, ids=ids)


@app.command()
@asks_cache
def length(cache: GrpcClient, name: Name) -> None:
    """Print the number of ids; 0 if the leaderboard does not exist."""
    print(cache.ask_board("GetLeaderboardLength", leaderboard=name).count)


@app.command()
@asks_cache
def delete(cache: GrpcClient, name: Name) -> None:
    """Delete a leaderboard; no error if it does not exist."""
    cache.ask_board("DeleteLeaderboard", leaderboard=name)


def _order(ascending: bool) -> int:
    from attimo.cli.leaderboard_messages import ASCENDING, DESCENDING

    return ASCENDING if ascending else DESCENDING


def _print(elements: Any, as_json: bool) -> None:
    if as_json:
        print_json([{"rank": each.rank, "id": each.id, "score": each.score} for each in elements])
    else:
        rows = [(str(each.rank), str(each.id), number(each.score)) for each in elements]
        print_table(["Rank", "Id", "Score"], rows)

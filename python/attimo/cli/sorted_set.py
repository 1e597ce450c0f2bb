"""attimo sorted-set: values with scores under one key, ordered by score."""

import os
from enum import StrEnum
from typing import Annotated, Any

import typer

from attimo.cli.elements import (
    MOST_INT32,
    NEGATIVE_NUMBERS,
    Ttl,
    hit,
    lifetime,
    number,
    said,
    said_score,
    shown,
    typed,
)
from attimo.cli.grpc_client import GrpcClient
from attimo.cli.output import Json, print_json, print_table
from attimo.cli.target import asks_cache

app = typer.Typer(
    help="Sorted sets: values with scores under one key, ordered by score.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="The sorted set.")]
Value = Annotated[str, typer.Argument(help="The value.")]
Descending = Annotated[
    bool, typer.Option("--descending", help="Rank the highest score first, as 0.")
]


class Aggregate(StrEnum):
    """How the scores of a value that is in several sets are combined."""

    SUM = "sum"
    MIN = "min"
    MAX = "max"


@app.command()
@asks_cache
def show(
    cache: GrpcClient,
    name: Name,
    start: Annotated[
        int | None,
        typer.Option(
            help="First rank; negative counts from the end.", min=-MOST_INT32, max=MOST_INT32
        ),
    ] = None,
    end: Annotated[
        int | None,
        typer.Option(
            help="End rank (exclusive); negative counts from the end.",
            min=-MOST_INT32,
            max=MOST_INT32,
        ),
    ] = None,
    least: Annotated[float | None, typer.Option("--min", help="Lowest score (inclusive).")] = None,
    most: Annotated[float | None, typer.Option("--max", help="Highest score (inclusive).")] = None,
    descending: Descending = False,
    as_json: Json = False,
) -> None:
    """List values with their scores, all or a range; exit with 1 if there is no sorted set."""
    if (start, end) != (None, None) and (least, most) != (None, None):
        raise typer.BadParameter("pass --start and --end or --min and --max, not both")
    by_score = (least, most) != (None, None)
    range_ = {"by_score": _scores(least, most)} if by_score else {"by_index": _ranks(start, end)}
    reply = cache.ask(
        "SortedSetFetch",
        set_name=os.fsencode(name),
        order=int(descending),
        with_scores=True,
        **range_,
    )
    _print(hit(reply, "sorted_set").values_with_scores.elements, as_json)


@app.command(context_settings=NEGATIVE_NUMBERS)
@asks_cache
def put(
    cache: GrpcClient,
    name: Name,
    value: Value,
    score: Annotated[float, typer.Argument(help="Its score.")],
    ttl: Ttl = None,
) -> None:
    """Write a value with its score, and create the sorted set if it does not exist."""
    element = {"value": os.fsencode(value), "score": score}
    cache.ask("SortedSetPut", set_name=os.fsencode(name), elements=[element], **lifetime(ttl))


@app.command(context_settings=NEGATIVE_NUMBERS)
@asks_cache
def increment(
    cache: GrpcClient,
    name: Name,
    value: Value,
    amount: Annotated[float, typer.Argument(help="Amount to add; can be negative.")] = 1,
    ttl: Ttl = None,
) -> None:
    """Add to the score of a value, and print the sum."""
    reply = cache.ask(
        "SortedSetIncrement",
        set_name=os.fsencode(name),
        value=os.fsencode(value),
        amount=amount,
        **lifetime(ttl),
    )
    print(number(reply.score))


@app.command()
@asks_cache
def score(cache: GrpcClient, name: Name, value: Value) -> None:
    """Print the score of a value; exit with 1 and print nothing if it does not exist."""
    from momento_wire_types import cacheclient_pb2 as pb

    reply = cache.ask("SortedSetGetScore", set_name=os.fsencode(name), values=typed([value]))
    (element,) = hit(reply, "sorted_set").elements
    if element.result != pb.Hit:
        raise typer.Exit(1)
    print(number(element.score))


@app.command()
@asks_cache
def rank(cache: GrpcClient, name: Name, value: Value, descending: Descending = False) -> None:
    """Print the rank of a value, from 0; exit with 1 and print nothing if it does not exist."""
    from momento_wire_types import cacheclient_pb2 as pb

    asked = {"set_name": os.fsencode(name), "value": os.fsencode(value), "order": int(descending)}
    found = cache.ask("SortedSetGetRank", **asked).element_rank
    if found.result != pb.Hit:
        raise typer.Exit(1)
    print(found.rank)


@app.command()
@asks_cache
def remove(
    cache: GrpcClient, name: Name, values: Annotated[list[str], typer.Argument(help="The values.")]
) -> None:
    """Remove values; missing ones are ignored. Removing the last value deletes the sorted set."""
    cache.ask("SortedSetRemove", set_name=os.fsencode(name), some={"values": typed(values)})


@app.command()
@asks_cache
def union(
    cache: GrpcClient,
    name: Name,
    sources: Annotated[list[str], typer.Argument(help="The sorted sets to combine.")],
    aggregate: Annotated[
        Aggregate, typer.Option(help="How to combine the scores of a value in several sets.")
    ] = Aggregate.SUM,
    ttl: Ttl = None,
) -> None:
    """Replace NAME with the union of sorted sets, and print the number of values."""
    from momento_wire_types import cacheclient_pb2 as pb

    reply = cache.ask(
        "SortedSetUnionStore",
        set_name=os.fsencode(name),
        sources=[{"set_name": source, "weight": 1.0} for source in typed(sources)],
        aggregate=pb._SortedSetUnionStoreRequest.AggregateFunction.Value(aggregate.name),
        ttl_milliseconds=lifetime(ttl)["ttl_milliseconds"],
    )
    print(reply.length)


@app.command()
@asks_cache
def length(cache: GrpcClient, name: Name) -> None:
    """Print the number of values; exit with 1 if there is no sorted set."""
    print(hit(cache.ask("SortedSetLength", set_name=os.fsencode(name)), "sorted_set").length)


def _ranks(start: int | None, end: int | None) -> dict[str, Any]:
    first = {} if start is None else {"inclusive_start_index": start}
    return first | ({} if end is None else {"exclusive_end_index": end})


def _scores(least: float | None, most: float | None) -> dict[str, Any]:
    ends = {"min_score": least, "max_score": most}
    said = {end: {"score": score} for end, score in ends.items() if score is not None}
    return said | {"count": -1}


def _print(elements: Any, as_json: bool) -> None:
    if as_json:
        print_json(
            [said("value", each.value) | {"score": said_score(each.score)} for each in elements]
        )
    else:
        rows = [(shown(each.value), number(each.score)) for each in elements]
        print_table(["Value", "Score"], rows)

"""attimo list: an ordered sequence of values under one key."""

import os
from typing import Annotated, Any

import typer

from attimo.cli.elements import (
    MOST_INT32,
    Ttl,
    hit,
    lifetime,
    print_element,
    said,
    shown,
    typed,
)
from attimo.cli.grpc_client import GrpcClient
from attimo.cli.output import Json, print_json, print_table
from attimo.cli.target import asks_cache

app = typer.Typer(help="Lists: an ordered sequence of values under one key.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The list.")]
Value = Annotated[str, typer.Argument(help="The value.")]
Front = Annotated[bool, typer.Option("--front", help="Use the front of the list, not the back.")]
Start = Annotated[
    int | None,
    typer.Option(
        help="First position, counted from 0; negative counts from the end.",
        min=-MOST_INT32,
        max=MOST_INT32,
    ),
]
End = Annotated[
    int | None,
    typer.Option(
        help="End position (exclusive); negative counts from the end.",
        min=-MOST_INT32,
        max=MOST_INT32,
    ),
]


@app.command()
@asks_cache
def show(
    cache: GrpcClient, name: Name, start: Start = None, end: End = None, as_json: Json = False
) -> None:
    """List the values, all or a slice of them; exit with 1 if there is no list."""
    reply = cache.ask("ListFetch", list_name=os.fsencode(name), **_slice(start, end))
    values = list(hit(reply, "list").values)
    if as_json:
        print_json([said("value", value) for value in values])
    elif start is not None and start < 0:
        print_table(["Value"], [(shown(value),) for value in values])
    else:
        rows = [(str(at), shown(value)) for at, value in enumerate(values, start or 0)]
        print_table(["Position", "Value"], rows)


@app.command()
@asks_cache
def push(
    cache: GrpcClient,
    name: Name,
    values: Annotated[list[str], typer.Argument(help="The values, in order.")],
    front: Front = False,
    ttl: Ttl = None,
) -> None:
    """Add values at one end, and print the new length."""
    method = "ListConcatenateFront" if front else "ListConcatenateBack"
    reply = cache.ask(method, list_name=os.fsencode(name), values=typed(values), **lifetime(ttl))
    print(reply.list_length)


@app.command()
@asks_cache
def pop(cache: GrpcClient, name: Name, front: Front = False) -> None:
    """Remove the value at one end and print it; exit with 1 if there is no list."""
    method = "ListPopFront" if front else "ListPopBack"
    found = hit(cache.ask(method, list_name=os.fsencode(name)), "list")
    print_element(found.front if front else found.back)


@app.command()
@asks_cache
def remove(cache: GrpcClient, name: Name, value: Value) -> None:
    """Remove all occurrences of a value; no error if there are none."""
    cache.ask("ListRemove", list_name=os.fsencode(name), all_elements_with_value=os.fsencode(value))


@app.command()
@asks_cache
def retain(
    cache: GrpcClient, name: Name, start: Start = None, end: End = None, ttl: Ttl = None
) -> None:
    """Keep only a slice, and print the new length; exit with 1 if there is no list."""
    reply = cache.ask(
        "ListRetain", list_name=os.fsencode(name), **_slice(start, end), **lifetime(ttl)
    )
    print(hit(reply, "list").list_length)


@app.command()
@asks_cache
def length(cache: GrpcClient, name: Name) -> None:
    """Print the number of values; exit with 1 if there is no list."""
    print(hit(cache.ask("ListLength", list_name=os.fsencode(name)), "list").length)


def _slice(start: int | None, end: int | None) -> dict[str, Any]:
    first: dict[str, Any] = {"unbounded_start": {}} if start is None else {"inclusive_start": start}
    last: dict[str, Any] = {"unbounded_end": {}} if end is None else {"exclusive_end": end}
    return first | last

"""attimo set: distinct elements under one key."""

import os
from collections.abc import Iterable
from typing import Annotated

import typer

from attimo.cli.elements import MOST_UINT32, Ttl, hit, lifetime, said, shown, typed
from attimo.cli.grpc_client import GrpcClient
from attimo.cli.output import Json, print_json, print_table
from attimo.cli.target import asks_cache

app = typer.Typer(help="Sets: distinct elements under one key.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The set.")]
Elements = Annotated[list[str], typer.Argument(help="The elements.")]
Count = Annotated[int, typer.Argument(help="Maximum number.", min=1, max=MOST_UINT32)]


@app.command()
@asks_cache
def show(cache: GrpcClient, name: Name, as_json: Json = False) -> None:
    """List the elements; exit with 1 if there is no set."""
    reply = cache.ask("SetFetch", set_name=os.fsencode(name))
    _print(sorted(hit(reply, "set").elements), as_json)


@app.command()
@asks_cache
def add(cache: GrpcClient, name: Name, elements: Elements, ttl: Ttl = None) -> None:
    """Add elements, and create the set if it does not exist."""
    cache.ask("SetUnion", set_name=os.fsencode(name), elements=typed(elements), **lifetime(ttl))


@app.command()
@asks_cache
def remove(cache: GrpcClient, name: Name, elements: Elements) -> None:
    """Remove elements; missing ones are ignored. Removing the last element deletes the set."""
    removed = {"set": {"elements": typed(elements)}}
    cache.ask("SetDifference", set_name=os.fsencode(name), subtrahend=removed)


@app.command()
@asks_cache
def contains(
    cache: GrpcClient, name: Name, element: Annotated[str, typer.Argument(help="The element.")]
) -> None:
    """Exit with 0 if the element is in the set, with 1 if not; print nothing."""
    reply = cache.ask("SetContains", set_name=os.fsencode(name), elements=typed([element]))
    if not all(hit(reply, "set").contains):
        raise typer.Exit(1)


@app.command()
@asks_cache
def sample(cache: GrpcClient, name: Name, count: Count = 1, as_json: Json = False) -> None:
    """List distinct random elements; exit with 1 if there is no set."""
    reply = cache.ask("SetSample", set_name=os.fsencode(name), limit=count)
    _print(hit(reply, "set").elements, as_json)


@app.command()
@asks_cache
def pop(cache: GrpcClient, name: Name, count: Count = 1, as_json: Json = False) -> None:
    """Remove random elements and list them; exit with 1 if there is no set."""
    reply = cache.ask("SetPop", set_name=os.fsencode(name), count=count)
    _print(hit(reply, "set").elements, as_json)


@app.command()
@asks_cache
def length(cache: GrpcClient, name: Name) -> None:
    """Print the number of elements; exit with 1 if there is no set."""
    print(hit(cache.ask("SetLength", set_name=os.fsencode(name)), "set").length)


def _print(elements: Iterable[bytes], as_json: bool) -> None:
    if as_json:
        print_json([said("element", element) for element in elements])
    else:
        print_table(["Element"], [(shown(element),) for element in elements])

"""attimo dictionary: named values under one key."""

import os
from typing import Annotated

import typer

from attimo.cli.elements import (
    MOST_INT64,
    NEGATIVE_NUMBERS,
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

app = typer.Typer(help="Dictionaries: named values under one key.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The dictionary.")]
Field = Annotated[str, typer.Argument(help="The field.")]
Fields = Annotated[list[str], typer.Argument(help="The fields.")]


@app.command()
@asks_cache
def show(cache: GrpcClient, name: Name, as_json: Json = False) -> None:
    """List the fields with their values; exit with 1 if the dictionary does not exist."""
    found = hit(cache.ask("DictionaryFetch", dictionary_name=os.fsencode(name)), "dictionary")
    pairs = sorted((item.field, item.value) for item in found.items)
    if as_json:
        print_json([said("field", field) | said("value", value) for field, value in pairs])
    else:
        print_table(["Field", "Value"], [(shown(field), shown(value)) for field, value in pairs])


@app.command()
@asks_cache
def get(cache: GrpcClient, name: Name, field: Field) -> None:
    """Print a field's value unchanged; exit with 1 and print nothing if there is none."""
    asked = {"dictionary_name": os.fsencode(name), "fields": typed([field])}
    (item,) = hit(cache.ask("DictionaryGet", **asked), "dictionary").items
    from momento_wire_types import cacheclient_pb2 as pb

    if item.result != pb.Hit:
        raise typer.Exit(1)
    print_element(item.cache_body)


@app.command("set")
@asks_cache
def set_field(
    cache: GrpcClient,
    name: Name,
    field: Field,
    value: Annotated[str, typer.Argument(help="The value.")],
    ttl: Ttl = None,
) -> None:
    """Write a field, and create the dictionary if it does not exist."""
    item = {"field": os.fsencode(field), "value": os.fsencode(value)}
    cache.ask("DictionarySet", dictionary_name=os.fsencode(name), items=[item], **lifetime(ttl))


@app.command(context_settings=NEGATIVE_NUMBERS)
@asks_cache
def increment(
    cache: GrpcClient,
    name: Name,
    field: Field,
    amount: Annotated[
        int,
        typer.Argument(help="Amount to add; can be negative.", min=-MOST_INT64, max=MOST_INT64),
    ] = 1,
    ttl: Ttl = None,
) -> None:
    """Add to the integer in a field, and print the sum."""
    reply = cache.ask(
        "DictionaryIncrement",
        dictionary_name=os.fsencode(name),
        field=os.fsencode(field),
        amount=amount,
        **lifetime(ttl),
    )
    print(reply.value)


@app.command()
@asks_cache
def remove(cache: GrpcClient, name: Name, fields: Fields) -> None:
    """Remove fields; missing ones are ignored. Removing the last field deletes the dictionary."""
    cache.ask("DictionaryDelete", dictionary_name=os.fsencode(name), some={"fields": typed(fields)})


@app.command()
@asks_cache
def length(cache: GrpcClient, name: Name) -> None:
    """Print the number of fields; exit with 1 if the dictionary does not exist."""
    reply = cache.ask("DictionaryLength", dictionary_name=os.fsencode(name))
    print(hit(reply, "dictionary").length)

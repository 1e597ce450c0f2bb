"""Which server a command talks to, and as whom.

Options win over the environment, and an explicit server (an address or a profile) over the one on
this machine, whose address and key are in its data directory. `keys` chooses the key to send.
"""

import inspect
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from attimo import settings
from attimo.cli import keys, profiles
from attimo.cli.grpc_client import GrpcClient
from attimo.cli.http_client import HttpClient
from attimo.cli.keys import Target
from attimo.cli.profiles import Profile
from attimo.data_directory import DataDirectory
from attimo.errors import Misconfigured
from attimo.serve.addresses import reachable

P = ParamSpec("P")

DEFAULT_CACHE = "default-cache"
PANEL = "Which server"

ProfileName = Annotated[
    str | None,
    typer.Option(
        "--profile", help="A profile from `attimo profile` [ATTIMO_PROFILE].", rich_help_panel=PANEL
    ),
]
Url = Annotated[
    str | None,
    typer.Option(help="Address of the server [ATTIMO_URL].", rich_help_panel=PANEL),
]
ApiKey = Annotated[
    str | None,
    typer.Option(
        help="The API key [ATTIMO_TOKEN, then the profile's, then the local owner's].",
        rich_help_panel=PANEL,
    ),
]
Ca = Annotated[
    Path | None,
    typer.Option(
        help="File with the certificates to trust [ATTIMO_CA for --url].", rich_help_panel=PANEL
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        help="Data directory of a server on this machine [ATTIMO_DATA_DIR].",
        rich_help_panel=PANEL,
    ),
]

In = Annotated[
    str | None,
    typer.Option("--cache", "-c", help=f"The cache [ATTIMO_CACHE, then {DEFAULT_CACHE}]."),
]

_OPTIONS = {"profile": ProfileName, "url": Url, "api_key": ApiKey, "ca": Ca, "data_dir": DataDir}


def asks_server(command: Callable[Concatenate[HttpClient, P], None]) -> Callable[..., None]:
    """Give a command its first argument, a client, by the options that say which server."""
    return _with_options(command, _OPTIONS, lambda **choice: HttpClient(choose(**choice)))


def asks_cache(command: Callable[Concatenate[GrpcClient, P], None]) -> Callable[..., None]:
    """Give a command its first argument, a cache, by the options that say which one and where."""

    def opened(cache: str | None, **choice: Any) -> GrpcClient:
        server = choose(**choice)
        # What gRPC logs of a failure would stand beside the one line that says it.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        return GrpcClient(server, chosen_cache(server, cache))

    return _with_options(command, {"cache": In, **_OPTIONS}, opened)


def chosen_cache(server: Profile, cache: str | None) -> str:
    """The cache that is meant: the one typed, else the environment's, else the server's own."""
    if cache is not None:
        return cache
    return keys.variable("ATTIMO_CACHE") or server.cache or DEFAULT_CACHE


def _with_options(
    command: Callable[..., None],
    options: dict[str, Any],
    opened: Callable[..., AbstractContextManager[Any]],
) -> Callable[..., None]:
    """A command with these options in place of its first argument, which they open."""

    @wraps(command)
    def run(*args: Any, **given: Any) -> None:
        choice = {name: given.pop(name) for name in options}
        with opened(**choice) as first:
            command(first, *args, **given)

    signature = inspect.signature(command)
    own = list(signature.parameters.values())[1:]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hint)
        for name, hint in options.items()
    ]
    run.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in [*own, *added]}
    return run


def choose(
    profile: str | None = None,
    url: str | None = None,
    api_key: str | None = None,
    ca: Path | None = None,
    data_dir: Path | None = None,
) -> Profile:
    """The server that these words and the environment name, with the key to show it.

    Raises:
        Misconfigured: They contradict each other, or name no server that can be reached.
        NotFound: There is no such profile.
    """
    if sum(word is not None for word in (profile, url, data_dir)) > 1:
        raise Misconfigured("Pass only one of --profile, --url and --data-dir")
    if profile is not None:
        server = _by_profile(profile)
    elif url is not None:
        server = _by_url(url)
    elif data_dir is not None:
        server = _local(data_dir)
    else:
        server = _from_environment()
    if ca is not None:
        server = replace(server, at=replace(server.at, ca=str(ca)))
    return replace(server.at, api_key=keys.choose(server.target, api_key))


@dataclass(frozen=True, slots=True)
class _Server:
    """A server as it is known here: how to reach it, and how to choose the key."""

    at: Profile
    target: Target


def _from_environment() -> _Server:
    if url := keys.variable("ATTIMO_URL"):
        return _by_url(url)
    if name := keys.variable("ATTIMO_PROFILE"):
        return _by_profile(name)
    return _local(None)


def _by_url(url: str) -> _Server:
    places = frozenset([keys.place(url)])
    return _Server(Profile(url, "", keys.variable("ATTIMO_CA")), Target(url, places))


def _by_profile(name: str) -> _Server:
    found = profiles.get(name)
    places = frozenset([keys.place(found.url)])
    return _Server(found, Target(f"profile {name!r}", places, found.api_key, by_profile=True))


def local_directory(data_dir: Path | None) -> DataDirectory:
    """The data directory that is meant: the one typed, or that of the settings."""
    flags = {} if data_dir is None else {"data_dir": os.fspath(data_dir)}
    return DataDirectory(settings.load(flags).data_dir)


def _local(data_dir: Path | None) -> _Server:
    home = local_directory(data_dir)
    credentials = home.credentials()
    if credentials is None:
        raise Misconfigured(
            f"There is no server in {home.path}. Start one with `attimo serve`, "
            "or pass --url or --profile for another"
        )
    running = home.running()
    if running is None:
        raise Misconfigured(f"The server of {home.path} is not running. Start it: attimo serve")
    target = Target(f"the server of {home.path}", keys.places_of(home), credentials.api_key)
    cache = credentials.cache
    if credentials.http:
        return _Server(Profile(credentials.http, "", cache=cache), target)
    if credentials.https and running.https:
        # The name is that of the certificate; what it leads to need not be this machine.
        at = Profile(credentials.https, "", credentials.ca, cache, reachable(running.https))
        return _Server(at, target)
    raise Misconfigured(f"The server of {home.path} has no listener for clients")

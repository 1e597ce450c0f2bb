"""Which server a command talks to, and as whom.

Options win over the environment, and an explicit server (an address or a profile) over the one on
this machine, whose address and key are in its data directory. `keys` chooses the key to send.
"""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import click

from attimo.cli import complete, homes, keys, profiles, topic_client
from attimo.cli.base_client import BaseClient
from attimo.cli.cache_client import CacheClient
from attimo.cli.inputs import InputFile
from attimo.cli.keys import Target
from attimo.cli.options import option
from attimo.cli.profiles import TIMEOUT_SECONDS, Profile
from attimo.cli.topic_client import TopicClient
from attimo.data_directory import DataDirectory, reachable
from attimo.errors import Misconfigured, Unreachable

if TYPE_CHECKING:
    from attimo.cli.http_client import HttpClient

P = ParamSpec("P")
R = TypeVar("R")
Client = TypeVar("Client", bound=BaseClient)
InCache = TypeVar("InCache", CacheClient, TopicClient)

DEFAULT_CACHE = "default-cache"
PANEL = "Which server"

SERVER = (
    option(
        "--profile",
        panel=PANEL,
        help="A profile from `attimo profile` [ATTIMO_PROFILE].",
        shell_complete=complete.profiles,
    ),
    option("--url", panel=PANEL, help="Address of the server [ATTIMO_URL]."),
    option(
        "--api-key",
        panel=PANEL,
        help="The API key [ATTIMO_TOKEN, then the profile's, then the local owner's].",
    ),
    option(
        "--ca",
        panel=PANEL,
        type=InputFile(),
        help="File with the certificates to trust [ATTIMO_CA for --url].",
    ),
    option(
        "--data-dir",
        panel=PANEL,
        type=click.Path(path_type=Path),
        help="Data directory of a server on this machine [ATTIMO_DATA_DIR].",
    ),
)
"""The options that say which server."""

profile_option, data_dir_option = SERVER[0], SERVER[-1]

cache_option = option(
    "--cache",
    "-c",
    help=f"The cache [ATTIMO_CACHE, then {DEFAULT_CACHE}].",
    shell_complete=complete.caches,
)


class Choice(NamedTuple):
    """The server of a command.

    Attributes:
        server: How to reach it, with the key to send.
        name: Its name here: an address, a profile, or the data directory.
        key_from: Where the key was found: an option, a variable, or that name.
        home: The data directory of a server on this machine, if it was chosen by that.
    """

    server: Profile
    name: str
    key_from: str
    home: DataDirectory | None = None


def asks_server(command: "Callable[Concatenate[HttpClient, P], R]") -> Callable[..., R]:
    """Give a command its first argument, a client, by the options that say which server."""

    @wraps(command)
    def run(*args: P.args, **given: P.kwargs) -> R:
        return command(_client(choose(**_words(given))), *args, **given)

    return with_options(run)


def asks_cache(command: Callable[Concatenate[CacheClient, P], R]) -> Callable[..., R]:
    """Give a command its first argument, a cache, by the options that say which one and where."""
    return _asks_in_cache(command, CacheClient, TIMEOUT_SECONDS)


def asks_topics(command: Callable[Concatenate[TopicClient, P], R]) -> Callable[..., R]:
    """As `asks_cache`, for a command about the topics of a cache."""
    return _asks_in_cache(command, TopicClient, topic_client.ANSWER_SECONDS)


def _asks_in_cache(
    command: Callable[Concatenate[InCache, P], R], kind: type[InCache], timeout: float
) -> Callable[..., R]:
    @wraps(command)
    def run(*args: P.args, **given: P.kwargs) -> R:
        name: Any = given.pop("cache")
        client = _opened(BaseClient(choose(**_words(given)), timeout))
        return command(kind(client, chosen_cache(client.server, name)), *args, **given)

    return cache_option(with_options(run))


def asks_chosen(command: "Callable[Concatenate[HttpClient, Choice, P], R]") -> Callable[..., R]:
    """As `asks_server`, for a command that also says how the server and the key were chosen."""

    @wraps(command)
    def run(*args: P.args, **given: P.kwargs) -> R:
        found = chosen(**_words(given))
        return command(_client(found.server), found, *args, **given)

    return with_options(run)


def _client(server: Profile) -> "HttpClient":
    """A client of the control plane, which commands about items need not import."""
    from attimo.cli.http_client import HttpClient

    return _opened(HttpClient(server))


def _words(given: dict[str, Any]) -> dict[str, Any]:
    """The options that name a server, which are taken from a command's own."""
    return {name: given.pop(name) for name in complete.SERVER_OPTIONS}


def _opened(client: Client) -> Client:
    """A client that lasts for the command."""
    click.get_current_context().with_resource(client)
    return client


def with_options(run: Callable[..., R]) -> Callable[..., R]:
    """A command with the options of a server, behind its own."""
    own = list(getattr(run, "__click_params__", []))
    run.__click_params__ = []  # type: ignore[attr-defined]
    for each in reversed(SERVER):
        run = each(run)
    # Decorators add to the end, and the last one stands first.
    run.__click_params__ += own  # type: ignore[attr-defined]
    return run


def chosen_cache(server: Profile, cache: str | None) -> str:
    """The cache that is meant: the one typed, else the environment's, else the server's own."""
    if cache is not None:
        return cache
    return keys.variable("ATTIMO_CACHE") or server.cache or DEFAULT_CACHE


def choose(**words: Any) -> Profile:
    """As `chosen`, without how the choice was made."""
    return chosen(**words).server


def chosen(
    profile: str | None = None,
    url: str | None = None,
    api_key: str | None = None,
    ca: Path | None = None,
    data_dir: Path | None = None,
) -> Choice:
    """The server that these words and the environment name, with the key to show it.

    Raises:
        Misconfigured: They contradict each other.
        Unreachable: The server does not run.
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
        server = server._replace(at=replace(server.at, ca=str(ca)))
    key = keys.choose(server.target, api_key)
    at = replace(server.at, api_key=key.value)
    return Choice(at, server.target.name, key.source, server.home)


class _Server(NamedTuple):
    """A server as it is known here: how to reach it, and how to choose the key."""

    at: Profile
    target: Target
    home: DataDirectory | None = None


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


def _elsewhere() -> str:
    """What leads to another server; the only profile by its name."""
    known: list[str] = []
    with contextlib.suppress(Misconfigured):
        known += profiles.load()
    if not known:
        return "--url or --profile for another"
    name = known[0] if len(known) == 1 else "NAME"
    listed = f" (profiles: {', '.join(known)})" if len(known) > 1 else ""
    return f"--profile {name}, or set ATTIMO_PROFILE={name}{listed}"


def _local(data_dir: Path | None) -> _Server:
    home = homes.directory(data_dir)
    credentials = home.credentials()
    if credentials is None:
        raise Unreachable(
            f"There is no server in {home.path}. Start one with `attimo serve`, or pass "
            f"{_elsewhere()}"
        )
    running = home.running()
    if running is None:
        raise Unreachable(f"The server of {home.path} is not running. Start it: attimo serve")
    target = Target(f"the server of {home.path}", keys.places_of(home), credentials.api_key)
    cache = credentials.cache
    if credentials.http:
        return _Server(Profile(credentials.http, "", cache=cache), target, home)
    if credentials.https and running.https:
        # The name is that of the certificate; what it leads to need not be this machine.
        at = Profile(credentials.https, "", credentials.ca, cache, reachable(running.https))
        return _Server(at, target, home)
    raise Unreachable(f"The server of {home.path} has no listener for clients")

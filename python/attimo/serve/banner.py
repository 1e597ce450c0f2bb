"""What a server prints when it starts, and the shell lines that configure clients."""

import base64
import json
import shlex
from collections.abc import Collection, Sequence

from attimo import __version__
from attimo.data_directory import Credentials, DataDirectory, Running, reachable
from attimo.serve.addresses import http_at_endpoint

RULE = "─" * 78

_CURL = """\
curl -X PUT -H "Authorization: $ATTIMO_TOKEN" -d hello{trust} \\
  "{url}/cache/{cache}?key=greeting&ttl_seconds=600"
curl -H "Authorization: $ATTIMO_TOKEN"{trust} "{url}/cache/{cache}?key=greeting"
"""

_PYTHON = """\
from datetime import timedelta
from momento import CacheClient, Configurations, CredentialProvider
credentials = CredentialProvider.from_environment_variables_v2()
client = CacheClient(Configurations.Laptop.v1(), credentials, timedelta(minutes=10))
print(client.set("{cache}", "greeting", "hello"))
print(client.get("{cache}", "greeting"))
"""

_JAVASCRIPT = """\
const {{ CacheClient, Configurations, CredentialProvider }} = require('@gomomento/sdk');
{credentials}
const configuration = Configurations.Laptop.v1();
const client = new CacheClient({{ configuration, credentialProvider, defaultTtlSeconds: 600 }});
client.set('{cache}', 'greeting', 'hello')
  .then(() => client.get('{cache}', 'greeting'))
  .then(got => {{ console.log(got.toString()); client.close(); }});
"""

_BY_ENVIRONMENT = "const credentialProvider = CredentialProvider.fromEnvVarV2();"

_BY_ADDRESS = """\
// Node.js does not resolve cache.localhost; with a host name of your own, this is enough:
// const credentialProvider = CredentialProvider.fromEnvVarV2();
const at = process.env.MOMENTO_ENDPOINT;
const apiKey = btoa(JSON.stringify({ endpoint: at, api_key: process.env.MOMENTO_API_KEY }));
const endpointOverrides = { cacheEndpoint: at, controlEndpoint: at, tokenEndpoint: at };
const credentialProvider = CredentialProvider.fromString({ apiKey, endpointOverrides });"""


def variables(credentials: Credentials, v1: bool = False) -> dict[str, str]:
    """Return the environment variables for the official SDKs, other programs and curl.

    Args:
        credentials: What is shown.
        v1: Whether MOMENTO_API_KEY has the older form, which contains the endpoint, for
            programs that support no other.
    """
    key = {"MOMENTO_API_KEY": credentials.api_key, "ATTIMO_TOKEN": credentials.api_key}
    if not credentials.https:
        return key
    older = _v1_token(credentials)
    there = key | {"MOMENTO_ENDPOINT": credentials.endpoint, "MOMENTO_AUTH_TOKEN": older}
    if v1:
        there["MOMENTO_API_KEY"] = older
    return there | ({"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": credentials.ca} if credentials.ca else {})


def exports(credentials: Credentials, v1: bool = False) -> list[str]:
    """Return shell lines after which the official SDKs and curl use the server."""
    shown = variables(credentials, v1)
    return [f"export {name}={shlex.quote(value)}" for name, value in shown.items()]


def _v1_token(credentials: Credentials) -> str:
    wrapper = {"endpoint": credentials.endpoint, "api_key": credentials.api_key}
    return base64.b64encode(json.dumps(wrapper).encode()).decode()


def addresses(running: Running, home: DataDirectory) -> str:
    """Return the addresses of the server."""
    lines = [f"Attimo {__version__}, data in {home.path}"]
    for each in running.listeners:
        lines.append(f"  {'TLS      ' if each.startswith('https') else 'plaintext'}  {each}")
    if running.https:
        lines.append(f"  endpoint   {running.endpoint}")
    if url := console(running):
        lines.append(f"  console    {url}")
    return "\n".join(lines)


def console(running: Running) -> str | None:
    """Return the address of the console, for a browser on this machine; None without HTTP."""
    here = f"http://{reachable(running.http)}" if running.http else None
    url = here or http_at_endpoint(running)
    return f"{url}/console/" if url else None


def welcome(
    credentials: Credentials, at_endpoint: Collection[str], keys: Sequence[str], is_first: bool
) -> str:
    """Return examples for a server with a new key, ready to paste.

    Args:
        credentials: What is shown.
        at_endpoint: What the server offers at its public name; other examples would not work.
        keys: The lines about the key: `key_shown` or `key_kept`.
        is_first: Whether the server is new; otherwise it was restored, or its owner's key was lost.
    """
    cache = credentials.cache
    new = f"A new server. It has a cache called {cache}, and an API key."
    parts = [RULE, new if is_first else "A new API key for the owner of this server.", *keys]
    url = credentials.http or (credentials.https if "http" in at_endpoint else None)
    if url:
        known = credentials.http or not credentials.ca
        trust = "" if known else f" --cacert {shlex.quote(credentials.ca or '')}"
        parts += ["", "# curl", _CURL.format(url=url, cache=cache, trust=trust).rstrip()]
    if "grpc" in at_endpoint:
        node = _BY_ADDRESS if credentials.endpoint.startswith("localhost") else _BY_ENVIRONMENT
        parts += [
            "",
            "# Python (pip install momento)",
            f"python3 - <<'END'\n{_PYTHON.format(cache=cache)}END",
            "",
            "# Node.js (npm install @gomomento/sdk)",
            f"node - <<'END'\n{_JAVASCRIPT.format(cache=cache, credentials=node)}END",
        ]
    return "\n".join([*parts, RULE])


def key_shown(credentials: Credentials) -> list[str]:
    """Return the key itself, for a terminal; it is shown only once."""
    return [
        "The key is stored in the data directory; `attimo env` prints it again.",
        "",
        *exports(credentials),
    ]


def key_kept(home: DataDirectory) -> list[str]:
    """Return where the key is, for an output that is not a terminal: others can read logs."""
    return [
        "The key is not printed here, since a log may keep it. It is stored in",
        f"{home.path / 'credentials.json'}. To use it in a shell on this machine:",
        "",
        f'eval "$(attimo env --data-dir {shlex.quote(str(home.path))})"',
    ]


def ready() -> str:
    """Return the last line of the start-up."""
    return f"Attimo {__version__} is ready"

"""What people type out of habit from other programs, and what it is called here.

A word that is no command, an option that a command does not have and a word too many end in an
error in any case; this adds the sentence that names what works.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import click
from click.exceptions import MissingParameter, NoSuchOption

from attimo.cli.shapes import Listing

_COMMANDS: dict[str, dict[str, str]] = {
    "attimo": {
        "attimo get KEY...": "mget read fetch cat show",
        "attimo set KEY VALUE --ttl 60": "setex psetex store write",
        "attimo set KEY VALUE --if-absent": "setnx",
        "attimo set --lines FILE": "mset",
        "A value is written as a whole, by `attimo set KEY VALUE`. What grows is a list: "
        "`attimo lists push NAME VALUE`": "append",
        "attimo del KEY...": "unlink",
        "attimo set KEY VALUE`, `attimo get KEY` or `attimo del KEY": "item items value values",
        "attimo incr KEY AMOUNT": "incrby",
        "attimo incr KEY -1": "decr decrby",
        "attimo ttl KEY 60": "expire pexpire expireat pexpireat touch persist",
        "attimo ttl KEY": "pttl expiretime",
        "attimo info KEY": "exists strlen object",
        "attimo cache keys NAME [PREFIX]": "scan",
        "attimo cache flush NAME": "flushall flushdb flush clear empty purge",
        "attimo cache stats NAME": "dbsize count size",
        "attimo cache list": "ls",
        "attimo cache create NAME": "create new add",
        "attimo cache export NAME": "export dump save",
        "attimo cache import NAME FILE": "import load",
        "attimo dictionaries": "hset hmset hget hmget hgetall hdel hincrby hlen hexists hash",
        "attimo lists": "lpush rpush lpop rpop lrange llen lrem ltrim",
        "attimo sets": "sadd srem smembers sismember scard spop srandmember",
        "attimo sorted-sets": "zadd zrem zrange zrangebyscore zscore zrank zincrby zcard zset",
        "attimo login`, `attimo whoami` or `attimo logout": "auth signin sign-in connect",
        "attimo whoami": "me id",
        "attimo bill": "bills billing invoice invoices cost costs price prices pricing",
        "attimo topic publish TOPIC MESSAGE": "publish pub spublish",
        "attimo topic subscribe TOPIC": "subscribe sub psubscribe ssubscribe pubsub",
        "attimo key list": "api-key api-keys apikey apikeys",
        "attimo key revoke KEY_ID": "revoke",
        "attimo member list": "user users team people",
        "attimo member invite EMAIL": "invite",
        "attimo status` or `attimo cache stats NAME": "stats stat monitor",
        "attimo top": "watch htop",
        "attimo settings` or `attimo profile": "config",
        "attimo doctor": "ping check",
        "attimo serve": "start run up server",
        "The server logs to its standard error, as a service to the journal: "
        "journalctl --unit attimo. Who changed what: `attimo audit`": "logs log tail slowlog",
        "Ctrl-C stops a server that runs in a terminal, `systemctl stop attimo` a service": "stop "
        "down shutdown",
        "`attimo serve --replace` takes over from a running server, `systemctl restart attimo` "
        "restarts a service": "restart reload",
        "Pass --cache NAME, or set ATTIMO_CACHE": "select use",
        "attimo console": "ui open web dashboard",
        "See docs/how-to/upgrade.md": "upgrade update",
        "A key keeps its name: write the value under the other one and delete this one": "rename",
    },
    "attimo cache": {
        "attimo cache stats NAME": "view show info describe inspect count size",
        "attimo cache flush NAME": "flushall flushdb clear empty purge truncate reset",
        "attimo cache export NAME": "dump save backup",
        "attimo cache import NAME FILE": "load restore",
        "attimo cache keys NAME [PREFIX]": "scan",
        "attimo cache create NAME --ttl 2h --extend": "update edit extend expire",
        "attimo set KEY VALUE --cache NAME": "put",
        "Pass --cache NAME, or set ATTIMO_CACHE": "use select default",
        "A cache keeps its name: create another, and move the items by `attimo cache export` and "
        "`attimo cache import`": "rename move mv copy cp",
    },
    "attimo key": {
        "attimo key list": "view show get describe info inspect",
        "attimo key create`, then `attimo key revoke KEY_ID": "rotate renew update edit",
        "attimo whoami": "current me test check",
        "`attimo key list` shows API keys, `attimo cache keys NAME [PREFIX]` those of items": "",
    },
    "attimo topic": {
        "attimo topic publish TOPIC MESSAGE": "pub send post push write",
        "attimo topic subscribe TOPIC": "sub listen tail watch follow read get",
        "A topic exists from its first message on, and is deleted with its cache": "create new add "
        "delete rm remove",
    },
    "attimo role": {"attimo role update ROLE --allow GRANT": "edit set grant change"},
    "attimo token": {
        "The server keeps no list of tokens. Revoke all that a key has created by "
        "`attimo key revoke KEY_ID`": "ls list revoke rm delete show view",
    },
    "attimo member": {
        "attimo member list": "view show get info",
        "attimo member role EMAIL ROLE": "update edit set change promote",
    },
    "attimo account": {
        "attimo account list": "view show get info describe",
        "attimo account rename ACCOUNT NAME": "update edit",
        "attimo whoami": "current me",
    },
    "attimo profile": {
        "Pass --profile NAME, or set ATTIMO_PROFILE": "use default select switch",
        "attimo profile add NAME --url URL": "set update edit",
        "attimo profile list": "view show get current",
    },
    "attimo service": {
        "systemctl start attimo": "start run enable",
        "systemctl stop attimo": "stop disable",
        "systemctl restart attimo": "restart reload",
        "journalctl --unit attimo": "logs log tail",
    },
}
"""For a noun, what works and which words mean it; an empty list of words means any other."""

_OPTIONS: dict[str, str] = {
    "--url": "--host --hostname --server --endpoint --address --port -p -u",
    "--api-key": "--key --token --password --pass --auth -a",
    "--profile": "-R --repo --context --remote",
    "--cache": "-R --repo --db --database -n",
    "--json": "--format --output -o --jq -q --template --quiet",
    "--wide": "--verbose -v --all --full --no-trunc",
    "--limit": "-L --tail --max --count --last",
    "--ttl": "--ex --px -t --expire --expires --expiry --timeout --lifetime",
    "--if-absent": "--nx --if-not-exists --no-overwrite",
    "--if-present": "--xx --if-exists",
    "--if-not-exists": "--nx --if-absent --ignore-existing --idempotent",
    "--yes": "-f --force --confirm --assume-yes --no-confirm -q",
    "--since": "--from --last --start --after",
    "--until": "--to --end --before",
    "--by": "--group --group-by --day --hour --minute --per",
    "--follow": "--watch -w --stream",
    "--watch": "-w --follow -f --interval",
    "--version": "-v -V",
    "--fingerprint": "-y --yes",
}
_AGREEING = {"-y", "--yes", "--assume-yes", "--no-confirm"}
_FEWER = {"-n", "--limit", *_OPTIONS["--limit"].split()}

_EXTRA = {"EX": "--ttl", "PX": "--ttl", "NX": "--if-absent", "XX": "--if-present"}
"""Words behind the value of a SET."""


def for_command(path: str, word: str, names: Sequence[str]) -> str:
    """What to say to whoever types a word that is none of the commands of a noun; else nothing."""
    word, known = word.lower(), _COMMANDS.get(path, {})
    if word in names:
        return _use(f"{path} {word}")
    if said := _meant(known, word):
        return _use(said)
    close = get_close_matches(word, names, 1)
    return f"Did you mean `{path} {close[0]}`?" if close else _meant(known, "")


def for_usage(error: click.UsageError) -> str:
    """What to say about an option or a word that a command does not have; else nothing."""
    if error.ctx is None:
        return ""
    if isinstance(error, NoSuchOption):
        said = _for_option(error.ctx.command, error.option_name)
        return said or ("" if error.possibilities else _for_value(error.ctx.command))
    if isinstance(error, MissingParameter) and error.ctx.command_path == "attimo info":
        return "For the server, use `attimo status`; for a cache, `attimo cache stats NAME`"
    if error.ctx.command_path == "attimo set" and "extra argument" in error.message:
        words = error.message.upper().replace("(", " ").replace(")", " ").split()
        return _use(" and ".join(f"`{_EXTRA[word]}`" for word in words if word in _EXTRA))
    if "extra argument" in error.message and error.ctx.params.get("as_json"):
        return "`--json` prints every field; jq or another program can choose some"
    return ""


def _for_option(command: click.Command, name: str) -> str:
    has = {each for param in command.params for each in param.opts}
    meant = [option for option, words in _OPTIONS.items() if name in words.split()]
    if use := " or ".join(f"`{option}`" for option in meant if option in has):
        return _use(use)
    if name in _AGREEING and not isinstance(command, click.Group):
        return f"This command never asks: leave `{name}` out"
    if name in _FEWER and isinstance(getattr(command, "shape", None), Listing):
        return "This command lists everything: `| head` shows the first lines"
    return ""


def _for_value(command: click.Command) -> str:
    """What to say of an option that may have been meant as a value."""
    if any(isinstance(param, click.Argument) for param in command.params):
        return "Before keys and values that begin with `-`, write `--`"
    return ""


def _meant(known: Mapping[str, str], word: str) -> str:
    return next((said for said, words in known.items() if word in (words.split() or [""])), "")


def _use(said: str) -> str:
    """A sentence: as it is, or that this is to be typed."""
    if said.startswith("`-"):
        return f"Use {said}"
    return f"Use `{said}`" if said.startswith(("attimo ", "systemctl", "journalctl")) else said

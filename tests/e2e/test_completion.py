"""What a shell offers at a tab: commands, options, and the names that the server knows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.terminal import Terminal
from harness import attimo, bare_environment

LONGEST_SECONDS = 5.0
"""Of a tab, on a machine that does much else: what a tab takes is measured by hand."""


@pytest.fixture
def known(terminal: Terminal) -> Terminal:
    """A terminal with a cache, a role, a key and a profile to complete."""
    terminal.type("cache", "create", "completed", "--if-not-exists")
    terminal.type("role", "create", "completer", "--allow", "read:x")
    url = ["--url", "https://cache.example.com", "--api-key", "k"]
    terminal.do("profile", "add", "production", *url)
    return terminal


def offered(terminal: Terminal, shell: str, *words: str) -> list[str]:
    """What is offered for the last of the words, in the form of a shell."""
    instruction = {"_ATTIMO_COMPLETE": f"{shell}_complete"}
    line = {"COMP_WORDS": " ".join(["attimo", *words]), "COMP_CWORD": str(len(words))}
    if shell == "fish":
        line["COMP_CWORD"] = words[-1]
    done = subprocess.run(
        attimo(),
        env=bare_environment()
        | {"HOME": str(terminal.home)}
        | terminal.variables
        | instruction
        | line,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=True,
    )
    assert done.stderr == ""
    lines = done.stdout.strip("\n").splitlines()
    if shell == "zsh":
        return lines[1::3]
    return [each.partition(",")[2].partition("\t")[0] for each in lines]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_commands_and_names_are_offered(known: Terminal, shell: str) -> None:
    assert {"get", "set", "cache", "sets", "help"} <= set(offered(known, shell, ""))
    assert offered(known, shell, "inc") == ["incr"]
    assert {"create", "list", "stats"} <= set(offered(known, shell, "cache", ""))
    assert offered(known, shell, "cache", "delete", "compl") == ["completed"]
    assert offered(known, shell, "get", "k", "--cache", "compl") == ["completed"]
    assert offered(known, shell, "role", "delete", "compl") == ["completer"]
    assert offered(known, shell, "key", "create", "--role", "compl") == ["completer"]
    assert offered(known, shell, "profile", "remove", "p") == ["production"]
    assert offered(known, shell, "get", "k", "--profile", "p") == ["production"]
    assert "--json" in offered(known, shell, "cache", "list", "--j")
    assert offered(known, shell, "completion", "f") == ["fish"]


def test_commands_are_offered_without_being_loaded() -> None:
    typed = """
import sys
import click
from attimo.cli.commands import app
offered = {each.value: each.help for each in app.shell_complete(click.Context(app), "")}
assert offered["get"] == "Print values.", offered
assert offered.keys() == app.table.keys(), offered
assert [each.value for each in app.shell_complete(click.Context(app), "--v")] == ["--version"]
print(*{each.module for each in app.table.values()} & sys.modules.keys())
"""
    done = subprocess.run([sys.executable, "-c", typed], capture_output=True, text=True)

    assert (done.returncode, done.stdout.strip()) == (0, ""), done


@pytest.mark.parametrize("command", ["get k --profile ", "cache delete x --", "key create --r"])
def test_what_needs_no_server_imports_nothing_for_one(known: Terminal, command: str) -> None:
    words = {"COMP_WORDS": f"attimo {command}", "COMP_CWORD": str(len(command.split(" ")))}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *attimo()],
        env={**known.environment(), **words, "_ATTIMO_COMPLETE": "bash_complete"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout != ""
    assert "http.client" not in done.stderr


def test_the_ids_of_keys_are_offered(known: Terminal) -> None:
    keys = [each["key_id"] for each in json.loads(known.do("key", "list", "--json"))["items"]]

    assert set(offered(known, "bash", "key", "revoke", "")) == set(keys)


def test_without_a_server_nothing_is_offered_and_nothing_fails(stranger: Terminal) -> None:
    assert offered(stranger, "bash", "cache", "delete", "") == []
    stranger.variables |= {"ATTIMO_URL": "http://127.0.0.1:1", "ATTIMO_TOKEN": "k"}
    assert offered(stranger, "bash", "cache", "delete", "") == []


def test_bash_completes_with_the_script_of_the_command(known: Terminal) -> None:
    typed = """
eval "$(attimo completion bash)"
complete -p attimo
COMP_WORDS=(attimo cache delete compl) COMP_CWORD=3
_attimo_completion attimo
printf '%s\\n' "${COMPREPLY[@]}"
"""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", typed],
        env=bare_environment()
        | {"HOME": str(known.home), "PATH": f"{Path(sys.executable).parent}:{os.defpath}"}
        | known.variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "complete -o nosort -F _attimo_completion attimo",
        "completed",
    ]


@pytest.mark.parametrize(("shell", "word"), [("zsh", "compdef"), ("fish", "complete --no-files")])
def test_other_shells_have_scripts_of_their_own(terminal: Terminal, shell: str, word: str) -> None:
    assert word in terminal.do("completion", shell)

"""The promises of plain HTTPS, as scripts of curl: what somebody types who has nothing else.

Each script runs in bash with `$H` (plaintext), `$S` (TLS), `$CA` (the root to trust), `$K` (the
owner's key) and `$C` (a cache), and says on standard output what came of it.
"""

import os
import subprocess

import pytest

from harness import Server

LIMIT_SECONDS = 120


def script(server: Server, cache: str, text: str) -> list[str]:
    """Run it, and return the lines that it printed."""
    variables = {"H": server.http, "S": server.https, "CA": str(server.ca)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", CODE + text],
        env=os.environ | variables | {"K": server.api_key, "C": cache},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


CODE = """
code() { curl -sS -o /dev/null -w '%{http_code}\\n' "$@"; }
mine() { code -H "Authorization: $K" "$@"; }
"""


def test_it_is_reached_by_https_and_by_nothing_older(server: Server, cache: str) -> None:
    said = script(
        server,
        cache,
        """
        code --cacert "$CA" "$S/health"
        code --cacert "$CA" --tlsv1.2 --tls-max 1.2 "$S/health"
        code --cacert "$CA" --tlsv1.3 "$S/health"
        curl -sS -o /dev/null "$S/health" 2> /dev/null || echo untrusted
        echo | openssl s_client -connect "${S#https://}" -tls1_1 > /dev/null 2>&1 || echo refused
        """,
    )

    assert said == ["200", "200", "200", "untrusted", "refused"]


def test_an_endpoint_and_a_key_are_enough(server: Server, cache: str) -> None:
    said = script(
        server,
        cache,
        """
        at="$H/cache/$C?key=a&ttl_seconds=60&token=$K"
        code -X PUT --data-binary hi "$at"
        curl -sS "$at"; echo
        code -X DELETE "$at"
        code "$at"
        """,
    )

    assert said == ["204", "hi", "204", "404"]


def test_whoever_has_no_good_token_is_told_so(server: Server, cache: str) -> None:
    said = script(
        server,
        cache,
        """
        for t in "" bad; do code -H "Authorization: $t" "$H/cache/$C?key=a"; done
        code "$H/cache/$C?key=a&token=bad"
        code "$H/caches"
        code -X POST "$H/caches/$C/flush"
        code -H "Authorization: $K" "$H/cache/$C?key=a&token=$K"
        code -H "Authorization: Bearer $K" "$H/cache/$C?key=a"
        """,
    )

    assert said == ["401", "401", "401", "401", "401", "400", "404"]


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_connection_is_used_again(server: Server, cache: str, version: str) -> None:
    said = script(
        server,
        cache,
        f"""
        at="$S/cache/$C?key=a&token=$K"
        curl -svS {version} --cacert "$CA" "$at" "$at" "$at" 2>&1 | grep -ci 're-using' || true
        """,
    )

    assert said == ["2"]


def test_a_cache_can_be_used_when_its_creation_is_answered(server: Server, cache: str) -> None:
    """A hundred of them; each is written to at once."""
    said = script(
        server,
        cache,
        """
        for i in $(seq 100); do
          made=$(mine -X PUT "$H/caches/$C-$i")
          written=$(mine -X PUT --data-binary v "$H/cache/$C-$i?key=k&ttl_seconds=9")
          echo "$made $written"
          mine -X DELETE "$H/caches/$C-$i" > /dev/null
        done | sort | uniq -c
        """,
    )

    assert [line.split() for line in said] == [["100", "201", "204"]]


def test_a_cache_that_is_deleted_is_gone_and_its_name_is_free(server: Server, cache: str) -> None:
    said = script(
        server,
        cache,
        """
        mine -X PUT "$H/caches/$C-big"
        mine -X PUT --data-binary v "$H/cache/$C-big?key=k&ttl_seconds=60"
        mine -X DELETE "$H/caches/$C-big"
        curl -sS -H "Authorization: $K" "$H/cache/$C-big?key=k" | grep -o 'Cache Not Found' | sed q
        mine -X PUT "$H/caches/$C-big"
        curl -sS -H "Authorization: $K" "$H/cache/$C-big?key=k" | grep -o 'Key Not Found' | sed q
        mine -X PUT "$H/caches/$C-big"
        mine -X DELETE "$H/caches/$C-big"
        """,
    )

    assert said == ["201", "204", "204", "Cache Not Found", "201", "Key Not Found", "409", "204"]


def test_a_cache_for_a_branch_ends_by_itself(server: Server, cache: str) -> None:
    said = script(
        server,
        cache,
        """
        mine -X PUT -H 'Content-Type: application/json' -d '{"expires_in": 2}' "$H/caches/$C-pr"
        mine -X PUT --data-binary v "$H/cache/$C-pr?key=k&ttl_seconds=60"
        until [ "$(mine "$H/cache/$C-pr?key=k")" = 404 ]; do sleep 0.1; done
        curl -sS -H "Authorization: $K" "$H/caches" | grep -c "$C-pr" || true
        """,
    )

    assert said == ["201", "204", "0"]


def test_what_two_caches_call_the_same_is_not_the_same(server: Server, cache: str) -> None:
    said = script(
        server,
        cache,
        """
        mine -X PUT "$H/caches/$C-b"
        mine -X PUT --data-binary one "$H/cache/$C?key=k&ttl_seconds=60"
        mine -X PUT --data-binary two "$H/cache/$C-b?key=k&ttl_seconds=60"
        mine -X POST "$H/caches/$C/flush"
        mine "$H/cache/$C?key=k"
        curl -sS -H "Authorization: $K" "$H/cache/$C-b?key=k"; echo
        mine -X DELETE "$H/caches/$C-b"
        """,
    )

    assert said == ["201", "204", "204", "204", "404", "two", "204"]


def test_a_key_for_one_cache_opens_no_other(server: Server, cache: str) -> None:
    said = script(
        server,
        cache,
        """
        json() { curl -sS -H "Authorization: $K" -H 'Content-Type: application/json' "$@"; }
        field() { python3 -c "import json, sys; print(json.load(sys.stdin)['$1'])"; }
        rule='{"type": "cache", "permissions": ["read", "write"], "caches": {"name": "'$C'"},
               "items": "*"}'
        role=$(json -d '{"role_name": "'$C'", "permissions": {"rules": ['"$rule"']}}' "$H/roles" \\
               | field role_id)
        A=$(json -d '{"role_id": "'$role'", "description": "d"}' "$H/api-keys" | field api_key)
        for at in "cache/$C?key=k" "cache/default-cache?key=k" "cache/no-such-cache?key=k" \\
                  "cache/default-cache/list?key=k" caches usage; do
          code -H "Authorization: $A" "$H/$at"
        done
        code -X PUT -d v -H "Authorization: $A" "$H/cache/default-cache?key=k&ttl_seconds=9"
        code -X PUT -d v -H "Authorization: $A" "$H/cache/$C?key=k&ttl_seconds=9"
        """,
    )

    assert said == ["404", "403", "403", "403", "403", "403", "403", "204"]

"""The recipes of the how-tos over time: for steady callers, and for several periods of theirs."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from docs.typed import DEFAULT, DOCS, blocks
from harness import Server, bare_environment

HOW_TO = DOCS / "how-to"
LIMIT_SECONDS = 120


def block(page: str, has: str) -> str:
    """The one block of shell on a page that has these words."""
    (found,) = [each.typed for each in blocks(HOW_TO / page) if has in each.typed]
    return found


def typed(server: Server, room: Path, lines: str) -> str:
    """What a shell prints that types these lines on the server's machine."""
    shell = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines.replace(DEFAULT, server.running["http"])],
        cwd=room,
        env=bare_environment()
        | {
            "ATTIMO_DATA_DIR": str(server.data_dir),
            "HOME": str(room),
            "ATTIMO_TOKEN": server.api_key,
            "ATTIMO_URL": server.http,
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert shell.returncode == 0, shell.stdout + shell.stderr
    return shell.stdout


def test_a_steady_caller_has_the_whole_limit_again_in_each_window(
    server: Server, tmp_path: Path
) -> None:
    recipe = block("functions-and-edge.md", "calls()").replace("WINDOW=60", "WINDOW=1")
    steadily = """windows=0
    until [ $windows = 4 ]; do
      said=$(calls user-8)
      echo "$said"
      if [ "$said" = '{"value":1}' ]; then windows=$((windows + 1)); fi
    done"""

    printed = typed(server, tmp_path, f"{recipe}\necho\n{steadily}")

    counts = [json.loads(line)["value"] for line in printed.splitlines()[1:]]
    begun = [at for at, count in enumerate(counts) if count == 1]
    assert len(begun) == 4
    for first, after in zip(begun, [*begun[1:], len(counts)], strict=True):
        assert counts[first:after] == list(range(1, after - first + 1))


def test_a_lock_is_kept_by_who_renews_it_and_passes_on_when_nobody_does(
    server: Server, tmp_path: Path
) -> None:
    taken = block("functions-and-edge.md", "lock()").replace("LEASE=30", "LEASE=2")
    kept = block("functions-and-edge.md", "keep()").split("MINE=")[0]
    over_time = """
    MINE=$(tag) start=$(date +%s)
    until [ $(date +%s) -ge $((start + 5)) ]; do keep worker-1 "$MINE"; lock worker-2; done
    until lock worker-2 | grep 204; do :; done
    keep worker-1 "$MINE"
    release worker-1 "$MINE"
    release worker-2 "$(tag)"
    until lock worker-3 | grep 204; do :; done
    """

    said = typed(server, tmp_path, f"{taken}\n{kept}\n{over_time}").split()

    assert said[:2] == ["204", "412"]
    steady, end = said[2:-5], said[-5:]
    assert steady == ["204", "412"] * (len(steady) // 2)
    assert end == ["204", "412", "412", "204", "204"]


def test_a_worker_keeps_its_connection_however_often_it_misses(
    server: Server, tmp_path: Path
) -> None:
    page = block("functions-and-edge.md", "worker.mjs <<")
    once = page[: page.index("node --input-type")]
    steadily = """node --input-type=module -e '
    import worker from "./worker.mjs";
    for (let i = 0; i < 100; i++) {
      const answer = await worker.fetch(new Request(`https://shop.example/${i}`), process.env);
      await answer.text();
      if (answer.headers.get("x-cache") !== "miss") throw new Error("a hit");
    }'"""

    def accepted() -> float:
        families = text_string_to_metric_families(httpx.get(f"{server.http}/metrics").text)
        (family,) = [each for each in families if each.name == "attimo_connections_accepted"]
        return sum(sample.value for sample in family.samples)

    before = accepted()
    typed(server, tmp_path, once + steadily)

    assert accepted() - before < 10


def test_a_branch_has_its_cache_at_every_run_of_its_job(server: Server, tmp_path: Path) -> None:
    recipe = block("caches-for-a-while.md", "create pr-123").replace("2h", "10s")
    state = 'curl -s "http://127.0.0.1:8080/cache/pr-123?key=state" -H "Authorization: $TOKEN"'
    write = state.replace("key=state", "key=state&ttl_seconds=60").replace("-s", "-sX PUT -d run")
    run = f"{recipe}\n{state}\necho\n{write}\n{state}\necho"
    ended = "while attimo cache list | grep -q pr-123; do :; done"

    said = typed(server, tmp_path, "\n".join([run, run, ended, run])).splitlines()

    assert [json.loads(line)["message"] for line in said[::2]] == ["Key Not Found"] * 3
    assert said[1::2] == ["run"] * 3


def test_a_service_whose_key_is_replaced_in_time_is_never_refused(
    server: Server, tmp_path: Path
) -> None:
    first = block("rotate-a-key.md", "role create shop").replace("90d", "10s")
    replaced = block("rotate-a-key.md", "OLD=").replace("90d", "10s")
    revoked = block("rotate-a-key.md", "key revoke")
    use = """use() { curl -s -o /dev/null -w '%{http_code}\\n' -H "Authorization: $1" \\
        "$ATTIMO_URL/cache/default-cache?key=public/page"; }"""
    rounds = """start=$(date +%s)
    until [ $(date +%s) -ge $((start + 21)) ]; do use "$KEY"; BEFORE=$KEY
    """

    each = f'{replaced}\nuse "$BEFORE"\n{revoked}\nuse "$KEY"; use "$BEFORE"; done'
    said = typed(server, tmp_path, f"{first}\n{use}\n{rounds}\n{each}").split()

    assert len(said) >= 4 * 2
    assert said == ["404", "404", "404", "401"] * (len(said) // 4)


@pytest.mark.parametrize("lifetime", [2])
def test_a_page_that_stays_open_always_has_a_token_that_is_good(
    server: Server, tmp_path: Path, lifetime: int
) -> None:
    text = (HOW_TO / "use-from-a-browser.md").read_text()
    recipe = next(each for each in text.split("```js\n") if "freshToken" in each).split("```")[0]
    permits = {"rules": [{"type": "cache", "permissions": ["read"], "caches": "*", "items": "*"}]}
    asked = json.dumps({"valid_for_seconds": lifetime, "permissions": permits})
    script = f"""
    const [http, key, asked] = process.argv.slice(2);
    const direct = fetch;
    globalThis.fetch = (path, init) => path === '/cache-token'
      ? direct(`${{http}}/tokens`, {{ ...init, body: asked, headers: {{
          authorization: key, 'content-type': 'application/json' }} }})
      : direct(path, init);
    {recipe.replace("early = 60", "early = 1")}
    const tokens = new Set(), said = new Set(), end = Date.now() + {4 * lifetime} * 1000;
    while (Date.now() < end) {{
      const token = await freshToken();
      tokens.add(token);
      const item = `${{http}}/cache/default-cache?key=none`;
      const answer = await fetch(item, {{ headers: {{ authorization: token }} }});
      said.add(answer.status);
      await answer.text();
    }}
    console.log(JSON.stringify([tokens.size, [...said]]));
    """
    (tmp_path / "page.mjs").write_text(script)
    done = subprocess.run(
        ["node", "page.mjs", server.http, server.api_key, asked],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tokens, said = json.loads(done.stdout)

    assert tokens >= 4
    assert said == [404]

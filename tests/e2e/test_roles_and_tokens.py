"""An operator's way to least privilege: roles, tokens, the audit trail, new signatures."""

import json
from pathlib import Path

from e2e.terminal import Terminal
from harness import Server


def test_a_role_from_its_creation_to_its_end(terminal: Terminal) -> None:
    role_id = terminal.do("role", "create", "reader", "--allow", "read:shop/public/*").strip()
    assert "read:shop/public/*" in terminal.do("role", "show", "reader")

    terminal.do("role", "update", "reader", "--allow", "read:shop", "--name", "shop reader")

    assert f"{role_id}\tshop reader\tcustom" in terminal.do("role", "list")
    key = json.loads(terminal.do("key", "create", "--role", "shop reader", "--json"))
    assert "\tshop reader\t" in terminal.do("key", "list")
    held = terminal.type("role", "delete", "shop reader")
    assert (held.status, "in use by 1 API key." in held.error) == (6, True)
    terminal.do("key", "revoke", key["key_id"])
    terminal.do("role", "delete", role_id)
    assert "no role 'reader'" in terminal.type("role", "show", "reader").error


def test_a_role_of_a_file_of_rules(terminal: Terminal, tmp_path: Path) -> None:
    rules = [{"type": "topic", "permissions": ["write"], "caches": "*", "topics": {"prefix": "a"}}]
    file = tmp_path / "role.json"
    file.write_text(json.dumps({"rules": rules}))

    terminal.do("role", "create", "publisher", "--permissions", str(file))

    shown = json.loads(terminal.do("role", "show", "publisher", "--json"))
    assert shown["permissions"]["rules"] == rules
    assert "topic:write:*/a*" in terminal.do("role", "show", "publisher")
    terminal.do("role", "delete", "publisher")


def test_what_is_no_grant_is_said_so(terminal: Terminal) -> None:
    for grant in ("prod", "read:", ":prod", "read:prod/"):
        answer = terminal.type("role", "create", "r", "--allow", grant)
        assert answer.status == 2
        assert "is not a valid grant" in answer.error
    for grant in ("own:prod", "read,own:prod/a", "caches:own:prod", "server:own"):
        unknown = terminal.type("role", "create", "r", "--allow", grant)
        assert unknown.status == 2
        assert f"'own' in {grant!r} is not a verb. Use read, write or list" in unknown.error


def test_a_token_opens_what_it_was_made_for_and_nothing_else(
    terminal: Terminal, stranger: Terminal, server: Server
) -> None:
    grant = "read,write:default-cache/mine/*"
    token = terminal.do("token", "create", "--allow", grant, "--expires-in", "5m", "--raw").strip()
    stranger.variables |= {"ATTIMO_URL": server.http, "ATTIMO_TOKEN": token}

    stranger.do("set", "mine/1", "hello")

    assert stranger.do("get", "mine/1") == "hello"
    assert "may not Get on key" in stranger.type("get", "yours").error
    assert "for data only" in stranger.type("cache", "list").error
    assert "for data only" in stranger.type("token", "create", "--allow", grant).error


def test_the_trail_tells_what_was_done(terminal: Terminal) -> None:
    terminal.do("cache", "create", "trailed")
    terminal.do("cache", "delete", "trailed")

    trail = terminal.do("audit", "--action", "cache", "--since", "1h", "--json")
    entries = json.loads(trail)["items"]

    actions = [each["action"] for each in entries if each["subject"] == "trailed"]
    assert actions == ["cache.delete", "cache.create"]
    assert {each["peer"] for each in entries if each["subject"] == "trailed"} == {"127.0.0.1"}
    assert "cache.delete" in terminal.do("audit", "-n", "1")


def test_a_new_signature_leaves_old_keys_valid_until_theirs_is_retired(
    stranger: Terminal,
) -> None:
    with Server() as server:
        owner = Terminal(stranger.home, {"ATTIMO_DATA_DIR": str(server.data_dir)})
        (first,) = json.loads(owner.do("key", "signing", "--json"))["items"]

        assert "rotate first" in owner.type("key", "rotate-signing", "--retire", first["kid"]).error
        owner.do("key", "rotate-signing")
        key = owner.do("key", "create").strip()
        owner.do("cache", "list")
        owner.do("key", "rotate-signing", "--retire", first["kid"])

        assert "it was revoked or issued by another server" in owner.type("cache", "list").error
        stranger.variables |= {"ATTIMO_URL": server.http, "ATTIMO_TOKEN": key}
        stranger.do("cache", "list")

        server.stop()
        server.start()

        assert owner.do("cache", "list").startswith("default-cache")
        both = ("key", "rotate-signing", "--retire", first["kid"], "--retire-old")
        assert "not both" in owner.type(*both).error
        owner.do("key", "rotate-signing", "--retire-old")
        stranger.variables |= {"ATTIMO_URL": server.http}
        stranger.do("cache", "list")
        owner.do("key", "rotate-signing")
        refused = owner.type("key", "rotate-signing", "--retire-old").error
        assert "the last API key that can manage the account's keys. Create another" in refused
        stranger.do("cache", "list")
        owner.do("key", "rotate-signing", "--retire-old", "--yes")
        assert "it was revoked or issued by another server" in stranger.type("cache", "list").error


def test_whoever_revokes_his_own_key_has_another_after_the_next_start(stranger: Terminal) -> None:
    with Server() as server:
        owner = Terminal(stranger.home, {"ATTIMO_DATA_DIR": str(server.data_dir)})
        (key,) = json.loads(owner.do("key", "list", "--json"))["items"]
        refused = owner.type("key", "revoke", key["key_id"])
        assert (refused.status, "last API key" in refused.error) == (6, True)
        assert "pass --yes" in refused.error
        assert owner.do("cache", "list").startswith("default-cache")
        owner.do("key", "revoke", key["key_id"], "--yes")
        assert "it was revoked or issued by another server" in owner.type("cache", "list").error

        server.stop()
        server.start()

        assert owner.do("cache", "list").startswith("default-cache")


def test_the_audit_log_has_names_beside_ids(terminal: Terminal) -> None:
    role = terminal.do("role", "create", "shelves", "--allow", "caches:write:shelf-*").strip()
    made = json.loads(
        terminal.do("key", "create", "--role", "shelves", "-d", "stock", "--ttl", "1h", "--json")
    )
    terminal.variables["ATTIMO_TOKEN"] = made["api_key"]
    terminal.do("cache", "create", "shelf-1")
    del terminal.variables["ATTIMO_TOKEN"]
    terminal.do("key", "revoke", made["key_id"], "--yes")

    entries = json.loads(terminal.do("audit", "-n", "4", "--json"))["items"]

    named = {each["action"]: (each["subject"], each["subject_name"]) for each in entries}
    assert named["key.revoke"] == named["key.create"] == (made["key_id"], "stock")
    assert named["role.create"] == (role, "shelves")
    assert [each["actor_name"] for each in entries if each["action"] == "cache.create"] == ["stock"]

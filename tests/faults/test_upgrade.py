"""A newer version opens what an older one left; an older version touches nothing of a newer one."""

import hashlib
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attimo.control.signing import SigningKey
from attimo.control.tokens import Claims, v2_token
from attimo.data_directory import DataDirectory
from attimo.serve.backup import restore
from faults.watching import client, is_sound, refused, says
from harness import Server

EARLIER = sorted((Path(__file__).parents[1] / "unit" / "databases").glob("*.sql"))


PRIVATE = bytes([2]) * 32
PUBLIC = Ed25519PrivateKey.from_private_bytes(PRIVATE).public_key().public_bytes_raw()
API_KEY = v2_token(SigningKey("signs", PUBLIC, PRIVATE), Claims("key", 1, 1700000000, None))
"""A key that the earlier version gave to somebody; the dumps have all of it but the public part."""


def older(dump: Path, data: Path) -> Path:
    """A data directory with the database of an earlier version."""
    data.mkdir(mode=0o700)
    with closing(sqlite3.connect(data / "attimo.db")) as file:
        file.executescript(dump.read_text())
        file.execute("UPDATE signing_keys SET public_key = ?", (PUBLIC,))
        file.commit()
    (data / "attimo.db").chmod(0o600)
    return data


def is_known(server: Server) -> bool:
    """Whether the key of the earlier version is valid; what it may do is its role's matter."""
    headers = {"authorization": API_KEY}
    return httpx.get(f"{server.http}/cache/kept?key=k", headers=headers).status_code != 401


def digests(folder: Path) -> dict[str, str]:
    """The digest of every file of a data directory that holds something."""
    return {
        str(each.relative_to(folder)): hashlib.sha256(each.read_bytes()).hexdigest()
        for each in folder.rglob("*")
        if each.is_file() and each.name != "lock"
    }


@pytest.mark.parametrize("dump", EARLIER, ids=lambda dump: dump.stem)
def test_the_data_of_each_earlier_version_is_served(tmp_path: Path, dump: Path) -> None:
    data = older(dump, tmp_path / "data")

    with Server(data_dir=data) as server, client(server) as http:
        assert "A new server" not in server.output
        assert is_known(server)
        assert http.get("/caches").json()["caches"][0]["name"] == "kept"
        assert http.put("/cache/kept?key=k&ttl_seconds=60", content=b"v").status_code == 204
        assert http.get("/cache/kept?key=k").content == b"v"
        assert http.put("/caches/new").status_code == 201
        server.stop()
        server.start()
        assert is_known(server)
    assert is_sound(data)


def test_the_way_back_is_there_before_the_database_is_changed(tmp_path: Path) -> None:
    data = older(EARLIER[-1], tmp_path / "data")
    with Server(data_dir=data) as server:
        (backup,) = (data / "before-upgrade").iterdir()
        says(server, f"backed up to {backup}")
        server.stop()
        server.start()
        assert list((data / "before-upgrade").iterdir()) == [backup]

    with closing(sqlite3.connect(backup / "attimo.db")) as file:
        found = file.execute("SELECT version_num FROM alembic_version").fetchone()
    assert found == (EARLIER[-1].stem,)
    restored = DataDirectory(tmp_path / "restored")
    restore(backup, restored, keep_keys=True)
    with Server(data_dir=restored.path) as server:
        assert is_known(server)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_database_is_not_changed_if_the_disk_has_no_room_for_a_backup(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
    try:
        data = older(EARLIER[-1], disk / "data")
        with closing(sqlite3.connect(data / "attimo.db")) as file:
            file.execute("UPDATE accounts SET name = ?", ("x" * 5_000_000,))
            file.commit()
        before = digests(data)["attimo.db"]

        line = refused("--data-dir", str(data), "--http", "127.0.0.1:0", "--https", "127.0.0.1:0")

        assert f"schema {EARLIER[-1].stem}) and was not changed" in line
        assert digests(data)["attimo.db"] == before
        more_than_the_file = (data / "attimo.db").stat().st_size // 2**20 + 1
        assert f"make room for {more_than_the_file} MiB on it" in line
        subprocess.run(["mount", "-o", "remount,size=40m", disk], check=True)
        with Server(data_dir=data) as server:
            assert is_known(server)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_an_older_version_refuses_a_newer_database_and_changes_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server(data_dir=data):
        pass
    with closing(sqlite3.connect(data / "attimo.db")) as file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
        file.commit()
    before = digests(data)

    line = refused("--data-dir", str(data), "--http", "127.0.0.1:0", "--https", "127.0.0.1:0")

    assert "schema 9999" in line
    assert "newer" in line
    assert digests(data) == before

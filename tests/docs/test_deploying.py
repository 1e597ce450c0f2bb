"""What the page about a virtual server says to copy is right: records, settings, firewall."""

import re
from pathlib import Path

from attimo import settings
from attimo.certificates.names import names
from attimo.serve import units
from docs.typed import DOCS

PAGE = DOCS / "how-to" / "deploy-on-a-vps.md"


def block(language: str) -> str:
    """The one block of a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.S | re.M)
    assert isinstance(found, str)
    return found


def answer(zone: set[str], name: str) -> bool:
    """Whether a zone answers for a name, by a wildcard if need be (RFC 4592).

    A wildcard is not asked for a name that exists, or that has one below it that exists.
    """
    if name in zone:
        return True
    labels = name.split(".")
    above = [".".join(labels[at:]) for at in range(1, len(labels))]
    if any(each.endswith(f".{name}") for each in zone):
        return False
    closest = next(
        each for each in above if any(one == each or one.endswith(f".{each}") for one in zone)
    )
    return f"*.{closest}" in zone


def settings_of(folder: Path) -> settings.Settings:
    """The settings that the page says to write."""
    config = folder / "attimo.toml"
    config.write_text(block("toml"))
    return settings.load({"config": str(config), "data_dir": str(units.SYSTEM_DATA)}, {}, folder)


def test_the_records_cover_every_name_that_clients_use(tmp_path: Path) -> None:
    zone = {line.split()[0].rstrip(".") for line in block("dns").splitlines()}

    wanted = names(settings_of(tmp_path).endpoint)

    assert [name for name in wanted if not answer(zone, name)] == []
    assert not answer(zone | {"x.cache.cache.example.com"}, "cache.cache.example.com")


def test_a_service_can_be_made_of_the_settings(tmp_path: Path) -> None:
    chosen = settings_of(tmp_path)

    made = units.units(chosen, Path("/usr/bin/env"), units.SYSTEM_CONFIG, user=False)

    assert str(chosen.backup_to) == "/var/lib/attimo-backups"
    assert "StateDirectory=attimo attimo-backups" in made[units.SERVICE]
    for address in ("0.0.0.0:443", "0.0.0.0:80", "127.0.0.1:8080"):
        assert f"ListenStream={address}\n" in made[units.SOCKET]


def test_the_firewall_opens_the_public_ports_and_no_other(tmp_path: Path) -> None:
    rules = block("nft")
    (opened,) = re.findall(r"tcp dport \{ (.*) \} accept", rules)
    public = {
        each.address.rpartition(":")[2]
        for each in settings_of(tmp_path).listeners
        if not each.is_loopback
    }

    assert set(opened.split(", ")) == {"22"} | public
    assert "policy drop" in rules

"""The container: a server without rights that writes to its volume only, and ends well."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from packages import container
from packages.conftest import ROOT
from packages.container import Container, podman
from ports import free_port

MEMORY = "256m"
BUDGET = 153e6
"""What docs/reference/sizing.md says of a container of 256 MiB."""


@pytest.fixture(scope="module")
def listen() -> str:
    """The addresses: plaintext is where the health check asks."""
    return f"https://127.0.0.1:{free_port()},http://127.0.0.1:8080"


@pytest.fixture(scope="module")
def volume(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty volume, and an image to use it."""
    room = tmp_path_factory.mktemp("image")
    container.make_base(room)
    container.build(wheel, room)
    name = f"attimo-tests-{uuid.uuid4().hex}"
    podman("volume", "create", name)
    yield name
    podman("volume", "rm", "--force", name)
    podman("image", "rm", container.IMAGE)


@pytest.fixture
def running(volume: str, listen: str) -> Iterator[Container]:
    with container.running(volume, volume, MEMORY, listen) as found:
        yield found


def test_it_serves_without_rights_on_a_root_that_is_read_only(running: Container) -> None:
    running.attimo("set", "greeting", "hello")

    assert running.attimo("get", "greeting").strip() == "hello"
    status = running.run("cat", "/proc/1/status")
    assert re.search(r"^Uid:\t10001\t10001\t10001\t10001$", status, re.M)
    assert re.search(r"^Cap(Prm|Eff):\t0+$", status, re.M)


def test_its_health_check_and_its_memory_limit_are_seen(running: Container) -> None:
    podman("healthcheck", "run", running.name)

    read = "from urllib.request import urlopen as get; print(get('{}/metrics').read().decode())"
    page = running.run("/opt/attimo/bin/python", "-c", read.format("http://127.0.0.1:8080"))
    (budget,) = re.findall(r"^attimo_memory_budget_bytes (\d+)$", page, re.M)
    assert int(budget) == pytest.approx(BUDGET, rel=0.01)


def test_it_ends_well_and_its_volume_keeps_keys_and_caches(volume: str, listen: str) -> None:
    with container.running(volume, volume, MEMORY, listen) as first:
        first.attimo("cache", "create", "kept")
        key = first.run("cat", "/data/credentials.json")
        assert first.stop() == 0

    with container.running(volume, volume, MEMORY, listen) as second:
        assert "kept" in second.attimo("cache", "list")
        assert second.run("cat", "/data/credentials.json") == key


def test_the_example_of_compose_runs_this_image_and_keeps_its_data() -> None:
    folder = ROOT / "deploy" / "container"
    found = yaml.safe_load((folder / "compose.yaml").read_text())
    service = found["services"]["attimo"]

    assert (folder / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    image = (folder / "Containerfile").read_text()
    assert [each.partition(":")[2] for each in service["volumes"]] == re.findall(
        r"^VOLUME (\S+)$", image, re.M
    )
    assert [each.partition(":")[2] for each in service["ports"]] == re.findall(
        r"^EXPOSE (\S+)$", image, re.M
    )
    assert set(found["volumes"]) == {each.partition(":")[0] for each in service["volumes"]}
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])

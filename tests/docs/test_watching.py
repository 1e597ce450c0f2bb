"""What the dashboard and the alerts ask for is what a server tells, and all of it is documented."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness import Server

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "deploy" / "grafana" / "attimo.json"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
REFERENCE = ROOT / "docs" / "reference" / "metrics.md"
NAME = r"\b(?:attimo|process)_[a-z_]+\b"
OF_HISTOGRAMS = ("_bucket", "_sum", "_count")


@pytest.fixture(scope="module")
def told(server: Server) -> dict[str, Any]:
    """Every sample that a server tells, by name, and the names of labels that it has."""
    key = {"authorization": server.api_key}
    httpx.get(f"{server.http}/cache/default-cache?key=a", headers=key)
    httpx.get(f"{server.http}/cache/default-cache?key=a")
    families = text_string_to_metric_families(httpx.get(f"{server.http}/metrics").text)
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


def queries() -> list[str]:
    """Every query of the dashboard and of the alerts."""
    board = json.loads(DASHBOARD.read_text())
    found = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    found += [each["expr"] for each in board["annotations"]["list"]]
    found += [each["query"]["query"] for each in board["templating"]["list"][1:]]
    alerts = re.split(r"- alert:", ALERTS.read_text())[1:]
    return found + [each.partition("expr:")[2].partition("labels:")[0] for each in alerts]


@pytest.mark.parametrize("query", queries())
def test_a_query_asks_for_what_a_server_tells(told: dict[str, set[str]], query: str) -> None:
    names = set(re.findall(NAME, query))
    assert names or 'up{job="attimo"}' in query
    assert names - set(told) == set()

    labels = {label for name in names for label in told[name]} | {"job", "instance"}
    asked = {each for listed in re.findall(r"by \(([^)]*)\)", query) for each in listed.split(", ")}
    asked |= set(re.findall(r"[{,](\w+)=~?\"", query))
    assert asked - labels == set()


def test_every_metric_is_documented_and_no_other(told: dict[str, set[str]]) -> None:
    documented = set(re.findall(rf"^\| `({NAME})`", REFERENCE.read_text(), re.M))
    histograms = {name.removesuffix("_bucket") for name in told if name.endswith("_bucket")}
    parts = {f"{name}{end}" for name in histograms for end in OF_HISTOGRAMS}

    assert (set(told) - parts) | histograms == documented


def test_panels_do_not_lie_upon_each_other() -> None:
    places: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        own = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not places & own, panel["title"]
        places |= own

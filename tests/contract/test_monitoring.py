"""Alerts and dashboard ask for metrics that exist, and every alert says where it is explained."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.metrics.catalogue import ALL

_ROOT = Path(__file__).parents[2]
_PROMETHEUS = _ROOT / "deploy" / "prometheus"
_ALERTS = {
    "GeowireWorkerStuck",
    "GeowireLagGrowing",
    "GeowireDeadLetters",
    "GeowireFeedsFailing",
    "GeowireNoEvents",
    "GeowirePollerDown",
    "GeowireWorkerDown",
    "GeowireLosses",
    "GeowireBrokerUnreachable",
    "GeowireKnowledgeOld",
}
_OF_OTHERS = {"up", "ALERTS", "process_resident_memory_bytes", "process_start_time_seconds"}
"""Of Prometheus itself, and of the client library."""
_LABELS_OF_OTHERS = {"job", "instance", "le", "alertname", "alertstate"}


def _rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((_PROMETHEUS / "alerts.yml").read_text("utf-8"))["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def _dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_ROOT / "deploy/grafana/dashboards/geowire.json").read_text("utf-8"))
    return found


def _expressions() -> Iterator[tuple[str, str]]:
    for rule in _rules():
        yield rule["alert"], rule["expr"]
    for panel in _dashboard()["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for annotation in _dashboard()["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]


def _exported() -> dict[str, set[str]]:
    """The series that processes export, and their labels."""
    found: dict[str, set[str]] = {}
    for metric in ALL:
        names = [metric.name]
        if metric.kind == "histogram":
            names = [f"{metric.name}{part}" for part in ("_bucket", "_sum", "_count")]
        found |= {name: set(metric.labels) for name in names}
    return found


@pytest.mark.parametrize(("where", "expression"), list(_expressions()))
def test_every_metric_and_label_that_is_asked_for_exists(where: str, expression: str) -> None:
    exported = _exported()
    names = set(re.findall(r"\b(?:geowire_\w+|process_\w+|up|ALERTS)\b", re.sub(r'"[^"]*"', "", expression)))
    assert names
    assert names - _OF_OTHERS <= exported.keys()
    labels = {label for name in names & exported.keys() for label in exported[name]} | _LABELS_OF_OTHERS
    grouped = ",".join(re.findall(r"\bby \(([^)]*)\)", expression))
    asked = {label.strip() for label in grouped.split(",") if label.strip()}
    asked |= set(re.findall(r'(\w+)\s*=~?\s*"', expression))
    assert asked <= labels


def test_the_alerts_are_those_that_were_agreed_and_each_names_its_section() -> None:
    assert {rule["alert"] for rule in _rules()} == _ALERTS
    for rule in _rules():
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"
        assert rule["annotations"].keys() == {"summary", "description", "runbook"}
        assert rule["labels"]["severity"] in {"page", "ticket"}


def test_every_section_that_an_alert_names_is_there() -> None:
    page = _ROOT / "docs" / "operations.md"
    if not page.exists():
        pytest.skip("docs/operations.md is not written yet")
    headings = {line.strip("# `").lower() for line in page.read_text("utf-8").splitlines() if line.startswith("#")}
    assert {name.lower() for name in _ALERTS} <= headings


def test_every_alert_has_a_test_in_which_it_comes_and_one_in_which_it_does_not() -> None:
    tests = yaml.safe_load((_PROMETHEUS / "alerts.test.yml").read_text("utf-8"))["tests"]
    judged = [case for test in tests for case in test["alert_rule_test"]]
    for comes in (True, False):
        assert {case["alertname"] for case in judged if bool(case.get("exp_alerts")) is comes} == _ALERTS


@pytest.mark.parametrize(
    "command",
    [["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"], ["check", "config", "prometheus.yml"]],
)
def test_promtool_agrees(command: list[str]) -> None:
    if not shutil.which("promtool"):
        pytest.skip("promtool is not here: tools/test-packages installs it")
    ran = subprocess.run(["promtool", *command], cwd=_PROMETHEUS, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_dashboard_fits_together() -> None:
    dashboard = _dashboard()
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    sources = yaml.safe_load((_ROOT / "deploy/grafana/provisioning/datasources/geowire.yml").read_text("utf-8"))
    used = {target["datasource"]["uid"] for panel in panels for target in panel.get("targets", [])}
    assert used == {source["uid"] for source in sources["datasources"]}
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, f"{panel['title']} lies over another"
        taken |= cells
        assert panel["type"] == "row" or panel["description"]

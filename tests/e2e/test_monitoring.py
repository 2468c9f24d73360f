"""Debian's own Prometheus scrapes a fleet that lives: every expression of the dashboard has an answer, and each alert its cases."""

from __future__ import annotations

import json
import math
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.documented import ROOT
from tests.e2e.conftest import StackUnderTest
from tests.integration.typed import KEY
from tests.integration.web.test_process import _free_port
from tests.waiting import until

DASHBOARD = json.loads((ROOT / "docs" / "monitoring" / "grafana.json").read_text())
ALERTS = ROOT / "docs" / "monitoring" / "alerts.yml"
CASES = ROOT / "tests" / "monitoring" / "alerts_test.yml"


def expressions() -> dict[str, str]:
    """By panel, as Grafana sends them."""
    return {
        f"{panel['title']} {target['refId']}": target["expr"].replace("$__rate_interval", "1m")
        for panel in DASHBOARD["panels"]
        for target in panel.get("targets", ())
    }


class Prometheus:
    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"

    def ask(self, what: str, **query: str) -> Any:
        try:
            with urllib.request.urlopen(f"{self._url}/{what}?{urllib.parse.urlencode(query)}", timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def value(self, expression: str) -> float | None:
        """Of the first series of its answer; None for an empty answer."""
        found = self.ask("query", query=expression)
        return float(found["result"][0]["value"][1]) if found and found["result"] else None


@pytest.fixture
def prometheus(stack: StackUnderTest, tmp_path: Path) -> Iterator[Prometheus]:
    """It scrapes `im web` each second; its token is an emergency's, for a first user would give the stack people."""
    port = _free_port()
    made = stack.run("token", "create", "scrape", "--admin", "--for", "1h", "-q")
    assert made.returncode == 0, made.stderr
    (tmp_path / "token").write_text(made.stdout.strip())
    target = {"targets": [f"127.0.0.1:{stack.running().named['web_port']}"]}
    scrape = {"job_name": "im", "static_configs": [target], "authorization": {"credentials_file": "token"}}
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "scrape_configs": [scrape],
        "rule_files": [str(ALERTS)],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(config))
    words = [
        *("prometheus", f"--web.listen-address=127.0.0.1:{port}", "--config.file=prometheus.yml"),
        f"--storage.tsdb.path={tmp_path}/data",
    ]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        yield Prometheus(port)
        running.terminate()


def test_every_expression_of_the_dashboard_has_an_answer(
    stack: StackUnderTest, prometheus: Prometheus, tmp_path: Path
) -> None:
    key = tmp_path / "id.pub"
    key.write_text(KEY)
    made = stack.run("create", "--name", "dash", "-d", "20s", "--public-key", str(key), "--no-wait")
    assert made.returncode == 0, made.stderr
    asked = expressions()
    assert len(asked) > 35
    left = dict(asked)

    def answered() -> bool:
        for panel, expression in list(left.items()):
            value = prometheus.value(expression)
            # of nothing that happened in the last minute there is no quantile
            if value is not None and (not math.isnan(value) or "quantile" in expression):
                del left[panel]
        return not left

    try:
        until("an answer to each", answered)
    finally:
        stack.run("terminate", "dash", "-y", "--no-wait")
    assert {rule["health"] for group in prometheus.ask("rules")["groups"] for rule in group["rules"]} == {"ok"}


@pytest.mark.parametrize(("asked", "of"), [("rules", ALERTS), ("cases", CASES)])
def test_the_alerts_fire_when_they_should_and_not_before(asked: str, of: Path) -> None:
    words = ["promtool", "check" if asked == "rules" else "test", "rules", str(of)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    alerts = {rule["alert"] for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]}
    cases = [one for test in yaml.safe_load(CASES.read_text())["tests"] for one in test["alert_rule_test"]]
    assert {one["alertname"] for one in cases if one.get("exp_alerts")} == alerts
    assert {one["alertname"] for one in cases if not one.get("exp_alerts")} == alerts


def test_what_is_written_of_metrics_names_those_that_there_are(stack: StackUnderTest) -> None:
    told = stack.run("metrics").stdout
    there = set(re.findall(r"^# TYPE (\w+) ", told, re.MULTILINE)) | {"im_sse_streams"}
    documented = set(re.findall(r"`(im_\w+)", (ROOT / "docs" / "monitoring.md").read_text()))
    used = set(re.findall(r"\bim_\w+", ALERTS.read_text() + " ".join(expressions().values())))
    assert {re.sub(r"_bucket$", "", name) for name in used} - there == set()
    assert documented == there

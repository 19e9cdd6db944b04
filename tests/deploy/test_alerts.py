"""The alarms that are shipped: each watches a metric that there is, and each has its line in the runbook."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy" / "monitoring" / "alerts.yml"
RUNBOOK = ROOT / "deploy" / "README.md"


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def test_every_metric_that_is_watched_is_shown_by_a_program_of_ours() -> None:
    programs = "\n".join(
        path.read_text()
        for source in ("edge/shopbell_edge", "server/shopbell_server")
        for path in (ROOT / source).glob("**/*.py")
    )
    watched = {
        name for rule in rules() for name in re.findall(r"\bshopbell_[a-z_]+\b", rule["expr"])
    }
    assert len(watched) > 10
    for name in watched:
        family = re.sub(r"_(total|bucket)$", "", name)
        assert f'"{family}"' in programs, f"{name} is shown by nobody"


def test_every_alarm_says_how_urgent_it_is_and_stands_in_the_runbook() -> None:
    part = RUNBOOK.read_text().split("\n## Alarms\n")[1].split("\n## ")[0]
    rows = re.findall(r"(?m)^\| `(Shopbell\w+)` \| [^|]+ \| [^|]+ \|$", part)
    assert rows == [rule["alert"] for rule in rules()]
    assert {rule["labels"]["severity"] for rule in rules()} == {"page", "ticket"}
    assert all(rule["annotations"]["summary"] for rule in rules())

"""Runs of the rules and changes to them, as SentinelHealth and SentinelAudit have them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sentinel_mcp.local.identity import INSIGHTS_ID, WORKSPACE_ID
from sentinel_mcp.local.scenario.cases import Case
from sentinel_mcp.local.scenario.clock import Clock
from sentinel_mcp.local.scenario.people import person
from sentinel_mcp.local.scenario.rules.all import rule, rules

Cells = list[dict[str, Any]]
"""Rows by column. Any: a cell is of its column's type."""

FAILING = "ti-match"
FAILING_FOR = timedelta(hours=9)
"""Since somebody made it look two weeks back: its runs take more than they may."""

_MINUTES = {"M": 1, "H": 60}

_CHANGES = (
    ("rogue-consent", "hana.kovacs", timedelta(days=9, hours=3)),
    ("token-replay", "hana.kovacs", timedelta(days=6, hours=5)),
    (FAILING, "hana.kovacs", FAILING_FOR + timedelta(minutes=14)),
)


def running_rules() -> Cells:
    """Return the rules that run on a schedule, with the minutes between two recorded runs.

    At most one run an hour is recorded: enough to see what fails, and few rows.
    """
    enabled = [each for each in rules() if each.enabled]
    running = [each for kind in ("Scheduled", "NRT") for each in enabled if each.kind == kind]
    return [
        {
            "number": number,
            "id": each.id,
            "name": each.name,
            "kind": each.kind,
            "every": max(60, minutes(each.frequency)),
            "back": minutes(each.period) if each.kind == "Scheduled" else 2,
            "failing_min": FAILING_FOR.seconds // 60 if each.key == FAILING else 0,
        }
        for number, each in enumerate(running, start=1)
    ]


def raised_alerts(cases: Sequence[Case]) -> Cells:
    """Return when each rule raised its alerts."""
    return [
        {"rule_id": each.rule_id, "at": str(each.raised)}
        for case in cases
        for each in case.alerts
        if each.rule_id
    ]


def changes(clock: Clock) -> Cells:
    """Return the last changes to rules, as rows of SentinelAudit."""
    return [_change(clock, *each) for each in _CHANGES]


def changed(key: str) -> timedelta | None:
    """Return how long ago a rule was changed, where that is recorded."""
    return next((ago for changed, _, ago in _CHANGES if changed == key), None)


def minutes(duration: str) -> int:
    """Return the minutes of a duration as the scenario writes them."""
    if days := re.fullmatch(r"P(\d+)D", duration):
        return 24 * 60 * int(days[1])
    found = re.fullmatch(r"PT(\d+)([MH])", duration)
    return int(found[1]) * _MINUTES[found[2]] if found else 24 * 60


def _change(clock: Clock, key: str, who: str, ago: timedelta) -> dict[str, Any]:
    by, resource = person(who), f"{INSIGHTS_ID}/alertRules/{rule(key).id}"
    return {
        "TimeGenerated": str(clock.now - ago),
        "OperationName": "Microsoft.SecurityInsights/alertRules/Write",
        "Status": "Success",
        "Description": "Write of an analytics rule.",
        "SentinelResourceId": resource,
        "SentinelResourceName": rule(key).name,
        "SentinelResourceKind": rule(key).kind,
        "SentinelResourceType": "Analytic Rule",
        "WorkspaceId": WORKSPACE_ID,
        "ExtendedProperties": {"CallerName": by.upn, "ResourceId": resource},
    }

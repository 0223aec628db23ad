"""Runs of the rules and changes to them, as SentinelHealth and SentinelAudit have them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sentinel_mcp.local.identity import INSIGHTS_ID, WORKSPACE_ID
from sentinel_mcp.local.scenario.cases import RaisedAlert
from sentinel_mcp.local.scenario.clock import Clock
from sentinel_mcp.local.scenario.noise.platform import RULE_RUNS
from sentinel_mcp.local.scenario.noise.stream import Generator
from sentinel_mcp.local.scenario.people import person
from sentinel_mcp.local.scenario.rules.all import rule, rules
from sentinel_mcp.local.scenario.rules.model import LAG_S, RESTS_MIN, Rule, minutes
from sentinel_mcp.local.scenario.rules.results import RESULTS

Cells = list[dict[str, Any]]
"""Rows by column. Any: a cell is of its column's type."""

FAILING = "ti-match"
FAILING_FOR = timedelta(hours=9)
"""Since somebody made it look two weeks back: its runs take more than they may."""

_CHANGES = (
    ("rogue-consent", "hana.kovacs", timedelta(days=9, hours=3)),
    ("token-replay", "hana.kovacs", timedelta(days=6, hours=5)),
    (FAILING, "hana.kovacs", FAILING_FOR + timedelta(minutes=14)),
)


def write(generator: Generator, alerts: Sequence[RaisedAlert]) -> None:
    """Write the runs, when all that the rules look at is there.

    At most one run an hour is recorded, and each that raised an alert: enough to see what fails,
    and few rows. A rule that rests after an alert does not run meanwhile. Of the hourly runs, those
    are recorded that find nothing: what others find is told by the run that raised the alert.
    """
    running = [
        (number, each)
        for number, each in enumerate((each for each in rules() if each.query), start=1)
        if each.enabled
    ]
    generator.reference("rule", [_running(number, each) for number, each in running])
    raised = [{"id": each.rule_id, "raised_at": str(each.raised)} for each in alerts]
    generator.reference("raised", [each for each in raised if each["id"]])
    generator.derive("run", _RUNS)
    counted = " UNION ALL ".join(
        f"(WITH span AS (SELECT i, a, b FROM run WHERE key = '{each.key}' AND NOT failed) "  # noqa: S608 - all text is this package's own
        f"{RESULTS[each.key]})"
        for _, each in running
    )
    generator.derive("found", counted)
    generator.derive(
        "recorded_run",
        "SELECT run.*, coalesce(found.amount, 0) AS amount FROM run LEFT JOIN found USING (i) "
        "WHERE raising OR coalesce(found.amount, 0) = 0",
    )
    generator.run(RULE_RUNS)


def _running(number: int, rule: Rule) -> dict[str, object]:
    return {
        "number": number,
        "key": rule.key,
        "id": rule.id,
        "name": rule.name,
        "kind": rule.kind,
        "every": max(60, minutes(rule.frequency)) if rule.kind == "Scheduled" else 60,
        "span_min": rule.window_min,
        "lag": LAG_S[rule.kind],
        "rests": RESTS_MIN if rule.rests else 0,
        "failing_min": FAILING_FOR.seconds // 60 if rule.key == FAILING else 0,
    }


# The schedule of a rule goes through the last alert that it raised.
_RUNS = """
SELECT *, b - to_minutes(span_min) AS a FROM (
    SELECT *, t - to_seconds(lag + CASE WHEN raising THEN 0 ELSE n(i, 'late', 40) END) AS b,
        NOT raising AND (r(i, 'failed') < 0.004 OR t > {now} - to_minutes(failing_min)) AS failed
    FROM (
        SELECT number * 10000 + row_number() OVER (PARTITION BY number ORDER BY t) AS i, *
        FROM (
            SELECT rule.*, date_trunc('second', raised_at::TIMESTAMP) AS t, true AS raising
            FROM rule JOIN raised USING (id)
            UNION ALL
            SELECT rule.*, start + to_minutes(every * step) AS t, false AS raising
            FROM rule
            JOIN (
                SELECT id, coalesce(date_trunc('second', max(raised_at::TIMESTAMP)),
                    {now} - to_seconds(37 * any_value(number) % 600)) AS start
                FROM rule LEFT JOIN raised USING (id) GROUP BY id
            ) USING (id), range(-336, 337) steps(step)
            WHERE NOT EXISTS (
                SELECT 1 FROM raised a WHERE a.id = rule.id
                AND start + to_minutes(every * step) >= a.raised_at::TIMESTAMP
                AND start + to_minutes(every * step)
                    < a.raised_at::TIMESTAMP + to_minutes(1 + rests)
            )
        )
        WHERE t <= {now} AND t > {now} - INTERVAL 14 DAY
    )
)"""


def changes(clock: Clock) -> Cells:
    """Return the last changes to rules, as rows of SentinelAudit."""
    return [_change(clock, *each) for each in _CHANGES]


def changed(key: str) -> timedelta | None:
    """Return how long ago a rule was changed, where that is recorded."""
    return next((ago for changed, _, ago in _CHANGES if changed == key), None)


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

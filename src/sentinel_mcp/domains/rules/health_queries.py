"""The KQL behind the health of rules; but for alerts, the time range comes with the request."""

from __future__ import annotations

from sentinel_mcp.kql.literals import string

RESOURCE_TYPES = 'SentinelResourceType startswith "Analytic"'
"""The service writes both `Analytics Rule` and `Analytic Rule`."""

MAX_REASONS = 5
"""Of one rule; the rest is in the count of its failed runs."""


def runs(rule: str | None) -> str:
    """Return how often each rule ran and failed, its last run, and its delay in seconds."""
    return f"""SentinelHealth
| where {RESOURCE_TYPES} and OperationName has "rule run"{_of(rule)}
| extend Properties = todynamic(tostring(ExtendedProperties))
| extend Delay = datetime_diff("second", TimeGenerated, todatetime(Properties.QueryEndTimeUTC))
| summarize Runs = count(), Failed = countif(Status !~ "Success"),
    MeanDelay = avg(Delay), arg_max(TimeGenerated, Status)
    by ResourceId = tolower(SentinelResourceId)
| project ResourceId, Runs, Failed, MeanDelay, LastRun = TimeGenerated, LastStatus = Status"""


def failures(rule: str | None) -> str:
    """Return why runs failed, the commonest reasons first."""
    return f"""SentinelHealth
| where {RESOURCE_TYPES} and OperationName has "rule run" and Status !~ "Success"{_of(rule)}
| extend Why = iff(isempty(Reason), Description, Reason)
| summarize Runs = count(), Last = max(TimeGenerated)
    by ResourceId = tolower(SentinelResourceId), Why
| order by Runs desc"""


def alerts(rule: str | None, days: int) -> str:
    """Return how many alerts each rule raised in these days, and when its first and last were.

    All that the table keeps is read, as only that tells which rule never raised one. An alert has
    a row for each of its versions: it was raised with the first.
    """
    of_rule = "" if rule is None else f"\n| where ExtendedProperties has {string(rule)}"
    return f"""SecurityAlert
| where ExtendedProperties has "Analytic Rule Ids"{of_rule}
| extend RuleIds = tostring(parse_json(ExtendedProperties)["Analytic Rule Ids"])
| summarize Raised = min(TimeGenerated) by SystemAlertId, RuleIds
| summarize Alerts = countif(Raised > ago({days:d}d)), First = min(Raised), Last = max(Raised)
    by RuleIds"""


def changes(rule: str) -> str:
    """Return the last changes of one rule."""
    return f"""SentinelAudit
| where SentinelResourceId endswith {string("/alertRules/" + rule)}
| extend Caller = tostring(todynamic(tostring(ExtendedProperties)).CallerName)
| project TimeGenerated, OperationName, Caller
| top 10 by TimeGenerated desc"""


def _of(rule: str | None) -> str:
    if rule is None:
        return ""
    return f"\n| where SentinelResourceId endswith {string('/alertRules/' + rule)}"

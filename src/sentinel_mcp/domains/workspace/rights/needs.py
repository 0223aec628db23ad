"""Which operations of Azure each toolset asks for, to read and to write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sentinel_mcp.domains.workspace.rights.roles import LOGS, SENTINEL

QUERY = f"{LOGS}/workspaces/query/read"
# Each table has its own operation; this one stands for all of them.
TABLES = f"{LOGS}/workspaces/query/SecurityEvent/read"


@dataclass(frozen=True, slots=True)
class Need:
    """What a toolset needs; `probe` is the path, after the workspace's, of its cheapest read.

    Where that is a query, it is in `query`.
    """

    toolset: str
    read: Sequence[str] = ()
    write: Sequence[str] = ()
    probe: str | None = None
    query: str | None = None
    elsewhere: str | None = None
    """What is not told by Azure's roles, and where it is granted."""


def _si(*operations: str) -> tuple[str, ...]:
    return tuple(f"{SENTINEL}/{each}" for each in operations)


_INSIGHTS = "/providers/Microsoft.SecurityInsights"

NEEDS = (
    Need("query", read=(QUERY, TABLES, f"{LOGS}/workspaces/tables/read"), query="print ok = 1"),
    Need(
        "incidents",
        read=_si(
            "incidents/read",
            "incidents/comments/read",
            "incidents/relations/read",
            "incidents/tasks/read",
        ),
        write=(
            *_si(
                "incidents/write",
                "incidents/comments/write",
                "incidents/relations/write",
                "incidents/tasks/write",
                "incidents/runPlaybook/action",
            ),
            "Microsoft.Logic/workflows/triggers/listCallbackUrl/action",
        ),
        probe=f"{_INSIGHTS}/incidents",
        elsewhere="Playbooks: the right to run them is granted on their own resource group, and "
        "Microsoft Sentinel itself needs Microsoft Sentinel Automation Contributor there.",
    ),
    Need(
        "rules",
        read=(*_si("alertRules/read", "alertRuleTemplates/read"), QUERY),
        write=_si("alertRules/write", "alertRules/delete"),
        probe=f"{_INSIGHTS}/alertRules",
    ),
    Need(
        "hunting",
        read=(
            *_si("bookmarks/read", "hunts/read"),
            f"{LOGS}/workspaces/savedSearches/read",
            QUERY,
        ),
        write=(
            *_si("bookmarks/write"),
            f"{LOGS}/workspaces/savedSearches/write",
            f"{LOGS}/workspaces/savedSearches/delete",
        ),
        probe=f"{_INSIGHTS}/bookmarks",
    ),
    Need(
        "connectors",
        read=(*_si("dataConnectors/read", "dataConnectorDefinitions/read"), QUERY),
        probe=f"{_INSIGHTS}/dataConnectorDefinitions",
    ),
    Need(
        "watchlists",
        read=_si("watchlists/read", "watchlists/watchlistItems/read"),
        write=_si(
            "watchlists/write",
            "watchlists/delete",
            "watchlists/watchlistItems/write",
            "watchlists/watchlistItems/delete",
        ),
        probe=f"{_INSIGHTS}/watchlists",
    ),
    Need(
        "threat-intel",
        read=_si(
            "threatIntelligence/read",
            "threatIntelligence/indicators/read",
            "threatIntelligence/queryIndicators/action",
        ),
        write=_si(
            "threatIntelligence/createIndicator/action",
            "threatIntelligence/indicators/delete",
            "threatIntelligence/indicators/appendTags/action",
        ),
        probe=f"{_INSIGHTS}/threatIntelligence/main/metrics",
    ),
    Need(
        "entities",
        read=(*_si("entities/read", "entityQueries/read"), QUERY, TABLES),
        probe=f"{_INSIGHTS}/entityQueries",
    ),
    Need(
        "workspace",
        read=(
            f"{LOGS}/workspaces/read",
            *_si(
                "onboardingStates/read",
                "metadata/read",
                "settings/read",
                "sourceControls/read",
                "securityMLAnalyticsSettings/read",
            ),
            QUERY,
            "Microsoft.Insights/metrics/read",
            "Microsoft.Insights/metricDefinitions/read",
        ),
        probe="",
        elsewhere="query_metrics: the regional endpoint wants Monitoring Reader on the "
        "subscription, which rights on the workspace do not show.",
    ),
    Need(
        "content",
        read=(
            *_si(
                "automationRules/read",
                "contentPackages/read",
                "contentTemplates/read",
                "contentProductPackages/read",
                "recommendations/read",
            ),
            f"{LOGS}/workspaces/summaryLogs/read",
            f"{LOGS}/workspaces/savedSearches/read",
            "Microsoft.Insights/workbooks/read",
        ),
        probe=f"{_INSIGHTS}/automationRules",
    ),
    Need(
        "identity",
        read=("Microsoft.Authorization/roleAssignments/read",),
        elsewhere="Users and groups: Microsoft Graph User.Read.All and Group.Read.All, granted "
        "in Entra ID.",
    ),
    Need(
        "defender",
        elsewhere="Microsoft Graph SecurityIncident.Read.All, SecurityAlert.Read.All and "
        "ThreatHunting.Read.All, granted in Entra ID.",
    ),
    Need(
        "lake",
        elsewhere="Read access to the data lake, granted in the Defender portal or, for service "
        "principals, by Azure roles on the workspace.",
    ),
)

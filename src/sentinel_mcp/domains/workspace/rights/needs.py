"""Which operations of Azure each toolset asks for, to read and to write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sentinel_mcp.domains.workspace.rights.roles import LOGS, SENTINEL

QUERY = f"{LOGS}/workspaces/query/read"
# Each table has its own operation; this one stands for all of them.
TABLES = f"{LOGS}/workspaces/query/SecurityEvent/read"


QUERIES = (QUERY, TABLES)


@dataclass(frozen=True, slots=True)
class Need:
    """What the tools of a toolset ask for; a test compares it with what they are seen to send.

    `probe` is the path, after the workspace's, of the cheapest read. Where that is a query, it is
    in `query`.
    """

    toolset: str
    read: Sequence[str] = ()
    write: Sequence[str] = ()
    probe: str | None = None
    query: str | None = None
    graph: Sequence[str] = ()
    """Permissions of Microsoft Graph, which are granted in Entra ID."""
    elsewhere: str | None = None
    """What else is not told by Azure's roles, and where it is granted."""

    @property
    def note(self) -> str | None:
        """What Azure's roles do not tell, in a sentence or two."""
        graph = f"Microsoft Graph, granted in Entra ID: {', '.join(self.graph)}."
        return " ".join([*([graph] if self.graph else []), *filter(None, [self.elsewhere])]) or None


def _si(*operations: str) -> tuple[str, ...]:
    return tuple(f"{SENTINEL}/{each}" for each in operations)


def _workspace(*operations: str) -> tuple[str, ...]:
    return tuple(f"{LOGS}/workspaces/{each}" for each in operations)


_INSIGHTS = "/providers/Microsoft.SecurityInsights"
_TRIAL = "print ok = 1"

NEEDS = (
    Need("query", read=(*QUERIES, *_workspace("tables/read")), query=_TRIAL),
    Need(
        "incidents",
        read=(
            *_si(
                "incidents/read",
                "incidents/comments/read",
                "incidents/relations/read",
                "incidents/tasks/read",
                "alertRules/read",
            ),
            *QUERIES,
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
        read=(
            *_si("alertRules/read", "alertRules/actions/read", "alertRuleTemplates/read"),
            *_workspace("savedSearches/read"),
            *QUERIES,
        ),
        write=_si("alertRules/write", "alertRules/delete"),
        probe=f"{_INSIGHTS}/alertRules",
    ),
    Need(
        "hunting",
        read=(
            *_si(
                "bookmarks/read",
                "contentTemplates/read",
                "hunts/read",
                "hunts/comments/read",
                "hunts/relations/read",
                "incidents/read",
            ),
            *_workspace("savedSearches/read"),
            *QUERIES,
        ),
        write=(
            *_si("bookmarks/write"),
            *_workspace("savedSearches/write", "savedSearches/delete"),
        ),
        probe=f"{_INSIGHTS}/bookmarks",
    ),
    Need(
        "connectors",
        read=(
            *_si("dataConnectors/read", "dataConnectorDefinitions/read", "alertRules/read"),
            *_workspace("tables/read"),
            *QUERIES,
        ),
        probe=f"{_INSIGHTS}/dataConnectorDefinitions",
    ),
    Need(
        "watchlists",
        read=(*_si("watchlists/read", "watchlists/watchlistItems/read"), *QUERIES),
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
        read=(
            *_si(
                "threatIntelligence/metrics/read",
                "threatIntelligence/indicators/read",
                "threatIntelligence/queryIndicators/action",
            ),
            *QUERIES,
            f"{LOGS}/workspaces/tables/read",
        ),
        write=_si(
            "threatIntelligence/createIndicator/action",
            "threatIntelligence/indicators/delete",
            "threatIntelligence/indicators/appendTags/action",
            "threatIntelligence/indicators/replaceTags/action",
        ),
        probe=f"{_INSIGHTS}/threatIntelligence/main/metrics",
    ),
    Need(
        "entities",
        read=(
            *QUERIES,
            *_workspace("tables/read"),
            *_si(
                "entities/getTimeline/action",
                "enrichment/listGeodataByIp/action",
                "enrichment/listWhoisByDomain/action",
            ),
        ),
        query=_TRIAL,
        elsewhere="No role that only reads has the three actions; without them get_ip_location, "
        "get_domain_whois and Sentinel's own timeline of an entity are refused, and nothing else.",
    ),
    Need(
        "workspace",
        read=(
            *_workspace("read", "tables/read"),
            *_si(
                "onboardingStates/read",
                "metadata/read",
                "settings/read",
                "sourceControls/read",
                "securityMLAnalyticsSettings/read",
                "incidents/read",
            ),
            *QUERIES,
            "Microsoft.Insights/metrics/read",
            "Microsoft.Insights/metricDefinitions/read",
        ),
        probe="",
        elsewhere="query_metrics: the regional endpoint wants Monitoring Reader on the "
        "subscription, which rights on the workspace do not show.",
    ),
    Need("tasks", read=QUERIES, query=_TRIAL),
    Need(
        "content",
        read=(
            *_si(
                "automationRules/read",
                "alertRules/read",
                "contentPackages/read",
                "contentTemplates/read",
                "contentProductPackages/read",
                "recommendations/read",
            ),
            *_workspace("summaryLogs/read", "savedSearches/read"),
            "Microsoft.Insights/workbooks/read",
        ),
        probe=f"{_INSIGHTS}/automationRules",
    ),
    Need(
        "identity",
        read=(
            "Microsoft.Authorization/roleAssignments/read",
            "Microsoft.Authorization/roleDefinitions/read",
        ),
        graph=(
            "User.Read.All",
            "Group.Read.All",
            "GroupMember.Read.All",
            "Directory.Read.All",
            "IdentityRiskyUser.Read.All",
            "AuditLog.Read.All",
        ),
    ),
    Need(
        "defender",
        graph=("SecurityIncident.Read.All", "SecurityAlert.Read.All", "ThreatHunting.Read.All"),
    ),
    Need(
        "lake",
        elsewhere="Read access to the data lake, granted in the Defender portal or, for service "
        "principals, by Azure roles on the workspace.",
    ),
)

"""What Azure's built-in roles allow of Microsoft Sentinel, and which of them is the least.

The actions are those of the published role definitions, without what has no part in any tool.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from sentinel_mcp.domains.calls import CONTRIBUTOR, READER, RESPONDER

SENTINEL = "Microsoft.SecurityInsights"
LOGS = "Microsoft.OperationalInsights"

PLAYBOOK_OPERATOR = "Microsoft Sentinel Playbook Operator"
MONITORING_READER = "Monitoring Reader"


@dataclass(frozen=True, slots=True)
class Rights:
    """Actions that are allowed, but for those that are taken out again; both have wildcards."""

    actions: Sequence[str]
    not_actions: Sequence[str] = ()

    def allow(self, operation: str) -> bool:
        """Whether the operation is allowed."""
        return _covered(operation, self.actions) and not _covered(operation, self.not_actions)


_READS = (
    f"{LOGS}/workspaces/*/read",
    f"{LOGS}/workspaces/query/*/read",
    f"{LOGS}/workspaces/read",
    f"{SENTINEL}/*/read",
    f"{SENTINEL}/threatIntelligence/indicators/query/action",
    f"{SENTINEL}/threatIntelligence/queryIndicators/action",
    "Microsoft.Authorization/*/read",
    "Microsoft.Insights/workbooks/read",
)

ROLES: dict[str, Rights] = {
    READER: Rights(_READS),
    # It reads far more than this; it is here for what no role of Sentinel's reads.
    MONITORING_READER: Rights(
        ("Microsoft.Insights/metrics/read", "Microsoft.Insights/metricDefinitions/read")
    ),
    PLAYBOOK_OPERATOR: Rights(
        (
            "Microsoft.Logic/workflows/read",
            "Microsoft.Logic/workflows/triggers/listCallbackUrl/action",
        )
    ),
    RESPONDER: Rights(
        (
            *_READS,
            f"{SENTINEL}/automationRules/*",
            f"{SENTINEL}/incidents/*",
            f"{SENTINEL}/entities/runPlaybook/action",
            f"{SENTINEL}/threatIntelligence/indicators/appendTags/action",
            f"{SENTINEL}/threatIntelligence/indicators/replaceTags/action",
        ),
        (f"{SENTINEL}/incidents/*/delete",),
    ),
    CONTRIBUTOR: Rights((*_READS, f"{SENTINEL}/*", f"{LOGS}/workspaces/savedSearches/*")),
}
"""From the least to the most."""


def least_roles(operations: Collection[str]) -> list[str]:
    """Return the fewest roles, and of those the least, that allow all operations together.

    An operation that no role here allows is left out.
    """
    known = [each for each in operations if any(role.allow(each) for role in ROLES.values())]
    for name, role in ROLES.items():
        if known and all(role.allow(each) for each in known):
            return [name]
    first = {next(name for name in ROLES if ROLES[name].allow(each)) for each in known}
    chosen = [name for name in ROLES if name in first]
    # A role is not needed where the others together allow what it was chosen for.
    for name in tuple(chosen):
        others = [ROLES[each] for each in chosen if each != name]
        if all(any(other.allow(each) for other in others) for each in known):
            chosen.remove(name)
    return chosen


def _covered(operation: str, patterns: Sequence[str]) -> bool:
    return any(_pattern(each).fullmatch(operation) for each in patterns)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    # A star stands for any number of segments; Azure compares without case.
    parts = (re.escape(each) for each in text.split("*"))
    return re.compile(".*".join(parts), re.IGNORECASE | re.DOTALL)

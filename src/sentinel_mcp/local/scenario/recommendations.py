"""What Microsoft Sentinel recommends to get more out of the workspace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID, RESOURCE_ID
from sentinel_mcp.local.scenario.clock import Clock
from sentinel_mcp.local.scenario.names import guid

State = Literal["Active", "InProgress", "Dismissed", "CompletedByUser", "CompletedBySystem"]


@dataclass(frozen=True, slots=True)
class _Recommendation:
    kind: str
    state: State
    title: str
    description: str
    suggestions: Sequence[tuple[str, str, str, str]]
    """Type, title, description and action of each."""
    facts: dict[str, str]


_RECOMMENDATIONS = (
    _Recommendation(
        "Precision_Coverage",
        "Active",
        "Coverage against business e-mail compromise",
        "Rules for this kind of attack are installed as templates and not in use.",
        (
            (
                "Precision_Coverage_AddRules",
                "Use the rule for consent to applications",
                "The rule exists in the workspace and is turned off.",
                "Turn on the rule 'Consent to an application with access to mail'.",
            ),
            (
                "Precision_Coverage_AddRules",
                "Use a template for mail forwarding",
                "The solution Microsoft 365 has a template for rules that forward mail.",
                "Create a rule from the template.",
            ),
        ),
        {"ThreatScenario": "BEC", "ActiveRules": "9", "RecommendedRules": "14"},
    ),
    _Recommendation(
        "Precision_DataValue",
        "Active",
        "AWSCloudTrail is connected and not used",
        "No rule and no query has read the table in thirty days.",
        (
            (
                "Precision_DataValue_ChangePlan",
                "Move the table to a cheaper plan",
                "The table is only kept for audits.",
                "Change the plan of AWSCloudTrail to Basic.",
            ),
        ),
        {"Tables": "AWSCloudTrail"},
    ),
    _Recommendation(
        "Precision_Coverage",
        "InProgress",
        "Coverage against ransomware run by people",
        "Some tactics of this attack have no rule.",
        (
            (
                "Precision_Coverage_AddRules",
                "Watch for backups that are deleted",
                "The tactic Impact has no rule.",
                "Create a rule from the template 'Backup items deleted'.",
            ),
        ),
        {"ThreatScenario": "HumanOperatedRansomware", "ActiveRules": "11"},
    ),
    _Recommendation(
        "Precision_DataValue",
        "CompletedBySystem",
        "Heartbeat is read by a rule now",
        "The table has been in use since the rule for silent machines was made.",
        (),
        {"Tables": "Heartbeat"},
    ),
)


def documents(clock: Clock) -> Iterable[Document]:
    """Yield the recommendations."""
    for number, each in enumerate(_RECOMMENDATIONS):
        name = guid("recommendation", each.title)
        body: dict[str, Any] = {  # Any: JSON
            "id": f"{INSIGHTS_ID}/Recommendations/{name}",
            "name": name,
            "type": "Microsoft.SecurityInsights/Recommendations",
            "properties": {
                "recommendationTypeId": each.kind,
                "state": each.state,
                "title": each.title,
                "description": each.description,
                "creationTimeUtc": _time(clock.now - timedelta(days=40 - 5 * number)),
                "lastEvaluatedTimeUtc": _time(clock.now - timedelta(hours=9)),
                "lastModifiedTimeUtc": _time(clock.now - timedelta(days=12 - 3 * number)),
                "suggestions": [
                    {
                        "suggestionTypeId": kind,
                        "title": title,
                        "description": description,
                        "action": action,
                        "additionalProperties": {},
                    }
                    for kind, title, description, action in each.suggestions
                ],
                "resourceId": RESOURCE_ID,
                "additionalProperties": dict(each.facts),
            },
        }
        yield Document("recommendations", name, body)


def _time(moment: datetime) -> str:
    # This API writes the offset where the others write Z.
    return f"{moment.isoformat(timespec='microseconds')}+00:00"

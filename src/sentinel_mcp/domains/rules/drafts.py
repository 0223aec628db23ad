"""What a caller wants a rule to be, as Azure's properties; refused here where Azure would refuse.

The query itself is judged by Azure when the rule is written, and by `validate_query` before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sentinel_mcp.domains import attack
from sentinel_mcp.domains.documents import Document, inner, strings, text
from sentinel_mcp.domains.rules import durations
from sentinel_mcp.domains.rules.mappings import entity_type, mapping, require_mapped
from sentinel_mcp.domains.rules.models import MappingInput, Severity
from sentinel_mcp.errors import InputError

QueryKind = Literal["Scheduled", "NRT"]
Operator = Literal["GreaterThan", "LessThan", "Equal", "NotEqual"]
Alerts = Literal["one", "per_result"]

WITH_QUERY = ("Scheduled", "NRT")
OFF = "off"

FIVE_MINUTES = timedelta(minutes=5)
ONE_HOUR = timedelta(hours=1)
ONE_DAY = timedelta(days=1)
TWO_DAYS = timedelta(days=2)
FOURTEEN_DAYS = timedelta(days=14)

Properties = dict[str, Any]
"""Properties of a rule by their names at Azure. Any: JSON of many kinds."""

_SCHEDULE = ("queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold")
_GROUPINGS: Mapping[Alerts, str] = {"one": "SingleAlert", "per_result": "AlertPerResult"}
_DEFAULTS: Properties = {
    "enabled": True,
    "severity": "Medium",
    "suppressionDuration": "PT5H",
    "suppressionEnabled": False,
    "eventGroupingSettings": {"aggregationKind": "SingleAlert"},
    "incidentConfiguration": {"createIncident": True},
}
_SCHEDULE_DEFAULTS: Properties = {
    "queryFrequency": "PT1H",
    "queryPeriod": "PT1H",
    "triggerOperator": "GreaterThan",
    "triggerThreshold": 0,
}
_GROUPING_DEFAULTS: Properties = {
    "reopenClosedIncident": False,
    "lookbackDuration": "PT5H",
}
_OF_TEMPLATE = (
    "alertDetailsOverride",
    "customDetails",
    "description",
    "displayName",
    "entityMappings",
    "eventGroupingSettings",
    "query",
    "sentinelEntitiesMappings",
    "severity",
    "subTechniques",
    "tactics",
    "techniques",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """What a caller states of a rule; None leaves it as it is, or as is usual."""

    title: str | None = None
    description: str | None = None
    severity: Severity | None = None
    query: str | None = None
    frequency: str | None = None
    period: str | None = None
    operator: Operator | None = None
    threshold: int | None = None
    tactics: Sequence[str] | None = None
    techniques: Sequence[str] | None = None
    entities: Sequence[MappingInput] | None = None
    details: Mapping[str, str] | None = None
    alerts: Alerts | None = None
    suppress_for: str | None = None
    incidents: bool | None = None
    group_by: Sequence[str] | None = None
    enabled: bool | None = None

    def new(self, kind: QueryKind, template: Document | None) -> Properties:
        """Return the properties of a new rule.

        Raises:
            InputError: something is missing, or is not what Azure takes.

        """
        base = {**_DEFAULTS, **(_SCHEDULE_DEFAULTS if kind == "Scheduled" else {})}
        if template is not None:
            base |= _from_template(kind, template)
        elif self.frequency and self.period is None:
            # It then looks back as far as it runs apart.
            base.pop("queryPeriod", None)
        properties = {**base, **self.revised(kind, base)}
        for name, argument in (("displayName", "title"), ("query", "query")):
            if not (text(properties, name) or "").strip():
                raise InputError(
                    f"A rule needs a {argument}.",
                    hint=f"Give `{argument}`, or a `template` that has one.",
                )
        return properties

    def revised(self, kind: str, before: Document) -> Properties:
        """Return the properties that change, checked together with those that stay.

        Raises:
            InputError: something is not what Azure takes.

        """
        revised = {
            name: value
            for name, value in {
                "displayName": self.title,
                "description": self.description,
                "enabled": self.enabled,
            }.items()
            if value is not None
        }
        if kind in WITH_QUERY:
            revised |= self._of_query(before)
            revised |= self._schedule(kind, before)
            require_mapped({**before, **revised})
        elif kind != "MicrosoftSecurityIncidentCreation" and (
            self._states_more() or self.title is not None or self.description is not None
        ):
            raise InputError(
                f"A {kind} rule can only be switched on and off: the rest is of its template.",
                hint="Use `set_rule_enabled`.",
            )
        elif self._states_more():
            raise InputError(
                f"Of a {kind} rule only the title, the description and `enabled` can be changed.",
                hint="What it detects is Microsoft's; switch it on or off with `set_rule_enabled`.",
            )
        return revised

    def _of_query(self, before: Document) -> Properties:
        revised: Properties = {}
        if self.severity is not None:
            revised["severity"] = self.severity
        if self.query is not None:
            revised["query"] = self.query
        revised |= self._tags(before)
        if self.entities is not None:
            revised["entityMappings"] = [mapping(each) for each in self.entities]
        if self.details is not None:
            revised["customDetails"] = dict(self.details)
        if self.alerts is not None:
            revised["eventGroupingSettings"] = {"aggregationKind": _GROUPINGS[self.alerts]}
        if self.suppress_for is not None:
            revised |= _suppression(self.suppress_for)
        if self.incidents is not None or self.group_by is not None:
            revised["incidentConfiguration"] = self._incidents(
                inner(before, "incidentConfiguration")
            )
        return revised

    def _tags(self, before: Document) -> Properties:
        revised: Properties = {}
        if self.tactics is not None:
            revised["tactics"] = [attack.tactic(each) for each in self.tactics]
        if self.techniques is not None:
            revised |= _techniques([attack.technique(each) for each in self.techniques])
        after = {**before, **revised}
        if revised and strings(after, "techniques") and not strings(after, "tactics"):
            raise InputError(
                "Techniques need the tactics that they are of.",
                hint="Give `tactics` as well, such as ['CredentialAccess'].",
            )
        return revised

    def _schedule(self, kind: str, before: Document) -> Properties:
        stated = {
            "queryFrequency": self.frequency,
            "queryPeriod": self.period,
            "triggerOperator": self.operator,
            "triggerThreshold": self.threshold,
        }
        given = {name: value for name, value in stated.items() if value is not None}
        if given and kind == "NRT":
            raise InputError(
                "An NRT rule runs every minute and alerts on any result.",
                hint="Leave out `frequency`, `period`, `operator` and `threshold`.",
            )
        if not given:
            return {}
        for name, argument in (("queryFrequency", "frequency"), ("queryPeriod", "period")):
            if name in given:
                length = durations.within(argument, str(given[name]), FIVE_MINUTES, FOURTEEN_DAYS)
                given[name] = durations.iso(length)
        if self.frequency and self.period is None and before.get("queryPeriod") is None:
            given["queryPeriod"] = given["queryFrequency"]
        _fit_together({**before, **given})
        return given

    def _incidents(self, before: Document) -> Properties:
        creates = before.get("createIncident", True) if self.incidents is None else self.incidents
        configuration = {**before, "createIncident": creates}
        if self.group_by is not None:
            configuration["groupingConfiguration"] = {
                **_GROUPING_DEFAULTS,
                **inner(before, "groupingConfiguration"),
                "enabled": bool(self.group_by),
                "matchingMethod": "Selected" if self.group_by else "AllEntities",
                "groupByEntities": [entity_type(each) for each in self.group_by],
            }
        return configuration

    def _states_more(self) -> bool:
        """Return whether something is stated that only a rule with a query has."""
        return any(
            each is not None
            for each in (
                self.severity,
                self.query,
                self.frequency,
                self.period,
                self.operator,
                self.threshold,
                self.tactics,
                self.techniques,
                self.entities,
                self.details,
                self.alerts,
                self.suppress_for,
                self.incidents,
                self.group_by,
            )
        )


def query_kind(template: Document) -> QueryKind:
    """Return the kind of the rule that a template makes.

    Raises:
        InputError: it makes none with a query.

    """
    match text(template, "kind"):
        case "Scheduled":
            return "Scheduled"
        case "NRT":
            return "NRT"
        case kind:
            raise InputError(
                f"Rules of kind {kind!r} cannot be made here.",
                hint="Only templates of Scheduled and NRT rules are taken; others are switched on "
                "in the portal.",
            )


def _from_template(kind: QueryKind, template: Document) -> Properties:
    stated = inner(template, "properties")
    names = (*_OF_TEMPLATE, *_SCHEDULE) if kind == "Scheduled" else _OF_TEMPLATE
    found = {name: stated[name] for name in names if stated.get(name) is not None}
    version = text(stated, "version", 50)
    if techniques := strings(stated, "techniques"):
        # Templates list some sub-techniques among the techniques; rules keep them apart.
        found |= _techniques([*techniques, *strings(stated, "subTechniques")])
    return {
        **found,
        "alertRuleTemplateName": text(template, "name"),
        **({"templateVersion": version} if version else {}),
    }


def _techniques(stated: Sequence[str]) -> Properties:
    return {
        "techniques": list(dict.fromkeys(map(attack.parent_of, stated))),
        "subTechniques": [each for each in dict.fromkeys(stated) if "." in each],
    }


def _suppression(stated: str) -> Properties:
    if stated.strip().casefold() == OFF:
        return {"suppressionEnabled": False}
    length = durations.within("suppress_for", stated, FIVE_MINUTES, ONE_DAY)
    return {"suppressionEnabled": True, "suppressionDuration": durations.iso(length)}


def _fit_together(properties: Document) -> None:
    """Check frequency and period against each other, as far as both can be read."""
    frequency, period = (
        durations.parse(stated) if (stated := text(properties, name)) else None
        for name in ("queryFrequency", "queryPeriod")
    )
    if frequency is None or period is None:
        return
    if period < frequency:
        raise InputError(
            f"The rule would look back {durations.iso(period)} every {durations.iso(frequency)}: "
            "what happens in between would never be seen.",
            hint="Give a `period` of at least the `frequency`.",
        )
    if period >= TWO_DAYS and frequency < ONE_HOUR:
        raise InputError(
            f"A rule that looks back {durations.iso(period)} may run once an hour at most.",
            hint="Give a `frequency` of PT1H or more, or a `period` under P2D.",
        )

"""Automation rules: what happens to an incident by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID, RESOURCE_GROUP, SUBSCRIPTION_ID, TENANT_ID
from sentinel_mcp.local.scenario.clock import Clock, wire
from sentinel_mcp.local.scenario.names import guid
from sentinel_mcp.local.scenario.people import Person, person
from sentinel_mcp.local.scenario.rules.all import rule

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""

_LOGIC_APPS = (
    f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/{RESOURCE_GROUP}"
    "/providers/Microsoft.Logic/workflows"
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """An automation rule as its author writes it."""

    key: str
    name: str
    conditions: Sequence[Body]
    actions: Sequence[Body]
    author: str
    on: Literal["Incidents", "Alerts"] = "Incidents"
    when: Literal["Created", "Updated"] = "Created"
    enabled: bool = True
    expires_in_days: int | None = None


def _where(name: str, operator: str, *values: str) -> Body:
    return {
        "conditionType": "Property",
        "conditionProperties": {
            "propertyName": name,
            "operator": operator,
            "propertyValues": list(values),
        },
    }


def _any_of(*conditions: Body) -> Body:
    return {
        "conditionType": "Boolean",
        "conditionProperties": {"operator": "Or", "innerConditions": list(conditions)},
    }


def _by_rules(*keys: str) -> Body:
    ids = [f"{INSIGHTS_ID}/alertRules/{rule(key).id}" for key in keys]
    return _where("IncidentRelatedAnalyticRuleIds", "Contains", *ids)


def _set(**properties: Any) -> Body:  # Any: texts, an owner, a list of labels
    nothing = dict.fromkeys(
        (
            "severity",
            "status",
            "classification",
            "classificationReason",
            "classificationComment",
            "owner",
            "labels",
        )
    )
    return {"actionType": "ModifyProperties", "actionConfiguration": {**nothing, **properties}}


def _playbook(name: str) -> Body:
    return {
        "actionType": "RunPlaybook",
        "actionConfiguration": {
            "logicAppResourceId": f"{_LOGIC_APPS}/{name}",
            "tenantId": TENANT_ID,
        },
    }


def _task(title: str, description: str) -> Body:
    return {
        "actionType": "AddIncidentTask",
        "actionConfiguration": {"title": title, "description": description},
    }


def _owner(who: Person) -> Body:
    return {
        "objectId": who.id,
        "email": who.upn,
        "assignedTo": who.name,
        "userPrincipalName": who.upn,
        "ownerType": "User",
    }


def _label(name: str) -> Body:
    return {"labelName": name, "labelType": "User"}


def _rules() -> Sequence[_Rule]:
    return (
        _Rule(
            key="scanner",
            name="Close what the vulnerability scanner sets off",
            conditions=(
                _by_rules("failed-signins"),
                _where("AccountName", "Equals", "svc-scan"),
            ),
            actions=(
                _set(
                    status="Closed",
                    classification="BenignPositive",
                    classificationReason="SuspiciousButExpected",
                    classificationComment="The weekly scan; see the change calendar.",
                ),
            ),
            author="aiko.tanaka",
            expires_in_days=45,
        ),
        _Rule(
            key="finance",
            name="Incidents of the finance team go to Priya",
            conditions=(
                _any_of(
                    _where("AccountName", "Contains", "elena.marsh", "robert.achterberg"),
                    _where("IncidentTitle", "Contains", "invoice", "payment"),
                ),
            ),
            actions=(_set(owner=_owner(person("priya.nair")), labels=[_label("finance")]),),
            author="aiko.tanaka",
        ),
        _Rule(
            key="high",
            name="Call whoever is on duty for high severity",
            conditions=(_where("IncidentSeverity", "Equals", "High"),),
            actions=(_playbook("nw-notify-on-duty"),),
            author="jonas.weber",
        ),
        _Rule(
            key="identity-tasks",
            name="Steps for incidents about an identity",
            conditions=(_by_rules("password-spray", "mfa-after-risk", "token-replay"),),
            actions=(
                _task("Revoke the sessions", "End all sessions of the account in Entra ID."),
                _task("Reset the password", "Agree on it with the owner by telephone."),
                _task("Look at the sign-in methods", "Remove those that the owner does not know."),
            ),
            author="priya.nair",
        ),
        _Rule(
            key="confirmed",
            name="Tell management of confirmed incidents",
            conditions=(
                {
                    "conditionType": "PropertyChanged",
                    "conditionProperties": {
                        "propertyName": "IncidentSeverity",
                        "changeType": "ChangedTo",
                        "operator": "Equals",
                        "propertyValues": ["High"],
                    },
                },
                {
                    "conditionType": "PropertyArrayChanged",
                    "conditionProperties": {"arrayType": "Labels", "changeType": "Added"},
                },
            ),
            actions=(_playbook("nw-inform-management"),),
            author="aiko.tanaka",
            when="Updated",
        ),
        _Rule(
            key="sandbox",
            name="Send attachments of alerts to the sandbox",
            conditions=(),
            actions=(_playbook("nw-sandbox-attachment"),),
            author="jonas.weber",
            on="Alerts",
            enabled=False,
        ),
    )


def documents(clock: Clock) -> Iterable[Document]:
    """Yield the automation rules, in the order in which they run."""
    for order, each in enumerate(_rules(), start=1):
        name = guid("automation rule", each.key)
        by = _client(person(each.author))
        body: Body = {
            "id": f"{INSIGHTS_ID}/automationRules/{name}",
            "name": name,
            "type": "Microsoft.SecurityInsights/automationRules",
            "etag": "",
            "properties": {
                "displayName": each.name,
                "order": order,
                "triggeringLogic": _logic(each, clock),
                "actions": [
                    {"order": place, **action} for place, action in enumerate(each.actions, start=1)
                ],
                "createdTimeUtc": wire(clock.now - timedelta(days=100 - 9 * order)),
                "lastModifiedTimeUtc": wire(clock.now - timedelta(days=60 - 7 * order)),
                "createdBy": by,
                "lastModifiedBy": by,
            },
        }
        yield Document("automationRules", name, body)


def _logic(each: _Rule, clock: Clock) -> Body:
    logic: Body = {
        "isEnabled": each.enabled,
        "triggersOn": each.on,
        "triggersWhen": each.when,
        "conditions": list(each.conditions),
    }
    if each.expires_in_days is not None:
        logic["expirationTimeUtc"] = wire(clock.now + timedelta(days=each.expires_in_days))
    return logic


def _client(who: Person) -> Body:
    return {
        "objectId": who.id,
        "email": who.upn,
        "name": who.name,
        "userPrincipalName": who.upn,
    }

"""Automation rules, as Microsoft Sentinel keeps them."""

from __future__ import annotations

from typing import Any, cast

from sentinel_mcp.local import identity
from sentinel_mcp.local.documents import Bodies, Documents
from sentinel_mcp.local.services.caller import caller
from sentinel_mcp.local.services.faults import Body, bad_request, not_found
from sentinel_mcp.local.services.writing import Clock, choice_of, properties_of, stamp, text_of

KIND = "automationRules"

ACTIONS = ("ModifyProperties", "RunPlaybook", "AddIncidentTask")
CONDITIONS = ("Property", "PropertyArray", "PropertyChanged", "PropertyArrayChanged", "Boolean")
MAX_ORDER = 1_000


class AutomationRules:
    """The automation rules of the workspace."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock

    def list(self) -> Bodies:
        """Return them all."""
        return self._documents.list(KIND)

    def get(self, name: str) -> Body:
        """Return one of them."""
        found = self._documents.get(KIND, name)
        if found is None:
            raise not_found("Automation rule", name)
        return found

    def put(self, name: str, body: Body, etag: str | None) -> tuple[Body, bool]:
        """Write one; also say whether it is new."""
        given = properties_of(body)
        before = self._documents.get(KIND, name)
        old = properties_of(before) if before else {}
        now = stamp(self._clock)
        document = {
            "id": f"{identity.INSIGHTS_ID}/automationRules/{name}",
            "name": before["name"] if before else name,
            "type": "Microsoft.SecurityInsights/automationRules",
            "properties": {
                "displayName": text_of(given, "displayName", required=True),
                "order": _order(given.get("order")),
                "triggeringLogic": _logic(given.get("triggeringLogic")),
                "actions": [_action(each) for each in _objects(given.get("actions"), "actions")],
                "createdTimeUtc": old.get("createdTimeUtc") or now,
                "lastModifiedTimeUtc": now,
                "createdBy": old.get("createdBy") or caller(),
                "lastModifiedBy": caller(),
            },
        }
        return self._documents.put(KIND, name, document, etag=etag), before is None

    def delete(self, name: str, etag: str | None) -> bool:
        """Remove one; say whether it was there."""
        if self._documents.get(KIND, name) is None:
            return False
        self._documents.delete(KIND, name, etag=etag)
        return True


def _order(given: object) -> int:
    if type(given) is not int or not 1 <= given <= MAX_ORDER:
        raise bad_request(f"The property 'order' must be a whole number from 1 to {MAX_ORDER}.")
    return given


def _logic(given: object) -> Body:
    logic = _object(given, "triggeringLogic")
    if not isinstance(logic.get("isEnabled"), bool):
        raise bad_request("The property 'isEnabled' must be true or false.")
    choice_of(logic, "triggersOn", ("Incidents", "Alerts"), required=True)
    choice_of(logic, "triggersWhen", ("Created", "Updated"), required=True)
    for each in _objects(logic.get("conditions"), "conditions"):
        choice_of(each, "conditionType", CONDITIONS, required=True)
    return logic


def _action(given: Body) -> Body:
    choice_of(given, "actionType", ACTIONS, required=True)
    _order(given.get("order"))
    return given


def _object(given: object, name: str) -> Body:
    if not isinstance(given, dict):
        raise bad_request(f"The property {name!r} is required and must be an object.")
    return cast("Body", given)


def _objects(given: object, name: str) -> Bodies:
    if given is None:
        return []
    if not isinstance(given, list):
        raise bad_request(f"The property {name!r} must be a list.")
    return [_object(each, name) for each in cast("list[Any]", given)]

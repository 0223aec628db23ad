"""Indicators as STIX objects, and the conditions by which the preview finds and counts them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, cast

from sentinel_mcp.errors import UnsupportedLocally
from sentinel_mcp.local.identity import INSIGHTS_ID
from sentinel_mcp.local.scenario.indicator_documents import object_name, observable_of, stix_of
from sentinel_mcp.local.services.faults import Body, bad_request
from sentinel_mcp.local.services.paging import ListQuery, Page, page_of
from sentinel_mcp.local.services.threat_intel.criteria import DEFAULT_PAGE_SIZE, moment

_NOBODY = {"objectId": "00000000-0000-0000-0000-000000000000", "email": "", "name": ""}

_FIELDS = {
    "confidence": "confidence",
    "created": "created",
    "description": "description",
    "displayName": "displayName",
    "labels": "threatIntelligenceTags",
    "lastUpdatedTimeUtc": "lastUpdatedTimeUtc",
    "lastUpdatedDateTimeUtc": "lastUpdatedTimeUtc",
    "name": "displayName",
    "pattern": "pattern",
    "patternType": "patternType",
    "revoked": "revoked",
    "source": "source",
    "threatIntelligenceTags": "threatIntelligenceTags",
    "threatTypes": "threatTypes",
    "validFrom": "validFrom",
    "validUntil": "validUntil",
}
"""What a clause may name, and the property of an indicator that it means."""

_Value = Any
"""A property, or what it is compared with: JSON."""

_TEXT: dict[str, Callable[[str, str], bool]] = {
    "StringContains": lambda value, part: part in value,
    "StringStartsWith": lambda value, part: value.startswith(part),
    "StringEndsWith": lambda value, part: value.endswith(part),
    "StringNotContains": lambda value, part: part not in value,
    "StringNotStartsWith": lambda value, part: not value.startswith(part),
    "StringNotEndsWith": lambda value, part: not value.endswith(part),
}
_ORDER: dict[str, Callable[[float, float], bool]] = {
    "LessThan": lambda value, other: value < other,
    "LessThanEqual": lambda value, other: value <= other,
    "GreaterThan": lambda value, other: value > other,
    "GreaterThanEqual": lambda value, other: value >= other,
}
_TIME: dict[str, Callable[[datetime, datetime], bool]] = {
    "OnOrAfterAbsolute": lambda value, other: value >= other,
    "AfterAbsolute": lambda value, other: value > other,
    "OnOrBeforeAbsolute": lambda value, other: value <= other,
    "BeforeAbsolute": lambda value, other: value < other,
}
_ALONE: dict[str, Callable[[_Value], bool]] = {
    "IsNull": lambda value: value is None,
    "IsTrue": lambda value: value is True,
    "IsFalse": lambda value: value is not True,
    "StringIsEmpty": lambda value: value in (None, ""),
}


def page(body: Body, skip_token: str | None, documents: Iterable[Body]) -> Page:
    """Return one page of the objects that meet the condition, sorted as the body says."""
    kept = matching(body, documents)
    sorting = _object(body, "sortBy")
    field = _field(sorting.get("field") or "lastUpdatedTimeUtc")
    backwards = str(sorting.get("direction") or "DESC").upper() == "DESC"
    kept.sort(key=lambda each: str(each["properties"].get(field) or ""), reverse=backwards)
    size = body.get("maxPageSize", DEFAULT_PAGE_SIZE)
    if type(size) is not int or not 1 <= size <= 1_000:
        raise bad_request("'maxPageSize' must be a whole number from 1 to 1000.")
    query = ListQuery(top=size, skip_token=skip_token)
    return page_of([_as_object(each) for each in kept], query, {})


def matching(body: Body, documents: Iterable[Body]) -> list[Body]:
    """Return the indicators that meet the condition of a query or a count."""
    # The models put a count's condition into `properties`, the samples do not.
    condition = _object(_object(body, "properties") or body, "condition")
    kind = condition.get("stixObjectType")
    if kind not in (None, "indicator"):
        return []
    holds = [_clause(each) for each in _list(condition, "clauses")]
    connective = str(condition.get("conditionConnective") or "And").lower()
    if connective not in ("and", "or"):
        raise bad_request("'conditionConnective' must be And or Or.")
    joined = all if connective == "and" or not holds else any
    return [each for each in documents if joined(hold(each["properties"]) for hold in holds)]


def _clause(clause: _Value) -> Callable[[Body], bool]:
    if not isinstance(clause, dict):
        raise bad_request("A clause must be an object.")
    stated = cast("Body", clause)
    field, operator = _field(stated.get("field")), str(stated.get("operator"))
    values = [str(each) for each in _list(stated, "values")]
    if operator in _ALONE:
        alone = _ALONE[operator]
        return lambda properties: alone(properties.get(field))
    if not values:
        raise bad_request(f"The operator {operator!r} needs 'values'.")
    compare = _comparison(operator, values)
    return lambda properties: compare(properties.get(field))


def _comparison(operator: str, values: list[str]) -> Callable[[_Value], bool]:
    folded = [each.casefold() for each in values]
    match operator:
        case "Equals":
            return lambda value: _text(value) in folded
        case "NotEquals":
            return lambda value: _text(value) not in folded
        case "ArrayContains":
            return lambda value: any(_text(each) in folded for each in value or ())
        case "ArrayNotContains":
            return lambda value: not any(_text(each) in folded for each in value or ())
        case name if name in _TEXT:
            text, negated = _TEXT[name], "Not" in name
            joined = all if negated else any
            return lambda value: joined(text(_text(value), each) for each in folded)
        case name if name in _ORDER:
            bound, order = _number(values[0]), _ORDER[name]
            return lambda value: isinstance(value, int | float) and order(value, bound)
        case name if name in _TIME:
            return _time_comparison(_TIME[name], values[0])
        case _:
            raise UnsupportedLocally(
                f"The embedded workspace does not have the operator {operator!r}.",
                hint="It has the comparisons, those of texts and lists, and absolute times.",
            )


def _time_comparison(
    compare: Callable[[datetime, datetime], bool], stated: str
) -> Callable[[_Value], bool]:
    bound = moment(stated)
    if bound is None:
        raise bad_request(f"{stated!r} is not a time.")
    return lambda value: (found := moment(value)) is not None and compare(found, bound)


def _as_object(document: Body) -> Body:
    properties = document["properties"]
    name = object_name(properties)
    observable = observable_of(str(properties.get("pattern", "")))
    changed = properties.get("lastUpdatedTimeUtc")
    return {
        "id": f"{INSIGHTS_ID}/threatintelligence/{name}",
        "name": name,
        "type": "Microsoft.SecurityInsights/threatintelligence",
        "kind": "Indicator",
        "properties": {
            "data": stix_of(properties),
            "createdBy": _NOBODY,
            "source": properties.get("source"),
            "firstIngestedTimeUtc": properties.get("created"),
            "lastIngestedTimeUtc": changed,
            "ingestionRulesVersion": "00000000-0000-0000-0000-000000000000",
            "lastUpdateMethod": "IngestionRules",
            "lastModifiedBy": _NOBODY,
            "lastUpdatedDateTimeUtc": changed,
            "relationshipHints": [],
        },
        "observables": [{"type": observable[0], "value": observable[2]}] if observable else [],
    }


def _object(body: Body, name: str) -> Body:
    found = body.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise bad_request(f"{name!r} must be an object.")
    return cast("Body", found)


def _list(body: Body, name: str) -> list[_Value]:
    found = body.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise bad_request(f"{name!r} must be a list.")
    return cast("list[_Value]", found)


def _field(name: object) -> str:
    found = _FIELDS.get(str(name))
    if found is None:
        raise bad_request(f"The field {name!r} is not one of {', '.join(_FIELDS)}.")
    return found


def _text(value: _Value) -> str:
    return "" if value is None else str(value).casefold()


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise bad_request(f"{text!r} is not a number.") from error

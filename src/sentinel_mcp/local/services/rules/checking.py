"""What Azure takes as an analytics rule, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, cast

from sentinel_mcp.local.services.faults import Body, bad_request
from sentinel_mcp.local.services.tactics import TACTICS
from sentinel_mcp.local.services.writing import choice_of, text_of

KINDS = (
    "Scheduled",
    "NRT",
    "Fusion",
    "MicrosoftSecurityIncidentCreation",
    "MLBehaviorAnalytics",
    "ThreatIntelligence",
)
WITH_QUERY = ("Scheduled", "NRT")

SEVERITIES = ("High", "Medium", "Low", "Informational")
ENTITIES = (
    "Account",
    "Host",
    "IP",
    "Malware",
    "File",
    "Process",
    "CloudApplication",
    "DNS",
    "AzureResource",
    "FileHash",
    "RegistryKey",
    "RegistryValue",
    "SecurityGroup",
    "URL",
    "Mailbox",
    "MailCluster",
    "MailMessage",
    "SubmissionMail",
)
OPERATORS = ("GreaterThan", "LessThan", "Equal", "NotEqual")
GROUPINGS = ("SingleAlert", "AlertPerResult")
MATCHINGS = ("AllEntities", "AnyAlert", "Selected")

_ISO = re.compile(r"P(?!$)(?:(\d+)D)?(?:T(?!$)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")
_MINUTES_5, _HOUR, _DAY, _DAYS_2, _DAYS_14 = (
    timedelta(minutes=5),
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=2),
    timedelta(days=14),
)
MAX_MAPPINGS = 10
MAX_FIELDS = 3
MAX_DETAILS = 20
MAX_QUERY_CHARS = 10_000


def check(kind: str, properties: Body) -> None:
    """Refuse what Azure refuses; the query itself is checked elsewhere."""
    _flag(properties, "enabled", required=True)
    if kind in WITH_QUERY:
        _check_query_rule(kind, properties)
    elif kind == "MicrosoftSecurityIncidentCreation":
        text_of(properties, "displayName", required=True)
        text_of(properties, "productFilter", required=True)
    else:
        text_of(properties, "alertRuleTemplateName", required=True)


def _check_query_rule(kind: str, properties: Body) -> None:
    title = text_of(properties, "displayName", required=True) or ""
    if len(title) > 256:
        raise bad_request("The property 'displayName' must have at most 256 characters.")
    query = text_of(properties, "query", required=True) or ""
    if len(query) > MAX_QUERY_CHARS:
        raise bad_request(f"The query must have at most {MAX_QUERY_CHARS} characters.")
    choice_of(properties, "severity", SEVERITIES, required=True)
    _flag(properties, "suppressionEnabled", required=True)
    _duration(properties, "suppressionDuration", _MINUTES_5, _DAY)
    if kind == "Scheduled":
        _check_schedule(properties)
    _check_tags(properties)
    _check_mappings(properties)
    details = _object(properties, "customDetails")
    if len(details) > MAX_DETAILS or not all(type(each) is str for each in details.values()):
        raise bad_request(f"The property 'customDetails' takes {MAX_DETAILS} names of columns.")
    choice_of(_object(properties, "eventGroupingSettings"), "aggregationKind", GROUPINGS)
    incident = _object(properties, "incidentConfiguration")
    if incident:
        _flag(incident, "createIncident", required=True)
        mappings = _objects(properties, "entityMappings")
        mapped = {str(each["entityType"]) for each in mappings}
        _check_grouping(_object(incident, "groupingConfiguration"), mapped)


def _check_schedule(properties: Body) -> None:
    frequency = _duration(properties, "queryFrequency", _MINUTES_5, _DAYS_14)
    period = _duration(properties, "queryPeriod", _MINUTES_5, _DAYS_14)
    if period < frequency:
        raise bad_request("The property 'queryPeriod' must not be shorter than 'queryFrequency'.")
    if period >= _DAYS_2 and frequency < _HOUR:
        raise bad_request(
            "A rule whose 'queryPeriod' is two days or more must not run more than once an hour."
        )
    choice_of(properties, "triggerOperator", OPERATORS, required=True)
    threshold = properties.get("triggerThreshold")
    if type(threshold) is not int or not 0 <= threshold <= 10_000:
        raise bad_request("The property 'triggerThreshold' must be a number from 0 to 10000.")


def _check_tags(properties: Body) -> None:
    tactics = _texts(properties, "tactics")
    if unknown := [each for each in tactics if each not in TACTICS]:
        raise bad_request(f"Invalid tactics: {', '.join(unknown)}.")
    techniques = [*_texts(properties, "techniques"), *_texts(properties, "subTechniques")]
    if unknown := [each for each in techniques if not _TECHNIQUE.fullmatch(each)]:
        raise bad_request(f"Invalid techniques: {', '.join(unknown)}.")
    if techniques and not tactics:
        raise bad_request("Techniques need the tactics that they are of.")


def _check_mappings(properties: Body) -> None:
    mappings = _objects(properties, "entityMappings")
    if len(mappings) > MAX_MAPPINGS:
        raise bad_request(f"A rule has at most {MAX_MAPPINGS} entity mappings.")
    for each in mappings:
        choice_of(each, "entityType", ENTITIES, required=True)
        fields = _objects(each, "fieldMappings")
        if not 1 <= len(fields) <= MAX_FIELDS:
            raise bad_request(f"An entity mapping has 1 to {MAX_FIELDS} field mappings.")
        for field in fields:
            text_of(field, "identifier", required=True)
            text_of(field, "columnName", required=True)


def _check_grouping(grouping: Body, mapped: Collection[str]) -> None:
    if not grouping:
        return
    _flag(grouping, "enabled", required=True)
    _flag(grouping, "reopenClosedIncident", required=True)
    _duration(grouping, "lookbackDuration", _MINUTES_5, timedelta(days=7))
    matching = choice_of(grouping, "matchingMethod", MATCHINGS, required=True)
    names = ("groupByEntities", "groupByAlertDetails", "groupByCustomDetails")
    if matching == "Selected" and not any(_texts(grouping, each) for each in names):
        raise bad_request("The matching method 'Selected' needs something to group by.")
    if unmapped := [each for each in _texts(grouping, "groupByEntities") if each not in mapped]:
        raise bad_request(f"Entities to group by are not mapped: {', '.join(unmapped)}.")


def _flag(properties: Body, name: str, *, required: bool = False) -> None:
    found = properties.get(name)
    if not isinstance(found, bool) and (required or found is not None):
        raise bad_request(f"The property {name!r} must be true or false.")


def _duration(properties: Body, name: str, shortest: timedelta, longest: timedelta) -> timedelta:
    stated = text_of(properties, name, required=True) or ""
    match = _ISO.fullmatch(stated)
    if match is None:
        raise bad_request(f"The property {name!r} must be a duration of ISO 8601.")
    days, hours, minutes, seconds = (int(each or 0) for each in match.groups())
    found = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not shortest <= found <= longest:
        raise bad_request(f"The property {name!r} must be from {shortest} to {longest}.")
    return found


def _object(properties: Body, name: str) -> Body:
    found: Any = properties.get(name)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise bad_request(f"The property {name!r} must be an object.")
    return cast("Body", found)  # the keys of a JSON object are texts


def _list(properties: Body, name: str) -> list[Any]:
    found: Any = properties.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise bad_request(f"The property {name!r} must be a list.")
    return cast("list[Any]", found)  # each item is looked at before it is used


def _texts(properties: Body, name: str) -> list[str]:
    found = _list(properties, name)
    if not all(isinstance(each, str) for each in found):
        raise bad_request(f"The property {name!r} must be a list of strings.")
    return [str(each) for each in found]


def _objects(properties: Body, name: str) -> list[Body]:
    found = _list(properties, name)
    if not all(isinstance(each, dict) for each in found):
        raise bad_request(f"The property {name!r} must be a list of objects.")
    return [cast("Body", each) for each in found]  # as just looked at

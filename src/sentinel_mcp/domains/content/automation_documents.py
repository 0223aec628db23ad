"""Reads Azure's documents of automation rules, and puts conditions and actions into words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sentinel_mcp.domains.content.models import AutomationRule, AutomationRuleDetail
from sentinel_mcp.domains.documents import (
    MAX_TEXTS,
    Document,
    cut,
    flag,
    flattened,
    inner,
    inners,
    last_segment,
    name,
    person,
    shortened,
    strings,
    text,
    time,
    whole,
)

Titles = Mapping[str, str]
"""What analytics rules are called, by their names at Azure in lower case."""

MAX_DEPTH = 6
_VALUE_CHARS = 120
_SHORT_CHARS = 300
_CLAUSE_CHARS = 1_000

_TOLD = frozenset(
    {
        "displayName",
        "order",
        "triggeringLogic",
        "actions",
        "createdTimeUtc",
        "lastModifiedTimeUtc",
        "createdBy",
        "lastModifiedBy",
    }
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def read_rule(document: Document) -> AutomationRule:
    """Return a rule for a list."""
    return AutomationRule(**_fields(document))


def read_rule_detail(document: Document, workspace: str, titles: Titles) -> AutomationRuleDetail:
    """Return a rule with its conditions; `titles` are those of analytics rules."""
    properties = inner(document, "properties")
    logic = inner(properties, "triggeringLogic")
    return AutomationRuleDetail(
        **_fields(document),
        workspace=workspace,
        conditions=shortened(
            [cut(_condition(each, titles), _CLAUSE_CHARS) for each in inners(logic, "conditions")]
        ),
        playbook_ids=_playbook_ids(properties),
        created=time(properties, "createdTimeUtc"),
        modified=time(properties, "lastModifiedTimeUtc"),
        modified_by=person(inner(properties, "lastModifiedBy")),
        other=flattened(properties, without=_TOLD),
        etag=text(document, "etag"),
    )


def names_rules(document: Document) -> bool:
    """Whether a condition names analytics rules, so that their titles are worth a request."""
    logic = inner(inner(document, "properties"), "triggeringLogic")
    return "/alertrules/" in str(logic.get("conditions")).casefold()


def _fields(document: Document) -> dict[str, Any]:
    # The fields of `AutomationRule` by name; pydantic checks them where they are used.
    properties = inner(document, "properties")
    logic = inner(properties, "triggeringLogic")
    actions = sorted(inners(properties, "actions"), key=lambda each: whole(each, "order") or 0)
    triggers = (text(logic, "triggersOn"), text(logic, "triggersWhen"))
    return {
        "id": name(document),
        "title": text(properties, "displayName", _SHORT_CHARS) or name(document),
        "order": whole(properties, "order"),
        "enabled": flag(logic, "isEnabled"),
        "triggers": " ".join(filter(None, triggers)) or "unknown",
        "expires": time(logic, "expirationTimeUtc"),
        "actions": shortened([cut(_action(each), _CLAUSE_CHARS) for each in actions]),
        "playbooks": shortened([last_segment(each) for each in _playbook_ids(properties)]),
        "created_by": person(inner(properties, "createdBy")),
    }


def _playbook_ids(properties: Document) -> list[str]:
    found = [
        text(inner(each, "actionConfiguration"), "logicAppResourceId", 600)
        for each in inners(properties, "actions")
    ]
    return [each for each in found if each][:MAX_TEXTS]


def _action(action: Document) -> str:
    configuration = inner(action, "actionConfiguration")
    kind = text(action, "actionType") or "Unknown"
    match kind:
        case "RunPlaybook":
            playbook = text(configuration, "logicAppResourceId", 600)
            return f"run playbook {last_segment(playbook) if playbook else '(not named)'}"
        case "AddIncidentTask":
            return f"add task {text(configuration, 'title', _SHORT_CHARS)!r}"
        case "ModifyProperties" if configuration:
            return "set " + "; ".join(_settings(configuration))
        case _:
            told = flattened(action, without=frozenset({"order", "actionType"}), max_chars=100)
            words = ", ".join(f"{key} {value}" for key, value in told.items())
            return f"{_words(kind)}: {words}" if words else _words(kind)


def _settings(configuration: Document) -> list[str]:
    told: list[str] = []
    for key, value in configuration.items():
        match key, value:
            case _, None | "" | []:
                continue
            case "owner", Mapping():
                told.append(f"owner {person(inner(configuration, 'owner')) or 'nobody'}")
            case "labels", list():
                labels = [text(each, "labelName") for each in inners(configuration, "labels")]
                told.append(f"labels {', '.join(filter(None, labels))}")
            case _, str():
                told.append(f"{_words(key)} {text(configuration, key, _VALUE_CHARS)}")
            case _:
                told += [f"{_words(key)} {value}"[:_VALUE_CHARS]]
    return told


def _condition(condition: Document, titles: Titles, depth: int = 0) -> str:
    """Return a condition as a clause; an unknown kind is told by its values."""
    given = inner(condition, "conditionProperties")
    kind = text(condition, "conditionType") or "Unknown"
    values = _values(strings(given, "propertyValues"), titles)
    subject = _words(text(given, "propertyName") or text(given, "arrayType") or "something")
    change = _words(text(given, "changeType") or "changed")
    if depth > MAX_DEPTH:
        return "[nested too deep]"
    match kind:
        case "Property" if "propertyName" in given:
            return f"{subject} {_words(text(given, 'operator') or 'Equals')} {values}"
        case "PropertyChanged" if "propertyName" in given:
            return f"{subject} {change} {values}".rstrip()
        case "PropertyArrayChanged" if "arrayType" in given:
            return f"{subject} {change}"
        case "PropertyArray" if "arrayType" in given:
            inside = _joined(inners(given, "itemConditions"), "and", titles, depth)
            which = _words(text(given, "arrayConditionType") or "AnyItem")
            return f"{which} of {subject}: {inside}"
        case "Boolean" if "innerConditions" in given:
            operator = (text(given, "operator") or "And").lower()
            return _joined(inners(given, "innerConditions"), operator, titles, depth)
        case _:
            told = flattened(given, max_chars=100)
            return f"{_words(kind)}: {', '.join(f'{key} {each}' for key, each in told.items())}"


def _joined(conditions: Sequence[Document], operator: str, titles: Titles, depth: int) -> str:
    told = [_condition(each, titles, depth + 1) for each in conditions[:MAX_TEXTS]]
    if len(conditions) > MAX_TEXTS:
        told.append(f"… [cut: {len(conditions)} in all]")
    return "(" + f" {operator} ".join(told) + ")" if told else "(nothing)"


def _values(values: list[str], titles: Titles) -> str:
    named = [titles.get(last_segment(each).casefold()) or _value(each) for each in values]
    told = ", ".join(repr(each[:_VALUE_CHARS]) for each in shortened(named))
    return f"any of {told}" if len(named) > 1 else told


def _value(value: str) -> str:
    return last_segment(value) if "/alertrules/" in value.casefold() else value


def _words(key: str) -> str:
    """Return `IncidentSeverity` as `incident severity`; what has no humps stays as it is."""
    return _HUMP.sub(" ", key).lower()

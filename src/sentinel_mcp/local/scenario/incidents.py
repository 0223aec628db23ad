"""Incidents: as documents with all that belongs to them, and as rows of SecurityIncident."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import INSIGHTS_ID
from sentinel_mcp.local.scenario import alerts
from sentinel_mcp.local.scenario.cases import Case, RaisedAlert, Version
from sentinel_mcp.local.scenario.clock import Clock, wire
from sentinel_mcp.local.scenario.entities import documents as entity_documents
from sentinel_mcp.local.scenario.model import Comment, Task
from sentinel_mcp.local.scenario.names import guid
from sentinel_mcp.local.scenario.people import Person, person

Body = dict[str, Any]
"""A JSON object, or the cells of a row. Any: the values are of many kinds."""

_UNASSIGNED: Body = {"objectId": None, "email": None, "userPrincipalName": None, "assignedTo": None}


def documents(case: Case, clock: Clock, bookmarks: Sequence[str]) -> Iterable[Document]:
    """Yield an incident and everything in it; `bookmarks` are the names of those it has."""
    yield Document("incidents", case.id, _incident(case, len(bookmarks)))
    yield Document("incidentHistory", case.id, _history(case))
    for name, body in alerts.documents(case, clock):
        yield Document("alerts", name, body, case.id)
    for each in case.alerts:
        about = [entity.id for entity in entity_documents(each.alert.entities, clock)]
        body = {"name": each.id, "properties": {"entities": about}}
        yield Document("alertEntities", each.id, body)
    entities = [entity for each in case.alerts for entity in each.alert.entities]
    for entity in entity_documents(entities, clock):
        yield Document("entities", entity.id, entity.body(), case.id)
    for number, comment in enumerate(case.episode.comments):
        body = _comment(case, comment, number)
        yield Document("comments", body["name"], body, case.id)
    for number, task in enumerate(case.episode.tasks):
        body = _task(case, task, number)
        yield Document("incidentTasks", body["name"], body, case.id)
    for each in case.alerts:
        body = _relation(case, "Entities", each.id, "SecurityAlert")
        yield Document("relations", body["name"], body, case.id)
    for bookmark in bookmarks:
        body = _relation(case, "bookmarks", bookmark, None)
        yield Document("relations", body["name"], body, case.id)


def rows(case: Case, bookmarks: Sequence[str]) -> Iterable[Body]:
    """Yield an incident as the table has it: a row for every change."""
    episode = case.episode
    first_modified = _first_modified(case)
    for version in case.versions:
        first, last = _activity(version.alerts)
        closed = version.status == "Closed"
        yield {
            "TimeGenerated": str(version.at),
            "IncidentName": case.id,
            "Title": episode.title,
            "Description": episode.description,
            "Severity": episode.severity,
            "Status": version.status,
            "Classification": _classification(case)[0] if closed else "",
            "ClassificationReason": _classification(case)[1] if closed else "",
            "ClassificationComment": episode.verdict_text if closed else "",
            "Owner": _owner(version.owner),
            "ProviderName": "Azure Sentinel",
            "ProviderIncidentId": str(case.number),
            "IncidentNumber": case.number,
            "IncidentUrl": case.url,
            "FirstActivityTime": str(first),
            "LastActivityTime": str(last),
            "FirstModifiedTime": str(first_modified) if version is not case.versions[0] else None,
            "LastModifiedTime": str(version.at),
            "CreatedTime": str(case.created),
            "ClosedTime": str(version.at) if closed else None,
            "ModifiedBy": version.changed_by,
            "Labels": _labels(case),
            "RelatedAnalyticRuleIds": _rules(version.alerts),
            "AlertIds": [each.id for each in version.alerts],
            "BookmarkIds": list(bookmarks),
            "Comments": [
                _comment(case, comment, number)["properties"]
                for number, comment in enumerate(episode.comments[: version.comments])
            ],
            "Tasks": [
                {"title": task.title, "status": "Completed" if task.done else "New"}
                for task in episode.tasks
            ],
            "AdditionalData": _additional(version, len(bookmarks)),
            "SourceSystem": "Azure",
        }


def _first_modified(case: Case) -> datetime | None:
    return case.versions[1].at if len(case.versions) > 1 else None


def _history(case: Case) -> Body:
    """Return what only the table tells of an incident, for the rows that changes of it will add."""
    first = _first_modified(case)
    return {
        "name": case.id,
        "properties": {
            "firstModifiedTimeUtc": wire(first) if first else None,
            "closedTimeUtc": wire(case.closed) if case.closed else None,
        },
    }


def _incident(case: Case, bookmarks: int) -> Body:
    episode, last = case.episode, case.versions[-1]
    first_activity, last_activity = _activity(case.alerts)
    properties: Body = {
        "title": episode.title,
        "description": episode.description,
        "severity": episode.severity,
        "status": last.status,
        "owner": _owner(last.owner),
        "labels": _labels(case),
        "firstActivityTimeUtc": wire(first_activity),
        "lastActivityTimeUtc": wire(last_activity),
        "lastModifiedTimeUtc": wire(last.at),
        "createdTimeUtc": wire(case.created),
        "incidentNumber": case.number,
        "additionalData": _additional(last, bookmarks),
        "relatedAnalyticRuleIds": [
            f"{INSIGHTS_ID}/alertRules/{rule_id}" for rule_id in _rules(case.alerts)
        ],
        "incidentUrl": case.url,
        "providerName": "Azure Sentinel",
        "providerIncidentId": str(case.number),
    }
    if last.status == "Closed":
        classification, reason = _classification(case)
        properties["classification"] = classification
        if reason:
            properties["classificationReason"] = reason
        properties["classificationComment"] = episode.verdict_text
    return {
        "id": case.resource_id,
        "name": case.id,
        "type": "Microsoft.SecurityInsights/incidents",
        "etag": "",
        "properties": properties,
    }


def _classification(case: Case) -> tuple[str, str]:
    classification, _, reason = (case.episode.verdict or "Undetermined/").partition("/")
    return classification, reason


def _activity(raised: Sequence[RaisedAlert]) -> tuple[datetime, datetime]:
    return min(each.start for each in raised), max(each.end for each in raised)


def _rules(raised: Sequence[RaisedAlert]) -> list[str]:
    return list(dict.fromkeys(each.rule_id for each in raised if each.rule_id))


def _labels(case: Case) -> list[Body]:
    return [{"labelName": each, "labelType": "User"} for each in case.episode.labels]


def _owner(who: Person | None) -> Body:
    if who is None:
        return dict(_UNASSIGNED)
    return {
        "objectId": who.id,
        "email": who.upn,
        "userPrincipalName": who.upn,
        "assignedTo": who.name,
    }


def _additional(version: Version, bookmarks: int) -> Body:
    raised = version.alerts
    tactics = dict.fromkeys(tactic for each in raised for tactic in each.alert.tactics)
    techniques = dict.fromkeys(found for each in raised for found in each.alert.techniques)
    return {
        "alertsCount": len(raised),
        "bookmarksCount": bookmarks,
        "commentsCount": version.comments,
        "alertProductNames": list(dict.fromkeys(each.alert.product for each in raised)),
        "tactics": list(tactics),
        "techniques": list(techniques),
    }


def client(who: Person) -> Body:
    """Return a person as the author of something."""
    return {"objectId": who.id, "email": who.upn, "userPrincipalName": who.upn, "name": who.name}


def _child(case: Case, kind: str, name: str, properties: Body) -> Body:
    return {
        "id": f"{case.resource_id}/{kind}/{name}",
        "name": name,
        "type": f"Microsoft.SecurityInsights/incidents/{kind}",
        "etag": "",
        "properties": properties,
    }


def _comment(case: Case, comment: Comment, number: int) -> Body:
    at = wire(case.comment_time(comment))
    return _child(
        case,
        "comments",
        guid("comment", case.episode.key, number),
        {
            "message": comment.text,
            "createdTimeUtc": at,
            "lastModifiedTimeUtc": at,
            "author": client(person(comment.author)),
        },
    )


def _task(case: Case, task: Task, number: int) -> Body:
    made = case.created + timedelta(minutes=2 + number)
    author = client(person(case.episode.owner or "aiko.tanaka"))
    return _child(
        case,
        "tasks",
        guid("task", case.episode.key, number),
        {
            "title": task.title,
            "description": task.description,
            "status": "Completed" if task.done else "New",
            "createdTimeUtc": wire(made),
            "lastModifiedTimeUtc": wire(made + timedelta(minutes=34 if task.done else 0)),
            "createdBy": author,
            "lastModifiedBy": author,
        },
    )


def _relation(case: Case, kind: str, name: str, related_kind: str | None) -> Body:
    properties: Body = {
        "relatedResourceId": f"{INSIGHTS_ID}/{kind}/{name}",
        "relatedResourceName": name,
        "relatedResourceType": f"Microsoft.SecurityInsights/{kind}",
    }
    if related_kind:
        properties["relatedResourceKind"] = related_kind
    return _child(case, "relations", guid("relation", case.episode.key, name), properties)

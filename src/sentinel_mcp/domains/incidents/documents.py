"""Reads Azure's documents of an incident into our models; camel case ends here."""

from __future__ import annotations

from typing import Any

from sentinel_mcp.domains.documents import (
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
    texts,
    time,
    whole,
)
from sentinel_mcp.domains.incidents.models import (
    Alert,
    Bookmark,
    Comment,
    Entity,
    Incident,
    IncidentDetail,
    IncidentTask,
    Owner,
    Relation,
    Rule,
)

_TITLE_CHARS = 300
_QUERY_CHARS = 4_000
_STEP_CHARS = 500
_LABEL_CHARS = 100
_TAG_CHARS = 60
_NOT_PROPERTIES = frozenset({"friendlyName"})


def read_incident(document: Document, workspace: str) -> Incident:
    """Return the incident as a list shows it."""
    return Incident(**_incident_fields(document, workspace))


def read_detail(document: Document, workspace: str) -> IncidentDetail:
    """Return the incident with all that its own document says."""
    properties = inner(document, "properties")
    extra = inner(properties, "additionalData")
    return IncidentDetail(
        **_incident_fields(document, workspace),
        description=text(properties, "description"),
        owner_detail=_owner(inner(properties, "owner")),
        classification_comment=text(properties, "classificationComment"),
        first_activity=time(properties, "firstActivityTimeUtc"),
        last_activity=time(properties, "lastActivityTimeUtc"),
        techniques=texts(extra, "techniques", _TITLE_CHARS),
        products=texts(extra, "alertProductNames", _TITLE_CHARS),
        bookmarks_count=whole(extra, "bookmarksCount"),
        comments_count=whole(extra, "commentsCount"),
        provider=text(properties, "providerName"),
        provider_incident_id=text(properties, "providerIncidentId"),
        provider_url=text(extra, "providerIncidentUrl"),
        merged_into=text(extra, "mergedIncidentNumber"),
        rule_ids=shortened([cut(each, _TITLE_CHARS) for each in rule_names(document)]),
        etag=text(document, "etag"),
    )


def read_alert(document: Document) -> Alert:
    """Return an alert of an incident."""
    properties = inner(document, "properties")
    return Alert(
        id=text(properties, "systemAlertId") or name(document),
        name=text(properties, "alertDisplayName", _TITLE_CHARS)
        or text(properties, "friendlyName", _TITLE_CHARS),
        severity=text(properties, "severity"),
        status=text(properties, "status"),
        description=text(properties, "description"),
        type=text(properties, "alertType"),
        product=text(properties, "productName"),
        vendor=text(properties, "vendorName"),
        tactics=texts(properties, "tactics"),
        started=time(properties, "startTimeUtc"),
        ended=time(properties, "endTimeUtc"),
        generated=time(properties, "timeGenerated"),
        compromised_entity=text(properties, "compromisedEntity", _TITLE_CHARS),
        remediation_steps=texts(properties, "remediationSteps", _STEP_CHARS),
        link=text(properties, "alertLink"),
    )


def read_entity(document: Document) -> Entity:
    """Return an entity of whatever kind, its properties flat."""
    properties = inner(document, "properties")
    return Entity(
        kind=text(document, "kind") or "Unknown",
        name=text(properties, "friendlyName", _TITLE_CHARS),
        id=name(document),
        properties=flattened(properties, without=_NOT_PROPERTIES),
    )


def read_comment(document: Document) -> Comment:
    """Return a comment."""
    properties = inner(document, "properties")
    return Comment(
        id=name(document),
        author=person(inner(properties, "author")),
        created=time(properties, "createdTimeUtc"),
        modified=time(properties, "lastModifiedTimeUtc"),
        message=text(properties, "message") or "",
    )


def read_task(document: Document) -> IncidentTask:
    """Return a task of an incident."""
    properties = inner(document, "properties")
    return IncidentTask(
        id=name(document),
        title=text(properties, "title", _TITLE_CHARS) or "",
        status=text(properties, "status"),
        description=text(properties, "description"),
        created=time(properties, "createdTimeUtc"),
        created_by=person(inner(properties, "createdBy")),
        modified=time(properties, "lastModifiedTimeUtc"),
    )


def read_bookmark(document: Document) -> Bookmark:
    """Return a bookmark."""
    properties = inner(document, "properties")
    return Bookmark(
        id=name(document),
        name=text(properties, "displayName", _TITLE_CHARS),
        created=time(properties, "created"),
        created_by=person(inner(properties, "createdBy")),
        event_time=time(properties, "eventTime"),
        labels=texts(properties, "labels"),
        notes=text(properties, "notes"),
        query=text(properties, "query", _QUERY_CHARS),
        query_result=text(properties, "queryResult"),
    )


def read_relation(document: Document) -> Relation:
    """Return a relation of an incident to something else."""
    properties = inner(document, "properties")
    return Relation(
        id=name(document),
        type=text(properties, "relatedResourceType"),
        kind=text(properties, "relatedResourceKind"),
        related_id=text(properties, "relatedResourceName")
        or last_segment(text(properties, "relatedResourceId") or "")
        or None,
    )


def read_rule(document: Document) -> Rule:
    """Return an analytics rule of whatever kind."""
    properties = inner(document, "properties")
    operator = text(properties, "triggerOperator")
    return Rule(
        id=name(document),
        name=text(properties, "displayName", _TITLE_CHARS),
        kind=text(document, "kind"),
        enabled=flag(properties, "enabled"),
        severity=text(properties, "severity"),
        tactics=texts(properties, "tactics"),
        techniques=texts(properties, "techniques"),
        description=text(properties, "description"),
        query=text(properties, "query", _QUERY_CHARS),
        frequency=text(properties, "queryFrequency"),
        period=text(properties, "queryPeriod"),
        threshold=operator and f"{operator} {whole(properties, 'triggerThreshold')}",
    )


def rule_names(document: Document) -> list[str]:
    """Return the names of the rules that raised the incident's alerts."""
    found = strings(inner(document, "properties"), "relatedAnalyticRuleIds")
    # Casing and provider of these ids vary; their last segment is the name in any case.
    return list(dict.fromkeys(last_segment(each) for each in found))


def tactic_names(document: Document) -> list[str]:
    """Return the tactics of the incident's alerts."""
    return strings(inner(inner(document, "properties"), "additionalData"), "tactics")


def product_names(document: Document) -> list[str]:
    """Return the products whose alerts the incident has."""
    return strings(inner(inner(document, "properties"), "additionalData"), "alertProductNames")


def label_names(document: Document) -> list[str]:
    """Return the incident's labels as they are."""
    labels = inners(inner(document, "properties"), "labels")
    return [found for each in labels if isinstance(found := each.get("labelName"), str)]


def _incident_fields(document: Document, workspace: str) -> dict[str, Any]:
    # The fields of `Incident` by name; pydantic checks them where they are used.
    properties = inner(document, "properties")
    extra = inner(properties, "additionalData")
    return {
        "workspace": workspace,
        "number": whole(properties, "incidentNumber"),
        "id": name(document),
        "title": text(properties, "title", _TITLE_CHARS) or "",
        "severity": text(properties, "severity") or "Unknown",
        "status": text(properties, "status") or "Unknown",
        "owner": person(inner(properties, "owner")),
        "labels": _labels(inners(properties, "labels")),
        "tactics": texts(extra, "tactics", _TAG_CHARS),
        "created": time(properties, "createdTimeUtc"),
        "modified": time(properties, "lastModifiedTimeUtc"),
        "classification": text(properties, "classification"),
        "classification_reason": text(properties, "classificationReason"),
        "alerts_count": whole(extra, "alertsCount"),
        "url": text(properties, "incidentUrl"),
    }


def _labels(labels: list[Document]) -> list[str]:
    found = [text(each, "labelName", _LABEL_CHARS) for each in labels]
    return shortened([each for each in found if each])


def _owner(document: Document) -> Owner | None:
    owner = Owner(
        name=text(document, "assignedTo"),
        mail=text(document, "email"),
        user_principal_name=text(document, "userPrincipalName"),
        object_id=text(document, "objectId"),
    )
    return (
        owner if any((owner.name, owner.mail, owner.user_principal_name, owner.object_id)) else None
    )

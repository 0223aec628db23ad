"""Reads Azure's documents of Sentinel's set-up into our models; camel case and secrets end here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from sentinel_mcp.domains.documents import (
    Document,
    Scalar,
    as_document,
    flag,
    flattened,
    inner,
    inners,
    name,
    shortened,
    text,
    texts,
    time,
)
from sentinel_mcp.domains.workspace.setup.models import (
    AnomalySetting,
    AnomalySettingDetail,
    Deployment,
    Feature,
    Metadata,
    MetadataDetail,
    Observation,
    SourceControl,
    SourceControlDetail,
)

NOT_SHOWN = "[not shown]"
MAX_OBSERVATIONS = 40
MAX_DEPTH = 6

# The time of a secret's renewal is no secret.
_SECRET = re.compile(r"password|secret(?!_update_time)|token|api_?key|credential|authorization")
_TOLD_REPOSITORY = frozenset(
    {
        "id",
        "displayName",
        "description",
        "repoType",
        "contentTypes",
        "repository",
        "lastDeploymentInfo",
        "repositoryAccess",
    }
)
_TOLD_METADATA = frozenset(
    {
        "contentId",
        "version",
        "kind",
        "parentId",
        "source",
        "dependencies",
        "threatAnalysisTactics",
        "threatAnalysisTechniques",
        "icon",
    }
)
_TOLD_ANOMALY = frozenset(
    {
        "displayName",
        "description",
        "enabled",
        "settingsStatus",
        "frequency",
        "tactics",
        "techniques",
        "requiredDataConnectors",
        "isDefaultSettings",
        "customizableObservations",
    }
)
_KNOWN_FEATURES = ("Anomalies", "EntityAnalytics", "EyesOn", "Ueba")


def read_source_control(document: Document) -> SourceControl:
    """Return a repository."""
    return SourceControl(**_source_control(document))


def read_source_control_detail(document: Document, workspace: str) -> SourceControlDetail:
    """Return a repository with all that its document says."""
    system = inner(document, "systemData")
    return SourceControlDetail(
        **_source_control(document),
        workspace=workspace,
        properties=_rest(inner(document, "properties"), _TOLD_REPOSITORY),
        created_by=text(system, "createdBy"),
        created=time(system, "createdAt"),
        modified_by=text(system, "lastModifiedBy"),
        modified=time(system, "lastModifiedAt"),
        etag=text(document, "etag"),
    )


def read_metadata(document: Document) -> Metadata:
    """Return the origin of a piece of content."""
    return Metadata(**_metadata(document))


def read_metadata_detail(document: Document, workspace: str) -> MetadataDetail:
    """Return all that is said of a piece of content."""
    properties = inner(document, "properties")
    needed = inner(properties, "dependencies")
    return MetadataDetail(
        **_metadata(document),
        workspace=workspace,
        source_id=text(inner(properties, "source"), "sourceId"),
        dependencies=shortened(_dependencies(needed)),
        tactics=texts(properties, "threatAnalysisTactics"),
        techniques=texts(properties, "threatAnalysisTechniques"),
        properties=_rest(properties, _TOLD_METADATA),
        etag=text(document, "etag"),
    )


def read_anomaly(document: Document) -> AnomalySetting:
    """Return an anomaly rule."""
    return AnomalySetting(**_anomaly(document))


def read_anomaly_detail(document: Document, workspace: str) -> AnomalySettingDetail:
    """Return an anomaly rule with what is set in it; unknown kinds of setting are shown, too."""
    properties = inner(document, "properties")
    return AnomalySettingDetail(
        **_anomaly(document),
        workspace=workspace,
        description=text(properties, "description"),
        connectors=[
            found
            for each in inners(properties, "requiredDataConnectors")
            if (found := text(each, "connectorId", 200))
        ],
        observations=_observations(inner(properties, "customizableObservations")),
        properties=_rest(properties, _TOLD_ANOMALY),
        etag=text(document, "etag"),
    )


def read_features(documents: list[Document]) -> list[Feature]:
    """Return the features that have a setting, and those known to be off for want of one."""
    there = {text(each, "kind") or name(each): each for each in documents}
    found = [_feature(kind, inner(each, "properties")) for kind, each in there.items()]
    found += [Feature(kind=kind, enabled=False) for kind in _KNOWN_FEATURES if kind not in there]
    return sorted(found, key=lambda each: each.kind)


def _source_control(document: Document) -> dict[str, Any]:
    # The fields of `SourceControl` by name; pydantic checks them where they are used.
    properties = inner(document, "properties")
    repository = inner(properties, "repository")
    return {
        "name": name(document),
        "title": text(properties, "displayName"),
        "description": text(properties, "description"),
        "kind": text(properties, "repoType"),
        "url": text(repository, "displayUrl") or text(repository, "url"),
        "branch": text(repository, "branch"),
        "content_types": texts(properties, "contentTypes"),
        "last_deployment": _deployment(inner(properties, "lastDeploymentInfo")),
    }


def _deployment(document: Document) -> Deployment | None:
    made = inner(document, "deployment")
    if not made and not text(document, "message"):
        return None
    return Deployment(
        state=text(made, "deploymentState") or text(document, "deploymentFetchStatus"),
        result=text(made, "deploymentResult"),
        time=time(made, "deploymentTime"),
        message=text(document, "message"),
        logs_url=text(made, "deploymentLogsUrl"),
    )


def _metadata(document: Document) -> dict[str, Any]:
    properties = inner(document, "properties")
    source = inner(properties, "source")
    return {
        "name": name(document),
        "kind": text(properties, "kind"),
        "content_id": text(properties, "contentId"),
        "version": text(properties, "version"),
        "parent": text(properties, "parentId"),
        "source_kind": text(source, "kind"),
        "source_name": text(source, "name"),
    }


def _dependencies(document: Document, depth: int = 0) -> list[str]:
    """Return what is needed, one text for each; a group of choices is one text in parentheses."""
    found: list[str] = []
    for each in inners(document, "criteria"):
        if inners(each, "criteria"):
            if depth < MAX_DEPTH:
                joined = f" {text(each, 'operator', 10) or 'AND'} "
                found.append(f"({joined.join(_dependencies(each, depth + 1))})")
        else:
            found.append(_dependency(each))
    if not found and text(document, "contentId"):
        found.append(_dependency(document))
    return found


def _dependency(document: Document) -> str:
    parts = (text(document, "kind", 100), text(document, "contentId", 200))
    version = text(document, "version", 50)
    return " ".join([*(each for each in parts if each), *([f"v{version}"] if version else [])])


def _anomaly(document: Document) -> dict[str, Any]:
    properties = inner(document, "properties")
    return {
        "name": name(document),
        "title": text(properties, "displayName"),
        "kind": text(document, "kind"),
        "enabled": flag(properties, "enabled"),
        "status": text(properties, "settingsStatus"),
        "frequency": text(properties, "frequency"),
        "tactics": texts(properties, "tactics"),
        "techniques": texts(properties, "techniques"),
        "tables": [
            table
            for each in inners(properties, "requiredDataConnectors")
            for table in texts(each, "dataTypes")
        ],
        "is_default": flag(properties, "isDefaultSettings"),
    }


def _observations(document: Document) -> list[Observation]:
    found = [
        Observation(
            kind=kind.removesuffix("Observations"),
            name=text(each, "name"),
            description=text(each, "description"),
            value=_value(each.get("value")),
            minimum=text(each, "minimum"),
            maximum=text(each, "maximum"),
            supported=texts(each, "supportedValues", 200),
        )
        for kind in document
        for each in inners(document, kind)
    ]
    return found[:MAX_OBSERVATIONS]


def _value(value: object) -> str | None:
    if isinstance(value, list):
        # A JSON list holds anything; what is no text is written as one.
        return ", ".join(str(each) for each in cast("list[object]", value)) or None
    return None if value is None else str(value)[:300]


def _feature(kind: str, properties: Document) -> Feature:
    stated = flag(properties, "isEnabled")
    sources = [*texts(properties, "dataSources"), *texts(properties, "entityProviders")]
    without = frozenset({"isEnabled", "dataSources", "entityProviders"})
    return Feature(
        kind=kind,
        enabled=stated if stated is not None else True if sources else None,
        properties=_rest(properties, without),
        sources=sources,
    )


def _rest(properties: Document, told: frozenset[str]) -> dict[str, Scalar]:
    """Return what is left to tell, without what could be a secret."""
    shown = {key: _without_queries(value) for key, value in properties.items()}
    return {
        key: NOT_SHOWN if _SECRET.search(key) else value
        for key, value in flattened(shown, without=told).items()
    }


def _without_queries(value: object) -> object:
    """Return the value with addresses cut before their query, in which keys are put."""
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return value.partition("?")[0]
    if isinstance(value, Mapping):
        document = as_document(cast("object", value)) or {}
        return {key: _without_queries(each) for key, each in document.items()}
    return value

"""Reads Azure's documents of connectors into our models; camel case and secrets end here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sentinel_mcp.domains.connectors.kinds import table_of, title_of
from sentinel_mcp.domains.connectors.models import (
    Connected,
    Connector,
    ConnectorDetail,
    DataType,
    Source,
)
from sentinel_mcp.domains.documents import (
    Document,
    Scalar,
    flag,
    flattened,
    inner,
    inners,
    name,
    text,
    texts,
)

NOT_SHOWN = "[not shown]"

_STEP_CHARS = 600
_SECRET = re.compile(r"password|secret|token|api_?key|credential|authorization|signature")
_SHOWN_ELSEWHERE = frozenset({"dataTypes", "connectorUiConfig", "connectorDefinitionName"})
# `Custom-Okta_CL` and `Microsoft-Syslog` are streams into the tables Okta_CL and Syslog.
_STREAM = re.compile(r"(?:Custom|Microsoft)-(?P<table>\w+)")
# Definitions name a table alone, or followed by what is in it: `CommonSecurityLog (Zscaler)`.
_TABLE = re.compile(r"(?P<table>[A-Za-z_]\w*)(?: \(.*\))?")


def read_connection(document: Document, titles: Mapping[str, str]) -> Connector:
    """Return a connection; `titles` are those of the definitions, by name."""
    return Connector(**_connection_fields(document, titles))


def read_definition(document: Document, connections: list[Connector]) -> Connector:
    """Return a definition; `connections` tell whether it is connected."""
    return Connector(**_definition_fields(document, connections))


def read_connection_detail(document: Document, workspace: str) -> ConnectorDetail:
    """Return a connection with all that its own document says."""
    return ConnectorDetail(
        **_connection_fields(document, {}), **_detail_fields(document), workspace=workspace
    )


def read_definition_detail(
    document: Document, workspace: str, connections: list[Connector]
) -> ConnectorDetail:
    """Return a definition with all that its own document says."""
    return ConnectorDetail(
        **_definition_fields(document, connections),
        **_detail_fields(document),
        workspace=workspace,
        connections=[each.name for each in connections if each.definition == name(document)],
    )


def definition_title(document: Document) -> str:
    """Return the title of a definition."""
    return text(_shown(document), "title") or name(document)


def _connection_fields(document: Document, titles: Mapping[str, str]) -> dict[str, Any]:
    # The fields of `Connector` by name; pydantic checks them where they are used.
    properties = inner(document, "properties")
    kind = text(document, "kind") or "Unknown"
    definition = text(properties, "connectorDefinitionName")
    data_types = _data_types(kind, properties)
    source: Source = "connection"
    return {
        "name": name(document),
        "source": source,
        "kind": kind,
        "title": text(_shown(document), "title")
        or text(properties, "friendlyName")
        or titles.get(definition or "")
        or title_of(kind),
        "connected": _connected(data_types, active=flag(properties, "isActive")),
        "data_types": data_types,
        "publisher": _publisher(document),
        "definition": definition,
    }


def _definition_fields(document: Document, connections: list[Connector]) -> dict[str, Any]:
    mine = {each.connected for each in connections if each.definition == name(document)}
    connected: Connected = "yes" if "yes" in mine else "no" if mine == {"no"} else "unknown"
    source: Source = "definition"
    return {
        "name": name(document),
        "source": source,
        "kind": text(document, "kind") or "Unknown",
        "title": definition_title(document),
        "connected": connected,
        "data_types": _data_types("", inner(document, "properties")),
        "publisher": _publisher(document),
    }


def _detail_fields(document: Document) -> dict[str, Any]:
    shown = _shown(document)
    return {
        "description": text(shown, "descriptionMarkdown"),
        "connected_when": [
            query
            for criterion in inners(shown, "connectivityCriteria")
            for query in texts(criterion, "value")
        ],
        "permissions": _permissions(inner(shown, "permissions")),
        "steps": _steps(inners(shown, "instructionSteps")),
        "properties": _settings(inner(document, "properties")),
        "etag": text(document, "etag"),
    }


def _shown(document: Document) -> Document:
    return inner(inner(document, "properties"), "connectorUiConfig")


def _publisher(document: Document) -> str | None:
    # Two names for one thing: the older codeless connectors, and today's definitions.
    return text(_shown(document), "publisher") or text(_shown(document), "publisherName")


def _data_types(kind: str, properties: Document) -> list[DataType]:
    stated = inner(properties, "dataTypes")
    found = [
        DataType(
            name=each,
            state=text(inner(stated, each), "state"),
            table=table_of(kind, each) or text(properties, "destinationTable"),
        )
        for each in stated
    ]
    for each in inners(inner(properties, "connectorUiConfig"), "dataTypes"):
        if label := text(each, "name", 200):
            match = _TABLE.fullmatch(label)
            found.append(DataType(name=label, table=match["table"] if match else None))
    if stream := text(inner(properties, "dcrConfig"), "streamName", 200):
        match = _STREAM.fullmatch(stream)
        label = text(properties, "dataType", 200) or stream
        found.append(DataType(name=label, table=match["table"] if match else None))
    return found


def _connected(data_types: list[DataType], *, active: bool | None) -> Connected:
    states = {each.state.casefold() for each in data_types if each.state}
    if active is False:
        return "no"
    if active or "enabled" in states:
        return "yes"
    return "no" if states == {"disabled"} else "unknown"


def _permissions(document: Document) -> list[str]:
    providers = [
        f"{text(each, 'providerDisplayName') or text(each, 'provider')}: "
        f"{text(each, 'permissionsDisplayText') or 'see the portal'}"
        for each in inners(document, "resourceProvider")
    ]
    customs = [
        f"{text(each, 'name')}: {text(each, 'description') or ''}"
        for each in inners(document, "customs")
    ]
    tenant = [f"Tenant role: {each}" for each in texts(document, "tenant")]
    licences = [f"Licence: {each}" for each in texts(document, "licenses")]
    return [*providers, *customs, *tenant, *licences]


def _steps(steps: list[Document]) -> list[str]:
    told = [(text(each, "title"), text(each, "description", _STEP_CHARS)) for each in steps]
    return [": ".join(part for part in each if part) for each in told if any(each)]


def _settings(properties: Document) -> dict[str, Scalar]:
    """Return what is left to tell, without what could be a secret.

    Of headers and query parameters only the names are shown, of the authentication the type:
    keys are put into any of them.
    """
    shown = {key: value for key, value in properties.items() if key not in _SHOWN_ELSEWHERE}
    if "auth" in shown:
        shown["auth"] = {"type": text(inner(properties, "auth"), "type")}
    request = inner(properties, "request")
    if request:
        names = {key: list(inner(request, key)) for key in ("headers", "queryParameters")}
        shown["request"] = {**request, **{key: each for key, each in names.items() if each}}
    return {
        key: NOT_SHOWN if _SECRET.search(key) else value for key, value in flattened(shown).items()
    }

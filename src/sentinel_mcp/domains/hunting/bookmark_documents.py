"""Reads Azure's documents of bookmarks into our models."""

from __future__ import annotations

import json
from typing import Any

from sentinel_mcp.domains.documents import (
    MAX_VALUES,
    Document,
    Scalar,
    as_document,
    cut,
    flattened,
    inner,
    inners,
    last_segment,
    name,
    person,
    text,
    texts,
    time,
)
from sentinel_mcp.domains.hunting.documents import QUERY_CHARS, SHORT_CHARS
from sentinel_mcp.domains.hunting.models import (
    Bookmark,
    BookmarkDetail,
    BookmarkEntity,
    RelatedIncident,
)

MAX_ENTITIES = 50
NOTES_CHARS = 4_000
CELL_CHARS = 1_000
RESULT_CHARS = 200_000

_TOLD_BOOKMARK = frozenset(
    {
        "displayName",
        "labels",
        "tactics",
        "techniques",
        "notes",
        "created",
        "createdBy",
        "updated",
        "updatedBy",
        "eventTime",
        "incidentInfo",
        "query",
        "queryResult",
        "queryStartTime",
        "queryEndTime",
        "entityMappings",
    }
)


def read_bookmark(document: Document) -> Bookmark:
    """Return a bookmark for a list."""
    return Bookmark(**_bookmark_fields(document, SHORT_CHARS))


def read_bookmark_detail(document: Document, workspace: str) -> BookmarkDetail:
    """Return a bookmark with its query and result."""
    properties = inner(document, "properties")
    row, unread = _result(text(properties, "queryResult", RESULT_CHARS))
    return BookmarkDetail(
        **_bookmark_fields(document, NOTES_CHARS),
        workspace=workspace,
        query=text(properties, "query", QUERY_CHARS),
        query_start=time(properties, "queryStartTime"),
        query_end=time(properties, "queryEndTime"),
        result=row,
        result_text=unread,
        entities=_entities(properties),
        updated=time(properties, "updated"),
        updated_by=person(inner(properties, "updatedBy")),
        other=flattened(properties, without=_TOLD_BOOKMARK),
        etag=text(document, "etag"),
    )


def _bookmark_fields(document: Document, notes_chars: int) -> dict[str, Any]:
    # The fields of `Bookmark` by name, as above.
    properties = inner(document, "properties")
    related = inner(properties, "incidentInfo")
    incident = text(related, "incidentId")
    return {
        "id": name(document),
        "title": text(properties, "displayName", SHORT_CHARS) or name(document),
        "labels": texts(properties, "labels", 100),
        "tactics": texts(properties, "tactics"),
        "techniques": texts(properties, "techniques"),
        "notes": text(properties, "notes", notes_chars),
        "created": time(properties, "created"),
        "created_by": person(inner(properties, "createdBy")),
        "event_time": time(properties, "eventTime"),
        "incident": RelatedIncident(
            id=last_segment(incident),
            title=text(related, "title", SHORT_CHARS),
            severity=text(related, "severity"),
        )
        if incident
        else None,
    }


def _entities(properties: Document) -> list[BookmarkEntity]:
    found = [
        BookmarkEntity.model_construct(
            type=text(each, "entityType", 60) or "Unknown",
            identifier=text(field, "identifier", 60) or "Unknown",
            value=text(field, "value", 500) or "",
        )
        for each in inners(properties, "entityMappings")
        for field in inners(each, "fieldMappings")
    ]
    return found[:MAX_ENTITIES]


def _result(written: str | None) -> tuple[dict[str, Scalar], str | None]:
    """Return the row that a bookmark keeps, and its text where it is no JSON object.

    The names of columns stay as they are: they are what a query calls them.
    """
    if written is None:
        return {}, None
    try:
        row = as_document(json.loads(written))
    except (ValueError, RecursionError):
        row = None
    if row is None:
        return {}, cut(written, CELL_CHARS)
    cells = {key: _cell(value) for key, value in row.items() if key != "__entityMapping"}
    if len(cells) <= MAX_VALUES:
        return cells, None
    return {**dict(list(cells.items())[:MAX_VALUES]), "…": f"{len(cells)} columns in all"}, None


def _cell(value: object) -> Scalar:
    match value:
        case str():
            return cut(value, CELL_CHARS)
        case None | bool() | int() | float():
            return value
        case _:
            return cut(json.dumps(value, ensure_ascii=False), CELL_CHARS)

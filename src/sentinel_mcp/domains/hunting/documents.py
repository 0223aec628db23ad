"""Reads Azure's documents of saved searches, and of the templates they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentinel_mcp.domains.documents import (
    Document,
    Scalar,
    cut,
    flattened,
    inner,
    inners,
    name,
    shortened,
    text,
    texts,
    uncapitalised,
)
from sentinel_mcp.domains.hunting.models import (
    HuntingQuery,
    HuntingQueryDetail,
    SavedSearch,
    SavedSearchDetail,
)

HUNTING = "Hunting Queries"
"""The category by which Microsoft Sentinel knows a saved search for a hunting query."""

SHORT_CHARS = 300
QUERY_CHARS = 20_000
SEARCHED_CHARS = 100_000
"""Of a text that an answer shows the beginning of, and that is searched whole."""

_TOLD_TAGS = frozenset({"description", "tactics", "techniques"})
_TOLD_SEARCH = frozenset(
    {
        "category",
        "displayName",
        "query",
        "functionAlias",
        "functionParameters",
        "tags",
        "version",
    }
)


def saved_search(document: Document) -> dict[str, Any]:
    """Return a saved search with its keys spelt as the API documents them.

    Some answers of the service capitalise them (`DisplayName`), and a document that is written
    back must not carry both spellings. Any: the document is otherwise as it came.
    """
    properties = uncapitalised(inner(document, "properties"))
    if "tags" in properties:
        properties["tags"] = [uncapitalised(each) for each in inners(properties, "tags")]
    return {**document, "name": name(document), "properties": properties}


def is_hunting(document: Document) -> bool:
    """Whether a saved search is a hunting query."""
    category = text(inner(document, "properties"), "category") or ""
    return category.strip().casefold() == HUNTING.casefold()


def tags(properties: Document) -> dict[str, str]:
    """Return the tags of a saved search by name; of equal names the last counts."""
    return {
        key: text(each, "value") or ""
        for each in inners(properties, "tags")
        if (key := text(each, "name", 100))
    }


def whole_description(document: Document) -> str:
    """Return what a saved search or a template says of itself, for a search in it."""
    properties = inner(document, "properties")
    said = tags(properties).get("description") or text(properties, "description", SEARCHED_CHARS)
    return said or ""


def whole_text(document: Document) -> str:
    """Return the KQL of a saved search, or of the one that a template would deploy."""
    stored = inner(document, "properties") if is_hunting(document) else template_search(document)
    return text(stored, "query", SEARCHED_CHARS) or ""


def read_search(document: Document) -> SavedSearch:
    """Return a saved search for a list."""
    return SavedSearch(**_search_fields(document))


def read_search_detail(document: Document, workspace: str) -> SavedSearchDetail:
    """Return a saved search with its text."""
    properties = inner(document, "properties")
    return SavedSearchDetail(
        **_search_fields(document),
        workspace=workspace,
        query=text(properties, "query", QUERY_CHARS),
        version=text(properties, "version"),
        tags=_flat_tags(tags(properties)),
        other=flattened(properties, without=_TOLD_SEARCH),
        etag=text(document, "etag"),
    )


def read_query(document: Document) -> HuntingQuery:
    """Return a saved search as a hunting query for a list."""
    return HuntingQuery(**_query_fields(document))


def read_query_detail(document: Document, workspace: str) -> HuntingQueryDetail:
    """Return a saved search as a hunting query with its text."""
    properties = inner(document, "properties")
    told = tags(properties)
    return HuntingQueryDetail(
        **{**_query_fields(document), "description": text(told, "description")},
        **_text_fields(properties),
        workspace=workspace,
        version=text(properties, "version"),
        created_by=text(told, "createdBy", 200),
        tags=_flat_tags(told, without=frozenset({*_TOLD_TAGS, "createdBy"})),
        etag=text(document, "etag"),
    )


def read_template(document: Document) -> HuntingQuery:
    """Return a content template of a hunting query for a list."""
    return HuntingQuery(**_template_fields(document))


def read_template_detail(document: Document, workspace: str) -> HuntingQueryDetail:
    """Return a content template of a hunting query with the text that is within it."""
    held = template_search(document)
    told = tags(held)
    listed = _template_fields(document)
    return HuntingQueryDetail(
        **{
            **listed,
            "description": text(told, "description") or listed["description"],
            "tactics": _split(told.get("tactics")) or listed["tactics"],
            "techniques": _split(told.get("techniques")) or listed["techniques"],
        },
        **_text_fields(held),
        workspace=workspace,
        version=text(inner(document, "properties"), "version"),
        tags=_flat_tags(told, without=_TOLD_TAGS),
        etag=text(document, "etag"),
    )


def template_search(document: Document) -> Document:
    """Return the properties of the saved search that a template would deploy."""
    main = inner(inner(document, "properties"), "mainTemplate")
    for resource in inners(main, "resources"):
        kind = (text(resource, "type") or "").casefold()
        if kind.rpartition("/")[2] == "savedsearches":
            return inner(saved_search(resource), "properties")
    return {}


def _search_fields(document: Document) -> dict[str, Any]:
    # The fields of `SavedSearch` by name; pydantic checks them where they are used.
    properties = inner(document, "properties")
    description = tags(properties).get("description")
    return {
        "id": name(document),
        "title": text(properties, "displayName", SHORT_CHARS) or name(document),
        "category": (text(properties, "category", 200) or "").strip() or None,
        "alias": text(properties, "functionAlias", 200),
        "parameters": text(properties, "functionParameters", 1_000),
        "description": cut(description, SHORT_CHARS) if description else None,
    }


def _query_fields(document: Document) -> dict[str, Any]:
    # The fields of `HuntingQuery` by name, as above.
    properties = inner(document, "properties")
    told = tags(properties)
    return {
        "id": name(document),
        "title": text(properties, "displayName", SHORT_CHARS) or name(document),
        "source": "workspace",
        "tactics": _split(told.get("tactics")),
        "techniques": _split(told.get("techniques")),
        "description": text(told, "description", SHORT_CHARS),
    }


def _template_fields(document: Document) -> dict[str, Any]:
    # The fields of `HuntingQuery` by name, as above.
    properties = inner(document, "properties")
    source = inner(properties, "source")
    return {
        "id": name(document),
        "title": text(properties, "displayName", SHORT_CHARS) or name(document),
        "source": "content_hub",
        "tactics": texts(properties, "threatAnalysisTactics"),
        "techniques": texts(properties, "threatAnalysisTechniques"),
        "description": text(properties, "description", SHORT_CHARS),
        "solution": text(properties, "packageName", 200) or text(source, "name", 200),
    }


def _text_fields(properties: Document) -> dict[str, Any]:
    # Fields of `HuntingQueryDetail` by name, as above.
    return {
        "query": text(properties, "query", QUERY_CHARS),
        "parameters": text(properties, "functionParameters", 1_000),
        "alias": text(properties, "functionAlias", 200),
    }


def _flat_tags(
    told: Mapping[str, str], *, without: frozenset[str] = _TOLD_TAGS
) -> dict[str, Scalar]:
    return flattened(told, without=without)


def _split(joined: str | None) -> list[str]:
    """Return the parts of a tag that holds several, joined by commas."""
    return shortened([part for each in (joined or "").split(",") if (part := each.strip())])

"""What Microsoft Graph's lists have in common: selecting, filtering, searching, counting, paging.

Graph compares text without case, so names and texts are folded before a filter sees them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import quote, urlencode
from uuid import uuid4

from starlette.requests import Request

from sentinel_mcp.local.services.faults import Body, Fault
from sentinel_mcp.local.services.odata import Properties, parse_filter

ROOT = "/v1.0/"
ORIGIN = "https://graph.microsoft.com"

_CLAUSE = re.compile(r'\s*"(?P<field>\w+):(?P<text>(?:[^"\\]|\\.)*)"\s*')
_STARTS_WORD = frozenset({"displayName", "description"})
"""Searched word by word; of other fields the beginning counts."""

_ADVANCED = re.compile(r"\bne\b|\bnot\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class GraphQuery:
    """What a list or a document is asked for, in Graph's query string."""

    filter: str | None
    search: str | None
    orderby: str | None
    select: tuple[str, ...]
    expand: tuple[str, ...]
    top: int
    skip: int
    counts: bool

    @classmethod
    def of(cls, request: Request, *, default_top: int, max_top: int) -> GraphQuery:
        """Read the query string; what needs eventual consistency is refused without it."""
        given = {name.lower(): value for name, value in request.query_params.items()}
        counts = given.get("$count", "").lower() == "true"
        return cls(
            filter=given.get("$filter") or None,
            search=given.get("$search") or None,
            orderby=given.get("$orderby") or None,
            select=_names(given.get("$select")),
            expand=_names(given.get("$expand")),
            top=_whole("$top", given.get("$top"), default_top, max_top, least=1),
            skip=_skip(given),
            counts=counts,
        )

    def selecting(self, names: tuple[str, ...]) -> GraphQuery:
        """Return the same query for these fields."""
        return replace(self, select=names)


def require_eventual(request: Request, query: GraphQuery) -> None:
    """Refuse what the directory answers with eventual consistency only."""
    advanced = query.counts or query.search or (query.filter and _ADVANCED.search(query.filter))
    if advanced and request.headers.get("consistencylevel", "").lower() != "eventual":
        raise Fault(
            400,
            "Request_UnsupportedQuery",
            "Request with $search, $count or this $filter needs the header ConsistencyLevel: "
            "eventual, and $count=true.",
        )


@dataclass(frozen=True, slots=True)
class GraphList:
    """One page, where the next begins, and how many there are in all."""

    documents: list[Body]
    following: int | None
    total: int


def page_of(
    documents: Sequence[Body],
    query: GraphQuery,
    properties: Properties,
    *,
    searched: Collection[str] = (),
) -> GraphList:
    """Filter, search, order and cut documents as the query says; select what it names."""
    kept = list(documents)
    if query.filter:
        holds = parse_filter(
            _folded_text(query.filter),
            {name.lower(): kind for name, kind in properties.items()},
        )
        kept = [each for each in kept if holds(_folded(each))]
    if query.search:
        found = _searching(query.search, searched)
        kept = [each for each in kept if found(each)]
    if query.orderby:
        kept = _ordered(kept, query.orderby, properties)
    shown = kept[query.skip : query.skip + query.top]
    following = query.skip + len(shown)
    return GraphList(
        [selected(each, query.select) for each in shown],
        following if shown and following < len(kept) else None,
        len(kept),
    )


def listing(
    request: Request, page: GraphList, query: GraphQuery, *, by_number: bool = False
) -> Body:
    """Return a page as Graph sends it; security lists continue by number, others by token."""
    body: Body = {"@odata.context": f"{ORIGIN}{ROOT}$metadata#{request.url.path.split('/')[2]}"}
    if query.counts:
        body["@odata.count"] = page.total
    if page.following is not None:
        own = ("$skip", str(page.following)) if by_number else ("$skiptoken", _token(page))
        kept = [
            (name, value)
            for name, value in request.query_params.multi_items()
            if name.lower() not in ("$skip", "$skiptoken")
        ]
        body["@odata.nextLink"] = (
            f"{ORIGIN}{quote(request.url.path)}?"
            f"{urlencode([*kept, own], safe='$', quote_via=quote)}"
        )
    return {**body, "value": page.documents}


def selected(document: Body, names: Sequence[str]) -> Body:
    """Return the fields that are asked for, the type of the document and its id."""
    if not names:
        return document
    wanted = {"id", "@odata.type", *names}
    return {name: value for name, value in document.items() if name in wanted}


def error_body(fault: Fault, request: Request, now: datetime) -> Body:
    """Return a refusal as Graph words it: with a date and ids within."""
    own = str(uuid4())
    inner: Body = {
        **(fault.inner or {}),
        "date": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": own,
        "client-request-id": request.headers.get("client-request-id", own),
    }
    return {"error": {"code": fault.code, "message": fault.message, "innerError": inner}}


def no_such(name: str) -> Fault:
    """Graph's answer for an object that the directory does not have."""
    return Fault(
        404,
        "Request_ResourceNotFound",
        f"Resource '{name}' does not exist or one of its queried reference-property objects are "
        "not present.",
    )


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip()) if text else ()


def _whole(name: str, text: str | None, default: int, most: int, *, least: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not least <= int(text[:9]) <= most:
        raise Fault(400, "BadRequest", f"{name} must be a whole number from {least} to {most}.")
    return int(text)


def _skip(given: Mapping[str, str]) -> int:
    if (token := given.get("$skiptoken")) is None:
        return _whole("$skip", given.get("$skip"), 0, 999_999_999, least=0)
    try:
        padded = token + "=" * (-len(token) % 4)
        return int(base64.urlsafe_b64decode(padded.encode("ascii")).decode("ascii"))
    except (binascii.Error, ValueError) as error:
        raise Fault(400, "Directory_ExpiredPageToken", "The page token is not valid.") from error


def _token(page: GraphList) -> str:
    return base64.urlsafe_b64encode(str(page.following).encode()).decode().rstrip("=")


def _folded_text(text: str) -> str:
    # The letters of a time stay: what reads it wants them large.
    return re.sub(
        r"\d{4}-\d\d-\d\dt[\d:.]+(?:z|[+-]\d\d:\d\d)", lambda found: found[0].upper(), text.lower()
    )


def _folded(value: Any) -> Any:
    # Any: JSON.
    match value:
        case dict():
            pairs = cast("Body", value).items()
            return {name.lower(): _folded(each) for name, each in pairs}
        case list():
            return [_folded(each) for each in cast("list[Any]", value)]
        case str():
            return value if _is_time(value) else value.lower()
        case _:
            return value


def _is_time(text: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", text))


def _searching(text: str, searched: Collection[str]) -> Callable[[Body], bool]:
    clauses: list[tuple[str, str]] = []
    for part in re.split(r"\s+OR\s+(?=\")", text):
        found = _CLAUSE.fullmatch(part)
        if found is None or found["field"] not in searched:
            raise Fault(400, "BadRequest", "Syntax error: the $search clause is not valid.")
        clauses.append((found["field"], re.sub(r"\\(.)", r"\1", found["text"]).casefold()))
    return lambda document: any(_matches(document, *each) for each in clauses)


def _matches(document: Body, field: str, text: str) -> bool:
    value = str(document.get(field) or "").casefold()
    if field not in _STARTS_WORD:
        return value.startswith(text)
    words = re.split(r"\W+", value)
    return all(any(each.startswith(part) for each in words) for part in text.split())


def _ordered(documents: list[Body], orderby: str, properties: Properties) -> list[Body]:
    name, _, direction = orderby.strip().partition(" ")
    if properties.get(name) not in ("string", "time") or direction not in ("", "asc", "desc"):
        raise Fault(400, "BadRequest", f"The $orderby clause {orderby!r} is not valid.")
    return sorted(
        documents,
        key=lambda each: str(each.get(name) or "").casefold(),
        reverse=direction == "desc",
    )

"""Where a list of incidents goes on: pages of one workspace, and of several merged into one.

Azure's pages are not ours. An answer ends where its limit or its size says, which may be in the
middle of Azure's page, and a merged page takes from each workspace as many as are next in order.
So a place is Azure's token of a page and how many of its incidents are done with.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sentinel_mcp.domains.documents import Document
from sentinel_mcp.domains.incidents.documents import read_incident
from sentinel_mcp.domains.incidents.filters import IncidentFilter
from sentinel_mcp.domains.incidents.fitting import fitted
from sentinel_mcp.domains.incidents.models import Incident
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.errors import InputError

SCANNED_PAGES = 5
SCANNED_PAGE_SIZE = 200
"""Where incidents are filtered here, one answer looks at no more than 5 pages of 200."""

MAX_SKIP = 1_000
"""More than any page of Azure holds."""


@dataclass(frozen=True, slots=True)
class Place:
    """In the page that `token` names (None: the first), after `skip` of its incidents."""

    page_size: int
    token: str | None = None
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """Incidents, each with the place before it; `end`, None at the last page, is after them all."""

    incidents: tuple[tuple[Place, Incident], ...]
    end: Place | None
    examined: int


FetchPage = Callable[[Place], Awaitable[tuple[Sequence[Document], str | None]]]
"""One call to Azure: the documents of the page at a place, and the next page's token."""


def first_place(wanted: IncidentFilter, limit: int) -> Place:
    """Return the place to begin at."""
    return Place(SCANNED_PAGE_SIZE if wanted.filtered_here else limit)


async def read_page(
    fetch: FetchPage,
    wanted: IncidentFilter,
    place: Place,
    *,
    workspace: str,
    limit: int,
    max_bytes: int,
) -> Page:
    """Return the incidents after `place` that pass: at most `limit`, and `max_bytes` of JSON."""
    kept: list[tuple[Place, Incident]] = []
    size = examined = 0
    pages = SCANNED_PAGES if wanted.filtered_here else 1
    for _ in range(pages):
        documents, following = await fetch(place)
        for index in range(place.skip, len(documents)):
            here = Place(place.page_size, place.token, index)
            if not wanted.keeps(documents[index]):
                examined += 1
                continue
            incident = fitted(read_incident(documents[index], workspace), max_bytes)
            size += size_bytes(incident)
            if len(kept) == limit or (kept and size > max_bytes):
                return Page(tuple(kept), here, examined)
            examined += 1
            kept.append((here, incident))
        if following is None:
            return Page(tuple(kept), None, examined)
        place = Place(place.page_size, following)
        if len(kept) == limit:
            break
    return Page(tuple(kept), place, examined)


@dataclass(frozen=True, slots=True)
class Merged:
    """Incidents of several workspaces in one order, and where each workspace goes on."""

    incidents: list[Incident]
    places: dict[str, Place]
    counts: dict[str, int]


def merge(
    pages: Mapping[str, Page], wanted: IncidentFilter, *, limit: int, max_bytes: int
) -> Merged:
    """Return the first incidents of all pages together; what is left over comes next time."""
    modified = wanted.order_by.startswith("modified")

    def when(item: tuple[Incident, str]) -> datetime:
        time = item[0].modified if modified else item[0].created
        return time or datetime.min.replace(tzinfo=UTC)

    # A merge keeps each workspace's own order, so that what is taken of it is always its beginning.
    together = heapq.merge(
        *([(incident, name) for _, incident in page.incidents] for name, page in pages.items()),
        key=when,
        reverse=wanted.order_by.endswith("_desc"),
    )
    taken: list[Incident] = []
    counts = dict.fromkeys(pages, 0)
    size = 0
    for incident, name in together:
        size += size_bytes(incident)
        if len(taken) == limit or (taken and size > max_bytes):
            break
        taken.append(incident)
        counts[name] += 1
    places = {name: _after(page, counts[name]) for name, page in pages.items()}
    return Merged(taken, {name: at for name, at in places.items() if at is not None}, counts)


def _after(page: Page, count: int) -> Place | None:
    return page.incidents[count][0] if count < len(page.incidents) else page.end


def write_places(places: Mapping[str, Place]) -> str:
    """Return the places, by workspace, as the text that a cursor carries."""
    return json.dumps({name: [at.page_size, at.token, at.skip] for name, at in places.items()})


def read_places(written: str) -> dict[str, Place]:
    """Return the places that a cursor carries.

    Raises:
        InputError: the cursor was tampered with.

    """
    try:
        return {name: _read_place(*fields) for name, fields in json.loads(written).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(
            "The cursor cannot be read.", hint="Take `skip_token` of the previous page as it is."
        ) from error


def _read_place(page_size: object, token: object, skip: object) -> Place:
    # A cursor is the caller's: only what this module can have written is taken.
    if (
        isinstance(page_size, int)
        and isinstance(skip, int)
        and isinstance(token, str | None)
        and 1 <= page_size <= SCANNED_PAGE_SIZE
        and 0 <= skip <= MAX_SKIP
    ):
        return Place(page_size, token, skip)
    raise ValueError("not a place")

"""Incidents of the configured workspaces: lists page by page, and single ones as a dossier."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sentinel_mcp.azure.failures import translated
from sentinel_mcp.azure.paging import decode_cursor, encode_cursor, first_page
from sentinel_mcp.domains.calls import READER, AzureCalls, Failure
from sentinel_mcp.domains.documents import Document
from sentinel_mcp.domains.incidents.alerts import Alerts
from sentinel_mcp.domains.incidents.attachments import Attachments
from sentinel_mcp.domains.incidents.closing import TIME_BYTES, with_closing_times
from sentinel_mcp.domains.incidents.counting import ON_FIRST_PAGE, IncidentCounts, Total
from sentinel_mcp.domains.incidents.dossier import Dossiers
from sentinel_mcp.domains.incidents.figures import Figures
from sentinel_mcp.domains.incidents.filters import IncidentFilter
from sentinel_mcp.domains.incidents.models import (
    IncidentDossier,
    SectionName,
    SecurityIncidentListing,
    WorkspaceOutcome,
)
from sentinel_mcp.domains.incidents.paging import (
    Page,
    Place,
    first_place,
    merge,
    read_page,
    read_places,
    write_places,
)
from sentinel_mcp.domains.incidents.playbooks import Playbooks
from sentinel_mcp.domains.incidents.writing import IncidentChanges
from sentinel_mcp.domains.shared.identification import Identification
from sentinel_mcp.domains.shared.schemas import Schemas
from sentinel_mcp.errors import InputError, SentinelError
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import Lane, Progress, TaskManager

if TYPE_CHECKING:
    from sentinel_mcp.azure.workspaces import Workspaces

ALL_WORKSPACES = "*"


class Incidents:
    """Lists incidents, and holds what does the rest of the area's work."""

    def __init__(
        self,
        workspaces: Workspaces,
        tasks: TaskManager,
        settings: Settings,
        *,
        schemas: Schemas | None = None,
    ) -> None:
        """`schemas` are shared with the other areas; without them, they are read for this one."""
        self._workspaces = workspaces
        self._tasks = tasks
        self._deadline_s = settings.management_timeout_s
        self._max_bytes = settings.max_answer_bytes
        self._calls = calls = AzureCalls(workspaces, tasks, settings)
        self.alerts = Alerts(calls, Identification(calls, schemas or Schemas(calls)))
        self.figures = Figures(calls)
        self.changes = IncidentChanges(calls)
        self.attachments = Attachments(calls)
        self.playbooks = Playbooks(calls)
        self._dossiers = Dossiers(calls)

    async def page(
        self, wanted: IncidentFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> SecurityIncidentListing:
        """Return one page, of one workspace or, for `*`, of all of them merged.

        One workspace's failure is raised; among several it is told beside the others' incidents.
        """
        _ = wanted.as_filter()  # what cannot be sent is refused once, not for each workspace
        call = {"tool": "list_incidents", "workspace": workspace or "", **wanted.as_call()}
        places = self._begin(workspace, wanted, limit)
        if cursor is not None:
            places = self._continue(places, read_places(decode_cursor(call, cursor)))
        counted = places if cursor is None else ()
        # Closing times come last; half an answer holds a page in any case.
        max_bytes = max(self._max_bytes - limit * TIME_BYTES, self._max_bytes // 2)
        async with IncidentCounts(self._calls, wanted, counted) as counts:
            if workspace == ALL_WORKSPACES:
                found = await self._pages(places, wanted, limit)
            else:
                found = {
                    name: await self._page(name, at, wanted, limit) for name, at in places.items()
                }
            pages = {name: page for name, page in found.items() if isinstance(page, Page)}
            merged = merge(pages, wanted, limit=limit, max_bytes=max_bytes)
            incidents, unknown = await with_closing_times(self._calls, merged.incidents)
            total = await _total(counts, found, merged.counts) if cursor is None else ON_FIRST_PAGE
        more = merged.places
        return SecurityIncidentListing(
            incidents=incidents,
            total_count=total.count,
            total_count_source=total.source,
            total_count_note=total.note,
            skip_token=encode_cursor(call, write_places(more)) if more else None,
            workspaces=[
                _outcome(name, outcome, merged.counts.get(name, 0), more=name in more)
                for name, outcome in found.items()
            ],
            warnings=[*_warnings(wanted, pages, failed=len(found) - len(pages)), *unknown],
        )

    async def dossier(
        self, incident: int | str, *, include: Sequence[SectionName], workspace: str | None
    ) -> IncidentDossier:
        """Return one incident with its sections; a section that fails says so and the rest comes.

        Raises:
            NotFound: there is no such incident in the workspace.

        """
        return await self._dossiers.read(incident, include=include, workspace=workspace)

    def _begin(self, workspace: str | None, wanted: IncidentFilter, limit: int) -> dict[str, Place]:
        names = self._workspaces.names
        asked = names if workspace == ALL_WORKSPACES else (workspace or names[0],)
        return dict.fromkeys(asked, first_place(wanted, limit))

    def _continue(self, asked: Mapping[str, Place], places: dict[str, Place]) -> dict[str, Place]:
        if not places or not places.keys() <= asked.keys():
            raise InputError(
                "The cursor is of workspaces that are not configured.",
                hint="Begin again without `cursor`.",
            )
        return places

    async def _pages(
        self, places: Mapping[str, Place], wanted: IncidentFilter, limit: int
    ) -> dict[str, Page | SentinelError]:
        async def attempt(name: str, at: Place) -> Page | SentinelError:
            try:
                return await self._page(name, at, wanted, limit)
            except SentinelError as error:
                return error

        found = await asyncio.gather(*(attempt(name, at) for name, at in places.items()))
        return dict(zip(places, found, strict=True))

    async def _page(self, name: str, at: Place, wanted: IncidentFilter, limit: int) -> Page:
        context = await self._workspaces.get(name)
        clause = wanted.as_filter()

        async def fetch(place: Place) -> tuple[Sequence[Document], str | None]:
            with translated(f"list incidents of workspace {name!r}", role=READER):
                return await first_page(
                    context.security_insights_client.incidents.list(
                        context.resource_group,
                        context.workspace_name,
                        filter=clause,
                        orderby=wanted.orderby,
                        top=place.page_size,
                        skip_token=place.token,
                    )
                )

        async def work(_: Progress) -> Page:
            return await read_page(
                fetch, wanted, at, workspace=name, limit=limit, max_bytes=self._max_bytes
            )

        return await self._tasks.run(
            f"list_incidents in {name}", work, lane=Lane.MANAGEMENT, deadline_s=self._deadline_s
        )


async def _total(
    counts: IncidentCounts,
    found: Mapping[str, Page | SentinelError],
    shown: Mapping[str, int],
) -> Total:
    """Return the total of the first page; a workspace that did not answer leaves it unknown."""
    failed = [name for name, each in found.items() if isinstance(each, SentinelError)]
    if failed:
        return Total(None, None, f"Not counted: no answer of workspace {', '.join(failed)}.")
    whole_lists = {
        name: len(each.incidents)
        for name, each in found.items()
        if isinstance(each, Page) and each.end is None
    }
    return await counts.total(whole_lists, shown)


def _outcome(
    name: str, outcome: Page | SentinelError, count: int, *, more: bool
) -> WorkspaceOutcome:
    if isinstance(outcome, Page):
        return WorkspaceOutcome(workspace=name, count=count, more=more)
    return WorkspaceOutcome(workspace=name, count=0, error=Failure.of(outcome))


def _warnings(wanted: IncidentFilter, pages: Mapping[str, Page], *, failed: int) -> list[str]:
    told: list[str] = []
    if failed:
        told.append(
            f"{failed} of {failed + len(pages)} workspaces did not answer; `workspaces` says why. "
            "`skip_token` goes on without them."
        )
    if wanted.filtered_here:
        examined = sum(page.examined for page in pages.values())
        told.append(
            f"Filtered here, not by Azure: {', '.join(wanted.filtered_here)}. Incidents looked at "
            f"for this page: {examined}. While there is a `skip_token`, there is more to look at."
        )
    return told

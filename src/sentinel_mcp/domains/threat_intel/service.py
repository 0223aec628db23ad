"""Threat intelligence: STIX indicators and where they are seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from sentinel_mcp.azure import odata
from sentinel_mcp.azure.paging import decode_cursor, encode_cursor
from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.changes import ChangeReport, Manner
from sentinel_mcp.domains.documents import Document, inners
from sentinel_mcp.domains.shared.identification import Identification
from sentinel_mcp.domains.shared.schemas import Schemas
from sentinel_mcp.domains.shared.value_search import ValueSearch
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.domains.threat_intel.asking import ask_page
from sentinel_mcp.domains.threat_intel.documents import read_detail, read_indicator, read_metrics
from sentinel_mcp.domains.threat_intel.drafts import Draft
from sentinel_mcp.domains.threat_intel.filters import IndicatorFilter
from sentinel_mcp.domains.threat_intel.matching import Matching
from sentinel_mcp.domains.threat_intel.models import (
    Indicator,
    IndicatorDetail,
    IndicatorListing,
    IndicatorMetrics,
    MatchReport,
    TagMode,
)
from sentinel_mcp.domains.threat_intel.writing import IndicatorWrites
from sentinel_mcp.errors import InputError, NotFound
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import TaskManager

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext
    from sentinel_mcp.azure.workspaces import Workspaces

PAGE_SIZE = 100
"""Indicators that Azure sends at once, where they are sifted here; its own default as well."""

MAX_PAGES = 10
"""Of Azure's, read for one page of ours: a search that finds little ends after 1,000."""


@dataclass(slots=True)
class _Scan:
    """A page of ours while it is filled from pages of Azure's.

    `token` is Azure's of the page that is read, `skip` how many of it were dealt with before.
    """

    limit: int
    max_bytes: int
    token: str | None = None
    skip: int = 0
    pages: int = 0
    seen: int = 0
    found: list[Indicator] = field(default_factory=list[Indicator])
    size: int = 0
    ended: bool = False

    @classmethod
    def starting(cls, position: str | None, limit: int, max_bytes: int) -> _Scan:
        """Begin, or go on where a page before ended."""
        if position is None:
            return cls(limit, max_bytes)
        try:
            token, skip = json.loads(position)
        except (ValueError, TypeError, RecursionError) as error:
            raise _unreadable() from error
        if not (token is None or isinstance(token, str)) or type(skip) is not int or skip < 0:
            raise _unreadable()
        return cls(limit, max_bytes, token, skip)

    @property
    def position(self) -> str:
        """Where the next page begins."""
        return json.dumps([self.token, self.skip])

    def take(self, indicator: Indicator) -> bool:
        """Take an indicator, if there is room for it."""
        size = size_bytes(indicator)
        if len(self.found) == self.limit or (self.found and self.size + size > self.max_bytes):
            return False
        self.found.append(indicator)
        self.size += size
        return True


class Intelligence:
    """Reads and changes them, through the calls that all areas share."""

    def __init__(
        self,
        workspaces: Workspaces,
        tasks: TaskManager,
        settings: Settings,
        *,
        schemas: Schemas | None = None,
    ) -> None:
        """`schemas` are shared with the other areas; without them, they are read for this one."""
        self._azure = AzureCalls(workspaces, tasks, settings)
        schemas = schemas or Schemas(self._azure)
        self._matching = Matching(
            self._azure,
            Identification(self._azure, schemas),
            ValueSearch(self._azure, schemas),
        )
        self._writes = IndicatorWrites(self._azure, self._azure.now)

    async def search(
        self, wanted: IndicatorFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> IndicatorListing:
        """Return one page of the indicators that pass, at most `limit`."""
        wanted.check()
        context = await self._azure.open(workspace)
        call = {
            "tool": "search_indicators",
            "workspace": context.config.name,
            "filter": asdict(wanted),
        }
        position = decode_cursor(call, cursor) if cursor else None
        scan = _Scan.starting(position, limit, self._azure.max_answer_bytes)
        await self._fill(context, wanted, scan)
        known = scan.ended and position is None
        return IndicatorListing(
            workspace=context.config.name,
            indicators=scan.found,
            total_count=len(scan.found) if known else None,
            next_cursor=None if scan.ended else encode_cursor(call, scan.position),
            notices=_notices(wanted, scan),
        )

    async def get(self, indicator: str, *, workspace: str | None) -> IndicatorDetail:
        """Return one indicator.

        Raises:
            NotFound: there is none of that name.

        """
        context = await self._azure.open(workspace)
        resource = odata.resource_name(indicator)
        document = await self._azure.read_if_there(
            "read an indicator",
            lambda: context.security_insights_client.threat_intelligence_indicator.get(
                context.resource_group, context.workspace_name, resource
            ),
        )
        if document is None:
            raise NotFound(
                f"There is no indicator {indicator!r} in workspace {context.config.name!r}.",
                hint="Take `name` of an indicator from `search_indicators`. "
                "A new one can be missing for some minutes.",
            )
        return read_detail(document, context.config.name, self._azure.now())

    async def metrics(self, *, workspace: str | None) -> IndicatorMetrics:
        """Return how many indicators there are, by source and kind."""
        context = await self._azure.open(workspace)
        client = context.security_insights_client.threat_intelligence_indicator_metrics
        found = await self._azure.read(
            "read the metrics of indicators",
            lambda: client.list(context.resource_group, context.workspace_name),
        )
        return read_metrics(inners(found, "value"), context.config.name)

    async def match(
        self, values: Sequence[str], *, days: int, search_logs: bool, workspace: str | None
    ) -> MatchReport:
        """Return which of the values indicators hold, and where logs have them."""
        context = await self._azure.open(workspace)
        return await self._matching.report(
            context, values, now=self._azure.now(), days=days, search_logs=search_logs
        )

    async def create(self, draft: Draft, manner: Manner, *, workspace: str | None) -> ChangeReport:
        """Create an indicator; the same one again is "unchanged"."""
        return await self._writes.create(await self._azure.open(workspace), draft, manner)

    async def delete(
        self, indicator: str, manner: Manner, *, workspace: str | None
    ) -> ChangeReport:
        """Delete an indicator."""
        return await self._writes.delete(await self._azure.open(workspace), indicator, manner)

    async def tag(
        self,
        indicator: str,
        tags: Sequence[str],
        mode: TagMode,
        manner: Manner,
        *,
        workspace: str | None,
    ) -> ChangeReport:
        """Add tags to an indicator, or set them in place of those there are."""
        context = await self._azure.open(workspace)
        return await self._writes.tag(context, indicator, tags, mode, manner)

    async def _fill(
        self, context: AzureServicesContext, wanted: IndicatorFilter, scan: _Scan
    ) -> None:
        """Read page after page until ours is full, Azure has no more, or enough were read."""
        page_size = PAGE_SIZE if wanted.local else min(scan.limit, PAGE_SIZE)
        while not scan.ended and scan.pages < MAX_PAGES:
            documents, following = await self._page(context, wanted, page_size, scan.token)
            scan.pages += 1
            if not self._sift(documents, wanted, scan):
                return
            scan.skip = max(0, scan.skip - len(documents))
            # A token that stays the same would lead here again and again.
            scan.ended = following is None or following == scan.token
            scan.token = following
            if len(scan.found) == scan.limit:
                return

    def _sift(self, documents: list[Document], wanted: IndicatorFilter, scan: _Scan) -> bool:
        """Take what passes; return whether the page was gone through to its end."""
        now = self._azure.now()
        for index, document in enumerate(documents[scan.skip :], start=scan.skip):
            if wanted.keeps(document, now) and not scan.take(read_indicator(document, now)):
                scan.skip = index
                return False
            scan.seen += 1
        return True

    async def _page(
        self, context: AzureServicesContext, wanted: IndicatorFilter, size: int, token: str | None
    ) -> tuple[list[Document], str | None]:
        criteria = {**wanted.criteria, "pageSize": size}
        if token is not None:
            criteria["skipToken"] = token
        return await ask_page(self._azure, context, "search the indicators", criteria)


def _notices(wanted: IndicatorFilter, scan: _Scan) -> list[str]:
    notices: list[str] = []
    if wanted.local:
        names = " and ".join(f"`{each}`" for each in wanted.local)
        notices.append(
            f"{names}: Azure cannot filter by this exactly. Looked through here, of what it sent: "
            f"{scan.seen}."
        )
    if not scan.ended and len(scan.found) < scan.limit:
        notices.append("There is more to look through: go on with `next_cursor`.")
    return notices


def _unreadable() -> InputError:
    return InputError(
        "The cursor cannot be read.", hint="Take `next_cursor` of the previous page as it is."
    )

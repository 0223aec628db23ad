"""Workbooks of the workspaces: resources of Azure Monitor, of which no SDK client of ours knows."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from sentinel_mcp.domains.calls import MAX_DOCUMENTS, AzureCalls
from sentinel_mcp.domains.content.models import Workbook, WorkbookListing
from sentinel_mcp.domains.content.summaries import SEARCHED_CHARS
from sentinel_mcp.domains.documents import Document, flattened, inner, inners, name, text, time
from sentinel_mcp.domains.pages import PageRequest, page_of

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

READER = "Microsoft Sentinel Reader or Workbook Reader"

_API_VERSION = "2023-06-01"
_MAX_PAGES = 20


class Workbooks:
    """Reads workbooks."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure

    async def page(
        self, wanted: str | None, *, limit: int, cursor: str | None, workspace: str | None
    ) -> WorkbookListing:
        """Return one page, in order of title."""
        context = await self._azure.open(workspace)
        call = {"tool": "list_workbooks", "workspace": context.config.name, "text": wanted}
        found, complete = await self._azure.call(
            "list the workbooks", lambda: _read(context), role=READER
        )
        kept = sorted(
            (_workbook(each) for each in found if _is_about(each, wanted)),
            key=lambda each: (each.title.casefold(), each.name),
        )
        page = page_of(kept, PageRequest(call, limit, cursor, self._azure.max_answer_bytes))
        return WorkbookListing(
            workspace=context.config.name,
            workbooks=page.items,
            total_count=len(kept),
            next_cursor=page.next_cursor,
            warnings=[] if complete else [f"Only the first {len(found)} workbooks were read."],
        )


async def _read(context: AzureServicesContext) -> tuple[list[Document], bool]:
    """Return the workbooks, and whether these are all.

    Of a link only the token is taken, never the address.
    """
    # Loaded late: it brings the SDK's request classes.
    from sentinel_mcp.azure import arm

    path = (
        f"/subscriptions/{context.subscription_id}/resourceGroups/{context.resource_group}"
        "/providers/Microsoft.Insights/workbooks"
    )
    asked = {
        "category": "sentinel",
        "sourceId": arm.workspace_path(context),
        "canFetchContent": "false",
    }
    found: list[Document] = []
    more: dict[str, str] = {}
    for _ in range(_MAX_PAGES):
        page = await arm.send(
            context, "GET", path, api_version=_API_VERSION, params={**asked, **more}
        )
        found += inners(page, "value")
        more = _continuation(text(page, "nextLink", 16_000))
        if not more:
            return found, True
        if len(found) >= MAX_DOCUMENTS:
            break
    return found, False


def _continuation(link: str | None) -> dict[str, str]:
    query = dict(parse_qsl(urlsplit(link).query.replace("+", "%2B"))) if link else {}
    return {key: value for key, value in query.items() if key.casefold() == "$skiptoken"}


def _workbook(document: Document) -> Workbook:
    properties = inner(document, "properties")
    return Workbook(
        name=name(document),
        title=text(properties, "displayName", 200) or name(document),
        description=text(properties, "description", 500),
        kind=text(document, "kind"),
        modified=time(properties, "timeModified"),
        user_id=text(properties, "userId", 200),
        tags=flattened(inner(document, "tags"), max_chars=100),
    )


def _is_about(document: Document, wanted: str | None) -> bool:
    properties = inner(document, "properties")
    texts = (text(properties, key, SEARCHED_CHARS) for key in ("displayName", "description"))
    told = "\n".join(filter(None, (name(document), *texts)))
    return wanted is None or wanted.casefold() in told.casefold()

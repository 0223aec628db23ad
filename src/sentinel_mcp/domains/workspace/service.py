"""The workspaces there are: the configured ones as they are set up, and all that can be seen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sentinel_mcp.azure.odata import path_segment
from sentinel_mcp.domains.calls import AzureCalls, Failure
from sentinel_mcp.domains.documents import Document, as_document, inners, text
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.domains.workspace.documents import describe, read_detail, read_visible
from sentinel_mcp.domains.workspace.metrics import WorkspaceMetrics
from sentinel_mcp.domains.workspace.models import (
    MissingPart,
    UnreadSubscription,
    VisibleWorkspace,
    WorkspaceDetail,
    WorkspaceListing,
)
from sentinel_mcp.domains.workspace.rights.service import Permissions
from sentinel_mcp.domains.workspace.setup.service import Setups
from sentinel_mcp.domains.workspace.usage.service import UsageReports
from sentinel_mcp.errors import AzureError, NotFound, SentinelError
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import TaskManager

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext
    from sentinel_mcp.azure.workspaces import Workspaces

ROLE = "Microsoft Sentinel Reader or Log Analytics Reader"
"""The least roles that read a workspace's resource."""

MAX_SUBSCRIPTIONS = 100
MAX_UNREAD = 20
"""Subscriptions whose failure is told one by one."""
MAX_PAGES = 50
"""Pages of one list of Azure's that are followed."""

_LINK_CHARS = 20_000
_SUBSCRIPTIONS = "/subscriptions?api-version=2022-12-01"
_WORKSPACES = (
    "/subscriptions/{}/providers/Microsoft.OperationalInsights/workspaces?api-version=2025-07-01"
)


@dataclass(frozen=True, slots=True)
class _Subscription:
    """A subscription, and a context whose identity can see it."""

    id: str
    name: str | None
    tenant_id: str | None
    delegated: bool
    context: AzureServicesContext


class WorkspaceDirectory:
    """Describes workspaces; what else is told of one has a reader of its own."""

    def __init__(self, workspaces: Workspaces, tasks: TaskManager, settings: Settings) -> None:
        self._calls = calls = AzureCalls(workspaces, tasks, settings)
        self.permissions = Permissions(calls, writes_allowed=settings.allow_writes)
        self.usage = UsageReports(calls)
        self.setups = Setups(calls)
        self.metrics = WorkspaceMetrics(calls, calls.now)

    async def get(self, workspace: str | None) -> WorkspaceDetail:
        """Return a configured workspace as it is set up; a part that cannot be read says so."""
        context = await self._calls.open(workspace)
        place = context.resource_group, context.workspace_name
        resources, states = (
            context.loganalytics_client.workspaces,
            context.security_insights_client.sentinel_onboarding_states,
        )
        document, onboarding, tables = await asyncio.gather(
            self._calls.attempt(
                self._calls.read("read the workspace", lambda: resources.get(*place), role=ROLE)
            ),
            self._calls.attempt(
                self._calls.read(
                    "read the onboarding state", lambda: states.get(*place, "default"), role=ROLE
                )
            ),
            self._calls.attempt(
                self._calls.call("count the tables", lambda: _count_tables(context), role=ROLE)
            ),
        )
        if isinstance(document, SentinelError):
            raise document
        missing: list[MissingPart] = []
        onboarded: bool | None = True
        if isinstance(onboarding, NotFound):
            onboarded = False
        elif isinstance(onboarding, SentinelError):
            onboarded = None
            missing.append(MissingPart(part="onboarding", error=Failure.of(onboarding)))
        if isinstance(tables, SentinelError):
            missing.append(MissingPart(part="tables", error=Failure.of(tables)))
        return read_detail(
            document,
            context,
            onboarding=None if isinstance(onboarding, SentinelError) else onboarding,
            onboarded=onboarded,
            tables_count=None if isinstance(tables, SentinelError) else tables,
            missing=missing,
        )

    async def page(self, *, limit: int, cursor: str | None) -> WorkspaceListing:
        """Return the configured workspaces and one page of those that the identity can see.

        A subscription that cannot be read is told; the others still come.
        """
        contexts = [await self._calls.open(each) for each in self._calls.names]
        subscriptions, unread = await self._subscriptions(contexts)
        asked = subscriptions[:MAX_SUBSCRIPTIONS]
        answers = await asyncio.gather(*(self._of(each) for each in asked))
        visible = [each for answer in answers if isinstance(answer, list) for each in answer]
        unread += [each for each in answers if isinstance(each, UnreadSubscription)]
        names = {each.config.resource_id.casefold(): each.config.name for each in contexts}
        visible = sorted((_named(each, names) for each in visible), key=_place)
        call = {"tool": "list_workspaces"}
        page = page_of(visible, PageRequest(call, limit, cursor, self._calls.max_answer_bytes))
        left_out, untold = len(subscriptions) - len(asked), len(unread) - MAX_UNREAD
        return WorkspaceListing(
            configured=[
                describe(each, is_default=index == 0) for index, each in enumerate(contexts)
            ],
            visible=page.items,
            visible_count=len(visible),
            subscriptions_count=len(subscriptions),
            next_cursor=page.next_cursor,
            unread=unread[:MAX_UNREAD],
            warnings=[
                *([f"{left_out} more subscriptions were not looked into."] if left_out else []),
                *([f"{untold} more subscriptions could not be read."] if untold > 0 else []),
            ],
        )

    async def _subscriptions(
        self, contexts: Sequence[AzureServicesContext]
    ) -> tuple[list[_Subscription], list[UnreadSubscription]]:
        # One question per tenant: a token shows the subscriptions of its own tenant, and those
        # that Lighthouse delegates to it.
        asked = list({each.config.tenant_id: each for each in reversed(contexts)}.values())
        answers = await asyncio.gather(
            *(
                self._calls.attempt(
                    self._calls.call(
                        "list the subscriptions",
                        lambda at=each: _all(at, _SUBSCRIPTIONS),
                        role=ROLE,
                    )
                )
                for each in asked
            )
        )
        found: dict[str, _Subscription] = {}
        unread: list[UnreadSubscription] = []
        for context, answer in zip(asked, answers, strict=True):
            if isinstance(answer, SentinelError):
                unread.append(UnreadSubscription(subscription_id=None, error=Failure.of(answer)))
                continue
            for each in answer:
                if identifier := text(each, "subscriptionId"):
                    found[identifier.casefold()] = _Subscription(
                        identifier,
                        text(each, "displayName"),
                        text(each, "tenantId"),
                        bool(inners(each, "managedByTenants")),
                        context,
                    )
        return list(found.values()), unread

    async def _of(self, subscription: _Subscription) -> list[VisibleWorkspace] | UnreadSubscription:
        url = _WORKSPACES.format(path_segment(subscription.id))
        answer = await self._calls.attempt(
            self._calls.call(
                "list the workspaces of a subscription",
                lambda: _all(subscription.context, url),
                role=ROLE,
            )
        )
        if isinstance(answer, SentinelError):
            return UnreadSubscription(
                subscription_id=subscription.id,
                subscription=subscription.name,
                error=Failure.of(answer),
            )
        return [
            read_visible(
                each,
                subscription_id=subscription.id,
                subscription=subscription.name,
                tenant_id=subscription.tenant_id,
                delegated=subscription.delegated,
            )
            for each in answer
        ]


async def _count_tables(context: AzureServicesContext) -> int:
    count = 0
    tables = context.loganalytics_client.tables.list_by_workspace(
        context.resource_group, context.workspace_name
    )
    async for _ in tables:
        count += 1
    return count


async def _all(context: AzureServicesContext, url: str) -> list[Document]:
    """Return a whole list that no SDK client has a method for."""
    from azure.core.rest import HttpRequest

    found: list[Document] = []
    for _ in range(MAX_PAGES):
        # A link to the next page is a whole address; the pipeline sends no token to another host.
        response = await context.loganalytics_client.send_request(HttpRequest("GET", url))
        response.raise_for_status()
        page = as_document(response.json()) or {}
        found += inners(page, "value")
        following = text(page, "nextLink", _LINK_CHARS)
        if following is None:
            return found
        url = following
    raise AzureError(
        f"The list has more than {MAX_PAGES} pages.", hint="Configure the workspaces by name."
    )


def _named(workspace: VisibleWorkspace, names: dict[str, str]) -> VisibleWorkspace:
    resource_id = (
        f"/subscriptions/{workspace.subscription_id}/resourceGroups/{workspace.resource_group}"
        f"/providers/Microsoft.OperationalInsights/workspaces/{workspace.workspace_name}"
    )
    return workspace.model_copy(update={"workspace": names.get(resource_id.casefold())})


def _place(workspace: VisibleWorkspace) -> tuple[bool, str, str]:
    return (
        workspace.workspace is None,
        workspace.workspace_name.casefold(),
        workspace.subscription_id,
    )

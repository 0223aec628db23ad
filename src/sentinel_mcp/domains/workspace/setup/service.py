"""Reads how Sentinel is set up: repositories, origins of content, anomaly rules, features."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from sentinel_mcp.azure import odata
from sentinel_mcp.azure.paging import decode_cursor, encode_cursor
from sentinel_mcp.domains.calls import AzureCalls, Failure
from sentinel_mcp.domains.documents import Document, as_document, flag, inner
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.domains.workspace.setup.documents import (
    read_anomaly,
    read_anomaly_detail,
    read_features,
    read_metadata,
    read_metadata_detail,
    read_source_control,
    read_source_control_detail,
)
from sentinel_mcp.domains.workspace.setup.models import (
    AnomalySettingDetail,
    AnomalySettingListing,
    MetadataDetail,
    MetadataListing,
    MissingSetting,
    Onboarding,
    SentinelSettings,
    SourceControlDetail,
    SourceControlListing,
)
from sentinel_mcp.errors import InputError, NotFound, SentinelError, Unavailable

if TYPE_CHECKING:
    from azure.core.async_paging import AsyncItemPaged, AsyncPageIterator

    from sentinel_mcp.azure.context import AzureServicesContext

_OFFSET_DIGITS = 7


class Setups:
    """Reads what is set up in a workspace; none of it is changed here."""

    def __init__(self, calls: AzureCalls) -> None:
        self._calls = calls

    async def source_controls(
        self, *, limit: int, cursor: str | None, workspace: str | None
    ) -> SourceControlListing:
        """Return one page of the repositories, in order of title."""
        context = await self._calls.open(workspace)
        place = context.resource_group, context.workspace_name
        client = context.security_insights_client
        found = await self._calls.read_all(
            "list the source controls", lambda: client.source_controls.list(*place)
        )
        items = sorted(
            map(read_source_control, found),
            key=lambda each: ((each.title or "").casefold(), each.name),
        )
        page = page_of(items, self._request("list_source_controls", context, limit, cursor))
        return SourceControlListing(
            workspace=context.config.name,
            source_controls=page.items,
            total_count=len(items),
            next_cursor=page.next_cursor,
        )

    async def source_control(self, name: str, *, workspace: str | None) -> SourceControlDetail:
        """Return one repository."""
        context = await self._calls.open(workspace)
        path = context.resource_group, context.workspace_name, odata.resource_name(name)
        client = context.security_insights_client
        found = await self._found(
            "read the source control",
            lambda: client.source_controls.get(*path),
            missing=(name, "list_source_controls"),
        )
        return read_source_control_detail(found, context.config.name)

    async def metadata_page(
        self, *, kind: str | None, limit: int, cursor: str | None, workspace: str | None
    ) -> MetadataListing:
        """Return one page of the metadata; Azure filters it, and pages it by offset."""
        context = await self._calls.open(workspace)
        call = {"tool": "list_metadata", "workspace": context.config.name, "kind": kind}
        start = 0 if cursor is None else _offset(decode_cursor(call, cursor))
        wanted = None if kind is None else odata.eq("properties/kind", kind)
        client = context.security_insights_client
        found, more = await self._calls.call(
            "list the metadata",
            lambda: _part(
                client.metadata.list(
                    context.resource_group,
                    context.workspace_name,
                    filter=wanted,
                    top=limit,
                    skip=start or None,
                )
            ),
        )
        # One that does not fit is the first of the next page.
        shown = page_of(
            [read_metadata(each) for each in found[:limit]],
            PageRequest(call, limit, None, self._calls.max_answer_bytes),
        ).items
        more = more or len(shown) < len(found)
        following = start + len(shown)
        return MetadataListing(
            workspace=context.config.name,
            metadata=shown,
            next_cursor=encode_cursor(call, str(following)) if more and shown else None,
        )

    async def metadata(self, name: str, *, workspace: str | None) -> MetadataDetail:
        """Return the metadata of one piece of content."""
        context = await self._calls.open(workspace)
        path = context.resource_group, context.workspace_name, odata.resource_name(name)
        client = context.security_insights_client
        found = await self._found(
            "read the metadata",
            lambda: client.metadata.get(*path),
            missing=(name, "list_metadata"),
        )
        return read_metadata_detail(found, context.config.name)

    async def anomaly_settings(
        self, *, enabled: bool | None, limit: int, cursor: str | None, workspace: str | None
    ) -> AnomalySettingListing:
        """Return one page of the anomaly rules, in order of title."""
        context = await self._calls.open(workspace)
        place = context.resource_group, context.workspace_name
        client = context.security_insights_client
        found = await self._calls.read_all(
            "list the anomaly settings",
            lambda: client.security_ml_analytics_settings.list(*place),
        )
        items = sorted(
            (each for each in map(read_anomaly, found) if enabled in (None, each.enabled)),
            key=lambda each: ((each.title or "").casefold(), each.name),
        )
        request = self._request(
            "list_anomaly_settings", context, limit, cursor, {"enabled": enabled}
        )
        page = page_of(items, request)
        return AnomalySettingListing(
            workspace=context.config.name,
            anomaly_settings=page.items,
            total_count=len(items),
            next_cursor=page.next_cursor,
        )

    async def anomaly_setting(self, name: str, *, workspace: str | None) -> AnomalySettingDetail:
        """Return one anomaly rule with what is set in it."""
        context = await self._calls.open(workspace)
        path = context.resource_group, context.workspace_name, odata.resource_name(name)
        client = context.security_insights_client
        found = await self._found(
            "read the anomaly setting",
            lambda: client.security_ml_analytics_settings.get(*path),
            missing=(name, "list_anomaly_settings"),
        )
        return read_anomaly_detail(found, context.config.name)

    async def settings(self, workspace: str | None) -> SentinelSettings:
        """Return whether Sentinel and its features are on, each part for itself.

        When neither part can be read, it raises.
        """
        context = await self._calls.open(workspace)
        place = context.resource_group, context.workspace_name
        released = context.security_insights_client.sentinel_onboarding_states
        preview = context.security_insights_preview_client.product_settings
        onboarding, features = await asyncio.gather(
            self._calls.attempt(
                self._calls.read_if_there(
                    "read the onboarding state", lambda: released.get(*place, "default")
                )
            ),
            self._calls.attempt(
                self._calls.read_all("list the settings", lambda: preview.list(*place))
            ),
        )
        if isinstance(onboarding, SentinelError) and isinstance(features, SentinelError):
            raise onboarding
        parts = {"onboarding": onboarding, "features": features}
        return SentinelSettings(
            workspace=context.config.name,
            onboarding=None if isinstance(onboarding, SentinelError) else _onboarding(onboarding),
            features=[] if isinstance(features, SentinelError) else read_features(features),
            missing=[
                MissingSetting(part=part, error=Failure.of(each))
                for part, each in parts.items()
                if isinstance(each, SentinelError)
            ],
        )

    def _request(
        self,
        tool: str,
        context: AzureServicesContext,
        limit: int,
        cursor: str | None,
        filters: Mapping[str, object] | None = None,
    ) -> PageRequest:
        call = {"tool": tool, "workspace": context.config.name, **(filters or {})}
        return PageRequest(call, limit, cursor, self._calls.max_answer_bytes)

    async def _found(
        self,
        operation: str,
        fetch: Callable[[], Awaitable[Any]],  # Any: a model of the SDK, taken as its dict
        *,
        missing: tuple[str, str],
    ) -> Document:
        found = await self._calls.read_if_there(operation, fetch)
        if found is None:
            name, tool = missing
            raise NotFound(f"There is no {name!r} to read.", hint=f"Take `name` from `{tool}`.")
        return found


async def _part(pager: AsyncItemPaged[Any]) -> tuple[list[Document], bool]:
    """Return the first page of a list that is paged by offset, and whether there is more."""
    # by_page is declared as a plain iterator of pages; what it returns has the link, too.
    pages = cast("AsyncPageIterator[Any]", pager.by_page())
    try:
        page = await anext(pages, None)
    except TypeError as error:  # the SDK takes it for granted that what is there is a list
        raise Unavailable(
            "Azure's answer to list the metadata cannot be read.", hint="Try again in a moment."
        ) from error
    if page is None:
        return [], False
    return [_plain(each) async for each in page], bool(pages.continuation_token)


def _plain(item: Any) -> Document:  # Any: a model of the SDK, or what it could make none of
    """Return an item as it came; one that is no object is an empty one, and keeps its place."""
    return item.as_dict() if hasattr(item, "as_dict") else as_document(item) or {}


def _offset(token: str) -> int:
    if not (token.isascii() and token.isdigit() and len(token) <= _OFFSET_DIGITS):
        raise InputError(
            "The cursor cannot be read.", hint="Take `next_cursor` of the previous page as it is."
        )
    return int(token)


def _onboarding(document: Document | None) -> Onboarding:
    if document is None:
        return Onboarding(onboarded=False)
    key = flag(inner(document, "properties"), "customerManagedKey")
    return Onboarding(onboarded=True, customer_managed_key=key)

"""One page of the indicators that meet Azure's criteria."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.documents import Document

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

Body = Any
"""JSON that goes into an SDK method as it is. Any: the SDK declares its closed typed forms."""


async def ask_page(
    azure: AzureCalls, context: AzureServicesContext, operation: str, criteria: Body
) -> tuple[list[Document], str | None]:
    """Return the page that `criteria` asks for, and the `skipToken` of the criteria of the next.

    The SDK's pager would read the next one by a GET, which this operation does not have; so each
    page is asked for by a POST of its own.
    """
    client = context.security_insights_client.threat_intelligence_indicator
    documents, following = await azure.read_page(
        operation,
        lambda: client.query_indicators(context.resource_group, context.workspace_name, criteria),
    )
    return list(documents), following

"""Resource Manager's operations that no SDK client of ours has, through the same pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from azure.core.rest import HttpRequest

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

Body = dict[str, Any]
"""A JSON object as on the wire."""


async def send(
    context: AzureServicesContext,
    method: str,
    path: str,
    *,
    api_version: str,
    params: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
) -> Body:
    """Send a request and return the JSON object of the answer; an empty one where there is none.

    A caller's text gets into `path` only through `odata.path_segment`. Raises what the SDK
    clients raise, for `failures.translated`.
    """
    query = urlencode({"api-version": api_version, **(params or {})}, safe="$,'()", quote_via=quote)
    request = HttpRequest(method, f"{path}?{query}", json=dict(body) if body is not None else None)
    client = context.security_insights_client
    response = await client.send_request(request)  # relative: the client puts its endpoint before
    response.raise_for_status()
    return response.json() if response.content else {}


def workspace_path(context: AzureServicesContext) -> str:
    """Return the path of the workspace, as Resource Manager has it."""
    return (
        f"/subscriptions/{context.subscription_id}/resourceGroups/{context.resource_group}"
        f"/providers/Microsoft.OperationalInsights/workspaces/{context.workspace_name}"
    )


def sentinel_path(context: AzureServicesContext) -> str:
    """Return the path under which the workspace's Microsoft Sentinel resources are."""
    return f"{workspace_path(context)}/providers/Microsoft.SecurityInsights"

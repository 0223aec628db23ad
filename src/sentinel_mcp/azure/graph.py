"""Microsoft Graph: single documents and pages of lists, through the pipeline of all clients.

    {"value": […], "@odata.count": 120, "@odata.nextLink": "https://…?$skiptoken=…"}

Of a link to the next page only the token is taken; the rest of the request is ours again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from sentinel_mcp.azure.failures import refused, translated
from sentinel_mcp.azure.odata import literal
from sentinel_mcp.errors import AzureError, InputError, SentinelError, Unavailable

if TYPE_CHECKING:
    from azure.core.rest import AsyncHttpResponse

    from sentinel_mcp.azure.context import AzureServicesContext

VERSION = "/v1.0"

Body = dict[str, Any]
"""A JSON object as on the wire. Any: each value is looked at before it is used."""

_PREMIUM = ("NonPremium", "PremiumLicense")
_PREFIXES = {"$skiptoken": "t", "$skip": "s"}
"""Directories continue a list by a token, security lists by a number; a cursor holds either."""


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """What is asked, and the application permission that allows it.

    `operation` completes the sentence "Azure refused to …". An `eventual` request may count and
    search. A caller's text gets into `path` only through `odata.path_segment`.
    """

    operation: str
    permission: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    eventual: bool = False
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class GraphPage:
    """A page of a list; `total` where it was counted, `token` where there is more."""

    items: list[Body]
    token: str | None
    total: int | None


async def read(context: AzureServicesContext, request: GraphRequest) -> Body:
    """Return a document.

    Raises:
        AccessDenied: the permission is missing; the hint says how it is granted.
        NotFound: there is no such document.

    """
    with translated(request.operation, role=request.permission, grant=grant(request.permission)):
        response = await _send(context, request)
        if response.status_code >= 300:
            raise refusal(request, response)
        return _object(response)


async def read_page(
    context: AzureServicesContext, request: GraphRequest, *, token: str | None = None
) -> GraphPage:
    """Return a page of a list; `token` is that of the page before.

    Raises:
        AccessDenied: the permission is missing; the hint says how it is granted.
        InputError: the token is none of ours.

    """
    params = {**request.params, **(_following(token) if token else {})}
    asked = GraphRequest(
        request.operation,
        request.permission,
        request.path,
        params,
        request.eventual,
        request.body,
    )
    document = await read(context, asked)
    values = document.get("value")
    # A JSON list holds anything; what is no object is left out.
    found = cast("list[object]", values) if isinstance(values, list) else []
    count = document.get("@odata.count")
    return GraphPage(
        items=[cast("Body", each) for each in found if isinstance(each, dict)],
        token=_token(document.get("@odata.nextLink")),
        total=count if type(count) is int else None,
    )


def search(text: str, fields: Sequence[str]) -> str:
    """Return a `$search` for the text in any of the fields.

    Raises:
        InputError: the text has control characters or is not valid Unicode.

    """
    literal(text)  # raises for what cannot be sent
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return " OR ".join(f'"{each}:{escaped}"' for each in fields)


def grant(permission: str) -> str:
    """Return how an application permission is granted."""
    return (
        f"Grant the application permission `{permission}` of Microsoft Graph to the server's "
        "identity, with admin consent; for a signed-in user, the delegated one of that name."
    )


def refusal(request: GraphRequest, response: AsyncHttpResponse) -> SentinelError:
    """Return the error for an answer that is not a success; its body was read."""
    try:
        body: object = response.json()
    except ValueError:
        body = None  # as a rule the page of a proxy; the status says enough
    how = grant(request.permission)
    if any(each in str(body) for each in _PREMIUM):
        how = "This needs a Microsoft Entra ID P1 or P2 licence in the tenant."
    return refused(
        response.status_code,
        response.headers,
        body,
        operation=request.operation,
        role=request.permission,
        grant=how,
    )


def url_of(context: AzureServicesContext, request: GraphRequest) -> str:
    """Return the URL of a request, at this cloud's Graph."""
    query = urlencode(dict(request.params), safe="$,'()/:", quote_via=quote)
    path = f"{VERSION}/{request.path}"
    return (
        f"{context.cloud.graph.origin}{path}?{query}"
        if query
        else context.cloud.graph.origin + path
    )


async def _send(context: AzureServicesContext, request: GraphRequest) -> AsyncHttpResponse:
    from azure.core.rest import HttpRequest

    body = None if request.body is None else dict(request.body)
    method = "GET" if body is None else "POST"
    sent = HttpRequest(method, url_of(context, request), json=body)
    # Without it, values that are newer than Graph's first schema come as unknownFutureValue.
    sent.headers["Prefer"] = "include-unknown-enum-members"
    if request.eventual:
        sent.headers["ConsistencyLevel"] = "eventual"
    return await context.graph_client.send_request(sent)


def _object(response: AsyncHttpResponse) -> Body:
    if not response.content:
        return {}
    found: object = response.json()
    if not isinstance(found, dict):
        raise Unavailable(
            "Microsoft Graph's answer is not what it answers with.",
            hint="Something between here and Graph may have answered instead. Try again.",
        )
    return cast("Body", found)


def _token(link: object) -> str | None:
    if not isinstance(link, str) or not link:
        return None
    stated = urlsplit(link).query.replace("+", "%2B")
    query = {name.lower(): value for name, value in parse_qsl(stated)}
    for name, prefix in _PREFIXES.items():
        if value := query.get(name):
            return prefix + value
    raise AzureError(
        "Microsoft Graph answered with one page of a list and no token for the next one.",
        hint="Narrow the list down, so that it fits one page.",
    )


def _following(token: str) -> dict[str, str]:
    for name, prefix in _PREFIXES.items():
        stated = token[1:]
        if token.startswith(prefix) and (
            name != "$skip" or (stated.isascii() and stated.isdigit())
        ):
            return {name: stated}
    raise InputError(
        "The cursor cannot be read.", hint="Take `next_cursor` of the previous page as it is."
    )

"""The pipeline that every request to Azure goes through, and the guards in it.

    request id · user agent · HostGuard · ReadOnlyGuard · BoundedRetry · NoticeReader · FreshToken
    · RequestLog

The SDK's own list is not used: it registers resource providers on its own account (a write
hidden in a read), follows redirects, runs a timed-out query four times and waits as long as a
server asks it to.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    AsyncHTTPPolicy,
    RequestIdPolicy,
    SansIOHTTPPolicy,
    UserAgentPolicy,
)
from azure.core.rest import AsyncHttpResponse, HttpRequest

from sentinel_mcp.azure.clouds import Endpoint
from sentinel_mcp.azure.context import ServiceNotices
from sentinel_mcp.azure.notices import NoticeReader
from sentinel_mcp.azure.reads import only_reads
from sentinel_mcp.azure.retry import BoundedRetry
from sentinel_mcp.errors import AzureError, ReadOnly

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

logger = logging.getLogger(__name__)

Request: TypeAlias = PipelineRequest[HttpRequest]
Response: TypeAlias = PipelineResponse[HttpRequest, AsyncHttpResponse]
# The SDK's policies are generic in request and response, and its list mixes two kinds of them.
Policies: TypeAlias = list[AsyncHTTPPolicy[Any, Any] | SansIOHTTPPolicy[Any, Any]]

# A server may take a POST with one of these for another method.
_OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")


def policies(
    credential: AsyncTokenCredential,
    endpoint: Endpoint,
    *,
    read_only: bool,
    max_retry_after_s: float,
    sleep: Callable[[float], Awaitable[None]],
    notices: ServiceNotices,
) -> Policies:
    """Return the whole policy list of a client of `endpoint`, in the order of sending."""
    return [
        RequestIdPolicy(),
        UserAgentPolicy(user_agent="ms-sentinel-mcp"),
        HostGuard(endpoint),
        *([ReadOnlyGuard()] if read_only else []),
        BoundedRetry(max_retry_after_s=max_retry_after_s, sleep=sleep),
        NoticeReader(notices),
        FreshToken(credential, endpoint.scope),
        RequestLog(),
    ]


class HostGuard(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Refuses every address but the client's own endpoint, before a token is asked for.

    Continuation links come from answers and are whole URLs; followed blindly they carry the
    bearer token to whatever host they name.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self._host = urlsplit(endpoint.origin).netloc

    def on_request(self, request: Request) -> None:
        """Let the request pass when its origin is the endpoint's, letter for letter."""
        url = request.http_request.url
        if _netloc(url) not in (self._host, f"{self._host}:443"):
            # Not an azure-core error: those the retry policy may repeat.
            raise AzureError(
                f"A request was to go to another address than https://{self._host}; "
                "nothing was sent.",
                hint="If Azure's own answer led there, check that SENTINEL_CLOUD is right.",
            )


def _netloc(url: str) -> str | None:
    # Characters that URL parsers disagree on have no place in an address that gets a token.
    if any(character <= " " or character in "\\\x7f" for character in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme == "https" else None


class ReadOnlyGuard(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Refuses every request that could change something, whoever made it."""

    def on_request(self, request: Request) -> None:
        """Let the request pass when it is on the closed list of those that only read."""
        sent = request.http_request
        disguised = any(name in sent.headers for name in _OVERRIDES)
        if disguised or not only_reads(sent.method, sent.url):
            raise ReadOnly(
                f"{sent.method} {_template(sent.url)} would change something, and this server "
                "is read-only; nothing was sent.",
                hint="Writes are turned on by SENTINEL_ALLOW_WRITES=true.",
            )


class FreshToken(AsyncBearerTokenCredentialPolicy[HttpRequest, AsyncHttpResponse]):
    """Adds the bearer token and, after a 401, tries once more with a new one.

    The base class answers claims challenges and forgets a refused token, but hands the 401 of
    that first refusal to the caller.
    """

    async def send(self, request: Request) -> Response:
        """Send with a token; a 401 stands when the credential has no other token to offer."""
        response = await super().send(request)
        if response.http_response.status_code != 401:
            return response
        refused = request.http_request.headers.get("Authorization")
        async with AsyncExitStack() as stack:
            stack.push_async_callback(response.http_response.close)
            await self.on_request(request)
            if request.http_request.headers.get("Authorization") == refused:
                stack.pop_all()
                return response
        return await super().send(request)


class RequestLog(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Logs each attempt by method, host, kind of path, status and duration.

    Never bodies, headers, query strings or names: log rows, tokens and filters are in those.
    """

    async def send(self, request: Request) -> Response:
        """Send, and log how it went."""
        sent = request.http_request
        where = f"{sent.method} {urlsplit(sent.url).hostname}{_template(sent.url)}"
        identity = sent.headers.get("x-ms-client-request-id", "-")
        begun = time.monotonic()
        # Set when this is a second try, made while the first one's error is being handled.
        handled = sys.exception()
        outcome = "no answer"
        try:
            response = await self.next.send(request)
            outcome = str(response.http_response.status_code)
        finally:
            if (error := sys.exception()) is not handled:
                outcome = type(error).__name__
            elapsed_ms = (time.monotonic() - begun) * 1000
            logger.info("%s -> %s in %.0f ms (request %s)", where, outcome, elapsed_ms, identity)
        return response


_WORDS = frozenset(
    """
    actions alertRuleTemplates alertRules alerts alerts_v2 appendTags automationRules bookmarks
    comments contentPackages contentProductPackages contentTemplates createIndicator
    dataConnectorDefinitions dataConnectors directoryObjects enrichment entities getByIds
    getTimeline groups hunts identityProtection incidents indicators kql lake listGeodataByIp
    listWhoisByDomain main manager members metadata metricDefinitions metrics metrics:getBatch
    Microsoft.Authorization Microsoft.Insights Microsoft.OperationalInsights
    Microsoft.SecurityInsights onboardingStates owners permissions providers query
    queryIndicators recommendations relations replaceTags resourceGroups rest riskyUsers
    roleAssignments roleDefinitions runHuntingQuery runPlaybook savedSearches security
    securityMLAnalyticsSettings settings sourcecontrols subscriptions summaryLogs tables tasks
    threatIntelligence transitiveMemberOf users v1 v1.0 v2 watchlistItems watchlists workbooks
    workspaces
    """.casefold().split()
)
"""Azure's own words in the paths that are sent, which a logged path spells out.

Names, ids and whatever callers type become `{}`. A test compares the list with what all tools send.
"""


def _template(url: str) -> str:
    segments = urlsplit(url).path.split("/")
    return "/".join(each if not each or each.casefold() in _WORDS else "{}" for each in segments)

"""Azure as a script: answers by method and path, for the real services over the real clients."""

from __future__ import annotations

import contextlib
import json
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
    MutableMapping,
    Sequence,
)
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ServiceRequestError
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.core.utils import case_insensitive_dict
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport
from tests.connecting import connect

from sentinel_mcp.azure.workspaces import Workspaces
from sentinel_mcp.domains.connectors.service import Connectors
from sentinel_mcp.domains.content.service import Content
from sentinel_mcp.domains.defender.service import Defender
from sentinel_mcp.domains.entities.service import Entities
from sentinel_mcp.domains.hunting.service import Hunting
from sentinel_mcp.domains.identity.service import Identities
from sentinel_mcp.domains.incidents.service import Incidents
from sentinel_mcp.domains.lake.service import Lake
from sentinel_mcp.domains.rules.service import Rules
from sentinel_mcp.domains.threat_intel.service import Intelligence
from sentinel_mcp.domains.watchlists.service import Watchlists
from sentinel_mcp.domains.workspace.diagnosis import ConnectionChecks
from sentinel_mcp.domains.workspace.service import WorkspaceDirectory
from sentinel_mcp.settings import Settings, Workspace
from sentinel_mcp.tasks.manager import Lane, TaskManager

_SERVICES = (
    Connectors,
    Content,
    Defender,
    Entities,
    Hunting,
    Identities,
    Incidents,
    Lake,
    Rules,
    Intelligence,
    Watchlists,
    WorkspaceDirectory,
    ConnectionChecks,
)

SAMPLES = Path(__file__).parents[2] / "shared" / "reference" / "azure" / "examples"

WORKSPACE = Workspace(
    name="soc",
    subscription_id="11111111-1111-1111-1111-111111111111",
    resource_group="security",
    workspace_name="soc-logs",
    workspace_id="22222222-2222-2222-2222-222222222222",
)


@dataclass(frozen=True)
class Reply:
    """One answer: its status and its JSON."""

    content: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Responder = Callable[[HttpRequest], Reply | Awaitable[Reply]]
Route = Responder | Reply | Mapping[str, object]


def refusal(status: int, code: str, message: str = "Azure says no.") -> Reply:
    """Answer as Resource Manager does when it does not do what it is asked."""
    return Reply({"error": {"code": code, "message": message}}, status)


def sample(name: str) -> dict[str, Any]:
    """Return the body of an official sample; skip the test where the samples are missing."""
    path = SAMPLES / name
    if not path.exists():
        pytest.skip("the official samples are not beside the repository")
    return json.loads(path.read_text(encoding="utf-8"))["responses"]["200"]["body"]


def another(name: str) -> Workspace:
    """Return a second workspace, in the same resource group."""
    return WORKSPACE.model_copy(
        update={"name": name, "workspace_name": f"{name}-logs", "workspace_id": f"id-of-{name}"}
    )


class ScriptedAzure(AsyncHttpTransport[HttpRequest, AsyncHttpResponse]):
    """Answers a request by the longest route that `METHOD /path` ends with; else with 404.

    The route `*` answers whatever no other does.
    """

    def __init__(self, routes: Mapping[str, Route]) -> None:
        self._routes = dict(routes)
        self.requests: list[HttpRequest] = []

    @property
    def sent(self) -> list[str]:
        """Method and last words of each request's path, in order."""
        return [
            f"{each.method} {urlsplit(each.url).path.partition('/Microsoft.SecurityInsights/')[2]}"
            for each in self.requests
        ]

    def asked(self, index: int = -1) -> dict[str, str]:
        """Return the query parameters of a request."""
        found = parse_qs(urlsplit(self.requests[index].url).query, keep_blank_values=True)
        return {name: values[0] for name, values in found.items()}

    async def send(self, request: HttpRequest, **kwargs: Any) -> AsyncHttpResponse:
        self.requests.append(request)
        asked = f"{request.method} {urlsplit(request.url).path}"
        fitting = [key for key in self._routes if _fits(asked, key)]
        route: Route = refusal(404, "ResourceNotFound", "Not found.")
        if fitting:
            route = self._routes[max(fitting, key=len)]
        if callable(route):
            found = route(request)
            answered = found if isinstance(found, Reply) else await found
        else:
            answered = route if isinstance(route, Reply) else Reply(route)
        return _Answer(request, answered)

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def sleep(self, duration: float) -> None:
        """Let a poller of the SDK ask again at once."""

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


class NoNetwork(ScriptedAzure):
    """Answers nothing: every request fails as it does without a network."""

    def __init__(self) -> None:
        super().__init__({})

    async def send(self, request: HttpRequest, **kwargs: Any) -> AsyncHttpResponse:
        self.requests.append(request)
        raise ServiceRequestError("no route to host")


class Tokens:
    """A credential with one token, or none where there is a `refusal`."""

    def __init__(self, token: str = "opaque", *, refusal: Exception | None = None) -> None:
        self._token = token
        self._refusal = refusal
        self.scopes: list[str] = []

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        self.scopes += scopes
        if self._refusal:
            raise self._refusal
        return AccessToken(self._token, 4_000_000_000)

    async def close(self) -> None: ...

    async def __aenter__(self) -> Tokens:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None: ...


@contextlib.asynccontextmanager
async def served(
    azure: AsyncHttpTransport[HttpRequest, AsyncHttpResponse],
    *,
    configured: Sequence[Workspace] = (WORKSPACE,),
    settings: Settings | None = None,
    tokens: Tokens | None = None,
) -> AsyncGenerator[Client[FastMCPTransport]]:
    """Connect a client to the real services, with `azure` in the place of the network."""
    chosen = settings or Settings()
    credential = tokens or Tokens()
    workspaces = Workspaces(
        chosen,
        configured,
        make_transport=lambda: azure,
        make_credential=lambda: credential,
        read_only=not chosen.allow_writes,
        sleep=_at_once,
    )
    manager = TaskManager({Lane.QUERY: 5, Lane.MANAGEMENT: 10})
    services: dict[type, object] = {kind: kind(workspaces, manager, chosen) for kind in _SERVICES}
    try:
        async with connect(services) as client:
            yield client
    finally:
        await manager.aclose()
        await workspaces.aclose()


def _fits(asked: str, key: str) -> bool:
    if key == "*":
        return True
    method, _, path = key.partition(" ")
    return asked.startswith(f"{method} ") and asked.endswith(f"/{path.lstrip('/')}")


async def _at_once(_: float) -> None:
    """Sleep in no time."""


class _Answer(AsyncHttpResponse):
    """A reply on its way through the SDK's pipeline; its body is there at once."""

    def __init__(self, request: HttpRequest, reply: Reply) -> None:
        self._request = request
        self._reply = reply
        self._content = json.dumps(reply.content).encode()
        self._consumed = False
        self._closed = False

    @property
    def request(self) -> HttpRequest:
        return self._request

    @property
    def url(self) -> str:
        return self._request.url

    @property
    def status_code(self) -> int:
        return self._reply.status

    @property
    def headers(self) -> MutableMapping[str, str]:
        return case_insensitive_dict({"Content-Type": "application/json", **self._reply.headers})

    @property
    def reason(self) -> str:
        return f"status {self._reply.status}"

    @property
    def content_type(self) -> str:
        return "application/json"

    @property
    def is_closed(self) -> bool:
        return self._closed

    @property
    def is_stream_consumed(self) -> bool:
        return self._consumed

    @property
    def encoding(self) -> str | None:
        return "utf-8"

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        raise NotImplementedError

    @property
    def content(self) -> bytes:
        return self._content

    def text(self, encoding: str | None = None) -> str:
        return self._content.decode(encoding or "utf-8")

    def json(self) -> Any:
        return json.loads(self._content)

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise HttpResponseError(response=self)

    async def read(self) -> bytes:
        return self._content

    async def iter_raw(self, **kwargs: Any) -> AsyncIterator[bytes]:
        self._consumed = True
        yield self._content

    async def iter_bytes(self, **kwargs: Any) -> AsyncIterator[bytes]:
        self._consumed = True
        yield self._content

    async def close(self) -> None:
        self._closed = True

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()

"""The embedded workspace as an ASGI application with Azure's URLs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import cast
from uuid import uuid4

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sentinel_mcp.errors import (
    Busy,
    Conflict,
    InputError,
    NotFound,
    SentinelError,
    TimedOut,
    Unavailable,
    UnsupportedLocally,
)
from sentinel_mcp.local import identity
from sentinel_mcp.local.services import graph
from sentinel_mcp.local.services.answers import Handler, Handlers, answer
from sentinel_mcp.local.services.content import routes as content
from sentinel_mcp.local.services.defender import routes as defender
from sentinel_mcp.local.services.directory import routes as directory
from sentinel_mcp.local.services.discussion import routes as discussion
from sentinel_mcp.local.services.discussion.behaviour import Discussion
from sentinel_mcp.local.services.entities import routes as entities
from sentinel_mcp.local.services.faults import UNSUPPORTED, Fault, not_implemented, of_error
from sentinel_mcp.local.services.hunting import routes as hunting
from sentinel_mcp.local.services.incidents import routes as incidents
from sentinel_mcp.local.services.incidents.behaviour import Incidents
from sentinel_mcp.local.services.lake import routes as lake
from sentinel_mcp.local.services.logs import routes as logs
from sentinel_mcp.local.services.logs.behaviour import Queries
from sentinel_mcp.local.services.metrics import routes as metrics
from sentinel_mcp.local.services.metrics.behaviour import Metrics
from sentinel_mcp.local.services.operations import Area, Operation, operations
from sentinel_mcp.local.services.resources import routes as resources
from sentinel_mcp.local.services.rules import routes as rules
from sentinel_mcp.local.services.rules.behaviour import Rules
from sentinel_mcp.local.services.threat_intel import routes as threat_intel
from sentinel_mcp.local.services.watchlists import routes as watchlists
from sentinel_mcp.local.services.workspaces import routes as workspaces
from sentinel_mcp.local.services.workspaces.behaviour import Workspaces
from sentinel_mcp.local.services.writing import Clock
from sentinel_mcp.local.store import Store

_LOGS_ROOT = "/v1/"
_LAKE_ROOT = "/lake/"
MAX_NOTICES = 4
MAX_NOTICE_CHARS = 1_500
"""Clients take headers of 8 KB."""

_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")

# The first that fits counts.
_STATUSES: dict[type[SentinelError], tuple[int, str]] = {
    Conflict: (409, "Conflict"),
    NotFound: (404, "NotFound"),
    InputError: (400, "BadRequest"),
    Busy: (503, "ServiceUnavailable"),
    TimedOut: (504, "GatewayTimeout"),
    Unavailable: (503, "ServiceUnavailable"),
}


def create_app(store: Store, queries: Queries, clock: Clock) -> ASGIApp:
    """Return the application over a store."""
    answered: Mapping[Area, Handlers] = {
        "logs": logs.handlers(queries, store.tables),
        "workspaces": workspaces.handlers(
            Workspaces(store.tables, store.anchor, lambda: store.notices), store.documents
        ),
        "metrics": metrics.handlers(Metrics(store.reading, store.tables, clock)),
        "incidents": incidents.handlers(Incidents(store.documents, clock)),
        "discussion": discussion.handlers(Discussion(store.documents, clock)),
        "rules": rules.handlers(Rules(store.documents, clock, queries.problem)),
        "hunting": hunting.handlers(store.documents, clock),
        "watchlists": watchlists.handlers(store.documents, clock),
        "threat_intel": threat_intel.handlers(store.documents, clock),
        "entities": entities.handlers(store.documents, clock),
        "content": content.handlers(store.documents, clock),
        "resources": resources.handlers(store.documents),
        "directory": directory.handlers(store.documents, clock),
        "defender": defender.handlers(store.documents, queries),
        "lake": lake.handlers(queries),
    }
    routes = [
        _ArmRoute(each, answered[each.area][each.name] if each.area else _refusing(each))
        for each in operations()
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={
            Fault: _on_fault,
            SentinelError: _on_error,
            HTTPException: _on_unknown_path,
            Exception: _on_bug,
        },
    )
    app.state.clock = clock
    app.router.redirect_slashes = False
    return _with_headers(app, store.documents.notices)


class _ArmRoute(Route):
    """The route of an operation; Azure compares paths without case."""

    def __init__(self, operation: Operation, handler: Handler) -> None:
        async def admitted(request: Request) -> Response:
            _admit(request)
            _check_scope(request)
            return await handler(request)

        super().__init__(operation.path, admitted, methods=[operation.method], name=operation.name)
        self.path_regex = re.compile(self.path_regex.pattern, re.IGNORECASE)


def _refusing(operation: Operation) -> Handler:
    async def refuse(request: Request) -> Response:
        raise not_implemented(operation.name, request.method, _api_version(request))

    return refuse


def _api_version(request: Request) -> str:
    return request.query_params.get("api-version", "")


def _admit(request: Request) -> None:
    """Refuse who brings no token, and who asks Resource Manager without a version."""
    path = request.url.path.lower()
    asks_logs = path.startswith(_LOGS_ROOT)
    authorization = request.headers.get("authorization")
    if authorization is None:
        login = f"https://login.microsoftonline.com/{identity.TENANT_ID}"
        raise Fault(
            401,
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
            headers={"www-authenticate": f'Bearer authorization_uri="{login}"'},
        )
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        # Log Analytics says 403 here, where Resource Manager says 401.
        status = 403 if asks_logs else 401
        raise Fault(status, "InvalidAuthenticationToken", "The access token is invalid.")
    if asks_logs or path.startswith((graph.ROOT, _LAKE_ROOT)):
        return
    if not (version := _api_version(request)):
        raise Fault(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if not _API_VERSION.fullmatch(version):
        raise Fault(400, "InvalidApiVersionParameter", f"The api-version {version!r} is invalid.")


def _check_scope(request: Request) -> None:
    """Refuse what is not of the one workspace there is."""
    asked = cast("dict[str, str]", request.path_params)  # Any: Starlette's converters make strings

    def is_other(name: str, own: str) -> bool:
        return name in asked and asked[name].lower() != own.lower()

    if is_other("subscription", identity.SUBSCRIPTION_ID):
        raise Fault(
            404,
            "SubscriptionNotFound",
            f"The subscription {asked['subscription']!r} could not be found.",
        )
    if is_other("resource_group", identity.RESOURCE_GROUP):
        raise Fault(
            404,
            "ResourceGroupNotFound",
            f"Resource group {asked['resource_group']!r} could not be found.",
        )
    if is_other("workspace", identity.WORKSPACE_NAME):
        raise Fault(
            404,
            "ResourceNotFound",
            f"The Resource 'Microsoft.OperationalInsights/workspaces/{asked['workspace']}' under "
            f"resource group {identity.RESOURCE_GROUP!r} was not found.",
        )
    if is_other("workspace_id", identity.WORKSPACE_ID):
        raise Fault(404, "PathNotFoundError", "The requested path does not exist")


async def _on_fault(request: Request, error: Exception) -> Response:
    fault = cast("Fault", error)  # registered for this class alone
    asks_graph = request.url.path.lower().startswith(graph.ROOT)
    body = (
        graph.error_body(fault, request, request.app.state.clock()) if asks_graph else fault.body()
    )
    return answer(body, fault.status, fault.headers)


async def _on_error(request: Request, error: Exception) -> Response:
    """Answer for an error of ours that a behaviour let through."""
    ours = cast("SentinelError", error)  # registered for this class and those under it
    if isinstance(ours, UnsupportedLocally):
        return await _on_fault(request, of_error(ours, UNSUPPORTED))
    status, code = 500, "InternalServerError"
    for kind, told in _STATUSES.items():
        if isinstance(ours, kind):
            status, code = told
            break
    return await _on_fault(request, Fault(status, code, str(ours)))


async def _on_unknown_path(request: Request, error: Exception) -> Response:
    """Refuse a path, or a method of it, that is in no table of operations."""
    try:
        _admit(request)
    except Fault as fault:
        return await _on_fault(request, fault)
    refusal = not_implemented(_named(request.url.path), request.method, _api_version(request))
    return await _on_fault(request, refusal)


async def _on_bug(request: Request, error: Exception) -> Response:
    # Starlette raises the error on after this answer, so that it is logged with its traceback.
    return await _on_fault(
        request, Fault(500, "InternalServerError", "The embedded workspace failed.")
    )


def _named(path: str) -> str:
    """Name a path by its resource type, as Azure's role actions do."""
    _, found, rest = path.rpartition("/providers/")
    if not found:
        return path
    provider, *segments = rest.strip("/").split("/")
    return "/".join([provider, *segments[::2]])


def _with_headers(app: ASGIApp, notices: Callable[[], Sequence[str]]) -> ASGIApp:
    """Give each answer the id that Azure's answers have, and what the user has to be told."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = [(b"x-ms-request-id", str(uuid4()).encode())]
                if told := await run_in_threadpool(_warning, notices):
                    more.append((b"warning", told))
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        await app(scope, receive, sending)

    return answered


def _warning(notices: Callable[[], Sequence[str]]) -> bytes:
    """Return the notices as HTTP's header for what people are to read."""
    try:
        texts = list(notices())
    except SentinelError as error:
        # Of a file that cannot be read, this is what there is to say; the answer itself is sound.
        texts = [str(error)]
    if more := texts[MAX_NOTICES:]:
        texts[MAX_NOTICES:] = [f"{len(more)} more: `sentinel-mcp local status` shows them."]
    return ", ".join(_warning_value(each) for each in texts).encode("ascii", "replace")


def _warning_value(text: str) -> str:
    plain = " ".join(text.split())[:MAX_NOTICE_CHARS]
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'199 sentinel-mcp "{escaped}"'

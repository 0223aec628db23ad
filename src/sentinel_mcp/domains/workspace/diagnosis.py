"""Whether a workspace can be reached, service by service, and as whom."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sentinel_mcp.azure.clouds import CLOUDS
from sentinel_mcp.azure.failures import translated
from sentinel_mcp.azure.logs import LogsRequest, query_logs
from sentinel_mcp.azure.paging import first_page
from sentinel_mcp.domains.documents import Document, as_document, text
from sentinel_mcp.domains.workspace.models import (
    Check,
    ConnectionReport,
    Identity,
    IdentityKind,
    ServiceName,
)
from sentinel_mcp.errors import ConfigError, SentinelError
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import Lane, Progress, TaskManager

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext
    from sentinel_mcp.azure.workspaces import Workspaces

SENTINEL_ROLE = "Microsoft Sentinel Reader"
WORKSPACE_ROLE = "Microsoft Sentinel Reader or Log Analytics Reader"

CHECK_TIMEOUT_S = 20
"""Longer than a token from `az` takes, and than connecting does; shorter than people wait."""

QUEUE_ALLOWANCE_S = 10

OPAQUE = "The token cannot be read; it names nobody to anyone but Azure."
UNNAMED = "The token does not say whether it is a user's or an application's."
_ANSWER_BYTES = 64 * 1024

Probe = Callable[[], Awaitable[object]]


class ConnectionChecks:
    """Tries each service of a workspace; what it answers is a report, whatever fails."""

    def __init__(
        self,
        workspaces: Workspaces,
        tasks: TaskManager,
        settings: Settings,
        *,
        clock_s: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._workspaces = workspaces
        self._tasks = tasks
        self._scope = CLOUDS[settings.cloud].arm.scope
        self._clock_s = clock_s

    async def report(self, workspace: str | None) -> ConnectionReport:
        """Check identity and services at once.

        Raises:
            NotFound: no workspace of that name is configured.

        """
        try:
            context = await self._workspaces.get(workspace)
        except ConfigError as error:
            # Without a credential there is nothing to try the services with.
            name = workspace or self._workspaces.names[0]
            check = _failed("credential", error, None)
            return ConnectionReport(workspace=name, ok=False, identity=None, checks=[check])
        identity: Identity | None = None

        async def sign_in() -> None:
            nonlocal identity
            token = await context.credential.get_token(self._scope)
            identity = read_identity(token.token, token.expires_on)

        checks = await asyncio.gather(
            self._check("credential", "get a token", "Reader", sign_in),
            self._check(
                "resource_manager",
                "read the workspace",
                WORKSPACE_ROLE,
                lambda: context.loganalytics_client.workspaces.get(
                    context.resource_group, context.workspace_name
                ),
            ),
            self._check(
                "log_analytics", "run a query", WORKSPACE_ROLE, lambda: _run_query(context)
            ),
            self._check(
                "sentinel", "list incidents", SENTINEL_ROLE, lambda: _list_incident(context)
            ),
        )
        return ConnectionReport(
            workspace=context.config.name,
            ok=all(each.ok for each in checks),
            identity=identity,
            checks=list(checks),
        )

    async def _check(self, service: ServiceName, operation: str, role: str, probe: Probe) -> Check:
        started_s = self._clock_s()

        async def work(_: Progress) -> None:
            nonlocal started_s
            started_s = self._clock_s()  # the wait for a place is not the service's
            with translated(operation, role=role):
                async with asyncio.timeout(CHECK_TIMEOUT_S):
                    await probe()

        try:
            await self._tasks.run(
                f"check_connection: {service}",
                work,
                lane=Lane.MANAGEMENT,
                deadline_s=CHECK_TIMEOUT_S + QUEUE_ALLOWANCE_S,
            )
        except SentinelError as error:
            return _failed(service, error, self._since(started_s))
        return Check(service=service, ok=True, latency_ms=self._since(started_s))

    def _since(self, started_s: float) -> int:
        return round((self._clock_s() - started_s) * 1000)


def read_identity(token: str, expires_on: int) -> Identity:
    """Return whom a token is for, as far as it says; tokens need not say anything.

    Its signature is not verified: the claims are shown to people, and decide nothing.
    """
    claims = _claims(token)
    expires = datetime.fromtimestamp(expires_on, UTC)
    if claims is None:
        return Identity(kind="unknown", token_expires=expires, note=OPAQUE)
    kind = _kind(claims)
    return Identity(
        kind=kind,
        name=text(claims, "name") or text(claims, "app_displayname"),
        user_principal_name=text(claims, "upn")
        or text(claims, "preferred_username")
        or text(claims, "unique_name"),
        object_id=text(claims, "oid"),
        application_id=text(claims, "appid") or text(claims, "azp"),
        managed_identity_id=text(claims, "xms_mirid") if kind == "managed_identity" else None,
        tenant_id=text(claims, "tid"),
        token_expires=expires,
        note=UNNAMED if kind == "unknown" else None,
    )


def _kind(claims: Document) -> IdentityKind:
    # The resource of a managed identity; users' tokens have no such claim.
    if text(claims, "xms_mirid") and text(claims, "idtyp") != "user":
        return "managed_identity"
    # `idtyp` is optional; only what acts for a user has a scope, and only users have a UPN.
    if text(claims, "idtyp") == "user" or text(claims, "scp") or text(claims, "upn"):
        return "user"
    if text(claims, "idtyp") == "app" or text(claims, "appid") or text(claims, "azp"):
        return "service_principal"
    return "unknown"


async def _run_query(context: AzureServicesContext) -> None:
    request = LogsRequest("print ok = 1", timespan="PT1M", server_timeout_s=CHECK_TIMEOUT_S)
    await query_logs(context, request, max_bytes=_ANSWER_BYTES)


async def _list_incident(context: AzureServicesContext) -> None:
    await first_page(
        context.security_insights_client.incidents.list(
            context.resource_group, context.workspace_name, top=1
        )
    )


def _failed(service: ServiceName, error: SentinelError, latency_ms: int | None) -> Check:
    return Check(
        service=service,
        ok=False,
        latency_ms=latency_ms,
        code=error.code,
        message=error.message,
        hint=error.hint,
    )


def _claims(token: str) -> Document | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return as_document(json.loads(payload))
    except (binascii.Error, ValueError):
        return None

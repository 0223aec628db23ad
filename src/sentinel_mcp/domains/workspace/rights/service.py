"""Whether the identity may do what the tools ask for, by its roles or, failing that, by trying."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sentinel_mcp.azure.odata import path_segment
from sentinel_mcp.domains.calls import READER, AzureCalls, Failure
from sentinel_mcp.domains.documents import inners, strings
from sentinel_mcp.domains.workspace.rights.models import (
    Access,
    Grant,
    PermissionReport,
    ToolsetAccess,
)
from sentinel_mcp.domains.workspace.rights.needs import NEEDS, Need
from sentinel_mcp.domains.workspace.rights.roles import (
    MONITORING_READER,
    PLAYBOOK_OPERATOR,
    ROLES,
    Rights,
    least_roles,
)
from sentinel_mcp.errors import AccessDenied, SentinelError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

PERMISSIONS_API = "2022-04-01"
SENTINEL_API = "2025-10-01-preview"
LOGS_API = "2025-07-01"

DENIALS = "Deny assignments are not in this answer: one can forbid what a role allows."
WRITES_OFF = "Writes are off in this server, whatever Azure allows (--allow-writes)."
TRIED = (
    "Azure does not tell the identity its own rights, so one cheap read of each toolset was "
    "tried. What it may write is not known."
)


class Permissions:
    """Tells what the identity may do; the answer is a report, whatever is refused."""

    def __init__(self, calls: AzureCalls, *, writes_allowed: bool) -> None:
        self._calls = calls
        self._writes_allowed = writes_allowed

    async def report(self, workspace: str | None) -> PermissionReport:
        """Compare the identity's rights on the workspace with what each toolset needs.

        Raises:
            SentinelError: the rights cannot be read, for another reason than that they are few.

        """
        context = await self._calls.open(workspace)
        rights = await self._calls.attempt(self._rights(context))
        if isinstance(rights, AccessDenied):
            return await self._by_trying(context, rights)
        if isinstance(rights, SentinelError):
            raise rights
        found = [_compared(each, rights) for each in NEEDS]
        return PermissionReport(
            workspace=context.config.name,
            source="azure_roles",
            writes_allowed_here=self._writes_allowed,
            toolsets=found,
            grants=_grants(_missing(NEEDS, rights), context),
            warnings=[DENIALS, *self._told()],
        )

    async def _rights(self, context: AzureServicesContext) -> list[Rights]:
        # Loaded late: it brings the SDK's request classes.
        from sentinel_mcp.azure import arm

        path = f"{arm.workspace_path(context)}/providers/Microsoft.Authorization/permissions"
        answer = await self._calls.call(
            "read the identity's permissions",
            lambda: arm.send(context, "GET", path, api_version=PERMISSIONS_API),
        )
        return [
            Rights(strings(each, "actions"), strings(each, "notActions"))
            for each in inners(answer, "value")
        ]

    async def _by_trying(
        self, context: AzureServicesContext, refusal: AccessDenied
    ) -> PermissionReport:
        found = await asyncio.gather(*(self._tried(each, context) for each in NEEDS))
        refused = {
            each.toolset: (list(need.read), list[str]())
            for each, need in zip(found, NEEDS, strict=True)
            if each.read == "no"
        }
        return PermissionReport(
            workspace=context.config.name,
            source="probes",
            writes_allowed_here=self._writes_allowed,
            toolsets=found,
            grants=_grants(refused, context),
            warnings=[f"{TRIED} {refusal.message}", *self._told()],
        )

    async def _tried(self, need: Need, context: AzureServicesContext) -> ToolsetAccess:
        answer = await self._calls.attempt(self._probe(need, context))
        told: Access = "yes" if answer is True else "unknown"
        if isinstance(answer, AccessDenied):
            told = "no"
        return ToolsetAccess(
            toolset=need.toolset,
            read=told,
            write="unknown" if need.write else "none",
            missing=list(need.read) if told == "no" else [],
            grant=least_roles(need.read) if told == "no" else [],
            note=need.note,
            error=Failure.of(answer) if isinstance(answer, SentinelError) else None,
        )

    async def _probe(self, need: Need, context: AzureServicesContext) -> bool:
        """Read something of the toolset; false where there is nothing to try."""
        from sentinel_mcp.azure import arm

        if need.query is not None:
            await self._calls.query(context, "try a query", need.query, timespan="PT1M")
            return True
        if need.probe is None:
            return False
        path = arm.workspace_path(context) + need.probe
        version = SENTINEL_API if "SecurityInsights" in need.probe else LOGS_API
        await self._calls.call(
            f"read for the toolset {need.toolset}",
            lambda: arm.send(context, "GET", path, api_version=version, params={"$top": "1"}),
            role=" or ".join(least_roles(need.read)) or READER,
        )
        return True

    def _told(self) -> list[str]:
        return [] if self._writes_allowed else [WRITES_OFF]


def _compared(need: Need, rights: Sequence[Rights]) -> ToolsetAccess:
    missing = _lacking((*need.read, *need.write), rights)
    return ToolsetAccess(
        toolset=need.toolset,
        read=_access(need.read, rights, otherwise="unknown"),
        write=_access(need.write, rights, otherwise="none"),
        missing=missing,
        grant=least_roles(missing),
        note=need.note,
    )


def _access(operations: Sequence[str], rights: Sequence[Rights], *, otherwise: Access) -> Access:
    if not operations:
        return otherwise
    lacking = _lacking(operations, rights)
    if not lacking:
        return "yes"
    return "no" if len(lacking) == len(operations) else "partly"


def _lacking(operations: Sequence[str], rights: Sequence[Rights]) -> list[str]:
    # Each assignment stands for itself: what one takes out, another may allow.
    return [each for each in operations if not any(held.allow(each) for held in rights)]


def _missing(
    needs: Sequence[Need], rights: Sequence[Rights]
) -> dict[str, tuple[list[str], list[str]]]:
    """Return by toolset what is missing to read and to write, where anything is."""
    found = {
        need.toolset: (_lacking(need.read, rights), _lacking(need.write, rights)) for need in needs
    }
    return {name: each for name, each in found.items() if any(each)}


def _grants(
    missing: Mapping[str, tuple[list[str], list[str]]], context: AzureServicesContext
) -> list[Grant]:
    reading: dict[str, list[str]] = {}
    writing: dict[str, list[str]] = {}
    for toolset, (to_read, to_write) in missing.items():
        for role in least_roles(to_read):
            reading.setdefault(role, []).append(toolset)
        for role in least_roles(to_write):
            writing.setdefault(role, []).append(toolset)
    names = sorted({*reading, *writing}, key=list(ROLES).index)
    return [
        Grant(
            role=name,
            scope=_scope(name, context),
            read=reading.get(name, []),
            write=writing.get(name, []),
        )
        for name in names
    ]


def _scope(role: str, context: AzureServicesContext) -> str:
    subscription = f"/subscriptions/{path_segment(context.subscription_id)}"
    if role == MONITORING_READER:
        return subscription
    group = f"{subscription}/resourceGroups/{path_segment(context.resource_group)}"
    return f"{group}, or that of the playbooks" if role == PLAYBOOK_OPERATOR else group

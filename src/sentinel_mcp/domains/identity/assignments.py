"""Azure roles on the workspace: who has which, given there or above."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sentinel_mcp.domains.calls import READER, AzureCalls
from sentinel_mcp.domains.documents import Document, inner, inners, name, text
from sentinel_mcp.domains.graph_calls import GraphCalls
from sentinel_mcp.domains.identity import requests
from sentinel_mcp.domains.identity.documents import read_assignment
from sentinel_mcp.domains.identity.models import RoleAssignmentListing
from sentinel_mcp.domains.pages import PageRequest, page_of
from sentinel_mcp.errors import AzureError, SentinelError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

"""The least role that reads role assignments."""

API_VERSION = "2022-04-01"
MAX_PAGES = 10
_PROVIDER = "providers/Microsoft.Authorization"


class Assignments:
    """Reads role assignments and the definitions that name their roles."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure
        self._graph = GraphCalls(azure)

    async def page(
        self,
        context: AzureServicesContext,
        principal_id: str | None,
        *,
        limit: int,
        cursor: str | None,
    ) -> RoleAssignmentListing:
        """Return one page; of a principal, with what its groups give it.

        Names of roles and principals are left out where they may not be read, and it is said.
        """
        # Loaded late: it brings the SDK's request classes.
        from sentinel_mcp.azure.arm import workspace_path

        call = {
            "tool": "get_role_assignments",
            "workspace": context.config.name,
            "principal": principal_id,
        }
        assigned, definitions = await asyncio.gather(
            self._listed(context, "roleAssignments", _filter(principal_id)),
            self._azure.attempt(self._listed(context, "roleDefinitions", None)),
        )
        names = await self._azure.attempt(self._names(context, assigned))
        roles = {} if isinstance(definitions, SentinelError) else _by_name(definitions)
        called: Mapping[str, str] = {} if isinstance(names, SentinelError) else names
        here = workspace_path(context)
        found = [read_assignment(each, roles, called, here) for each in assigned]
        found.sort(key=lambda each: (each.role, each.principal_name or "", each.id))
        page = page_of(found, PageRequest(call, limit, cursor, self._azure.max_answer_bytes))
        return RoleAssignmentListing(
            workspace=context.config.name,
            assignments=page.items,
            total_count=len(found),
            next_cursor=page.next_cursor,
            warnings=[
                *_warning("roles are shown by id", definitions),
                *_warning("principals are shown by id", names),
            ],
        )

    async def _listed(
        self, context: AzureServicesContext, collection: str, filter_text: str | None
    ) -> list[Document]:
        from sentinel_mcp.azure.arm import send, workspace_path
        from sentinel_mcp.azure.paging import skip_token

        path = f"{workspace_path(context)}/{_PROVIDER}/{collection}"

        async def fetch() -> list[Document]:
            found: list[Document] = []
            params = {"$filter": filter_text} if filter_text else {}
            for _ in range(MAX_PAGES):
                answer = await send(context, "GET", path, api_version=API_VERSION, params=params)
                found += inners(answer, "value")
                if not (token := skip_token(text(answer, "nextLink", 8_000))):
                    return found
                params = {**params, "$skipToken": token}
            raise AzureError(
                f"There are more than {MAX_PAGES} pages of {collection}.",
                hint="Ask for those of one principal.",
            )

        what = "role assignments" if collection == "roleAssignments" else "role definitions"
        return await self._azure.call(f"list the {what}", fetch, role=READER)

    async def _names(
        self, context: AzureServicesContext, assigned: Iterable[Document]
    ) -> Mapping[str, str]:
        ids = {text(inner(each, "properties"), "principalId", 100) or "" for each in assigned}
        wanted = sorted(each for each in ids if requests.is_id(each))
        if not wanted:
            return {}
        answer = await self._graph.read(context, requests.names_of(wanted))
        return {
            (text(each, "id", 100) or "").lower(): shown
            for each in inners(answer, "value")
            if (shown := text(each, "userPrincipalName", 300) or text(each, "displayName", 300))
        }


def _filter(principal_id: str | None) -> str:
    """Ask for what counts at the workspace; `assignedTo` also looks through groups."""
    return "atScope()" if principal_id is None else f"assignedTo('{principal_id}')"


def _by_name(definitions: Iterable[Document]) -> dict[str, Document]:
    return {name(each).lower(): each for each in definitions}


def _warning(consequence: str, found: object) -> list[str]:
    return [f"{consequence}: {found}"] if isinstance(found, SentinelError) else []

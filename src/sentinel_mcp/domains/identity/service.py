"""Users, groups and role assignments, from Microsoft Entra."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.documents import text
from sentinel_mcp.domains.identity.assignments import Assignments
from sentinel_mcp.domains.identity.groups import Groups
from sentinel_mcp.domains.identity.models import (
    GroupDetail,
    GroupListing,
    RoleAssignmentListing,
    UserDetail,
    UserListing,
)
from sentinel_mcp.domains.identity.requests import GroupFilter, UserFilter, is_id
from sentinel_mcp.domains.identity.users import Users
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import TaskManager

if TYPE_CHECKING:
    from sentinel_mcp.azure.workspaces import Workspaces


class Identities:
    """Reads the directory, and who has which role on a workspace."""

    def __init__(self, workspaces: Workspaces, tasks: TaskManager, settings: Settings) -> None:
        self._azure = AzureCalls(workspaces, tasks, settings)
        self._users = Users(self._azure)
        self._groups = Groups(self._azure)
        self._assignments = Assignments(self._azure)

    async def users(
        self, wanted: UserFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> UserListing:
        """Return one page of users."""
        context = await self._azure.open(workspace)
        return await self._users.page(context, wanted, limit=limit, cursor=cursor)

    async def user(self, user: str, *, workspace: str | None) -> UserDetail:
        """Return a user by id, sign-in name or address.

        Raises:
            NotFound: there is no such user.

        """
        return await self._users.get(await self._azure.open(workspace), user)

    async def groups(
        self, wanted: GroupFilter, *, limit: int, cursor: str | None, workspace: str | None
    ) -> GroupListing:
        """Return one page of groups."""
        context = await self._azure.open(workspace)
        return await self._groups.page(context, wanted, limit=limit, cursor=cursor)

    async def group(
        self, group: str, *, limit: int, cursor: str | None, workspace: str | None
    ) -> GroupDetail:
        """Return a group by id, name or address.

        Raises:
            NotFound: there is no such group.

        """
        context = await self._azure.open(workspace)
        return await self._groups.get(context, group, limit=limit, cursor=cursor)

    async def assignments(
        self, principal: str | None, *, limit: int, cursor: str | None, workspace: str | None
    ) -> RoleAssignmentListing:
        """Return roles on the workspace: everybody's, or those of a principal and its groups.

        Raises:
            NotFound: the principal is named by a sign-in name that nobody has.

        """
        context = await self._azure.open(workspace)
        if principal is not None and not is_id(principal):
            principal = text(await self._users.find(context, principal), "id", 100)
        return await self._assignments.page(
            context, principal and principal.lower(), limit=limit, cursor=cursor
        )

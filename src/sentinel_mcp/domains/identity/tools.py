"""Identity tools."""

from typing import Annotated

from fastmcp.dependencies import Depends
from pydantic import Field

from sentinel_mcp.area import Area
from sentinel_mcp.domains.arguments import Cursor, WorkspaceName
from sentinel_mcp.domains.identity.models import (
    AccountType,
    GroupDetail,
    GroupListing,
    GroupType,
    RoleAssignmentListing,
    UserDetail,
    UserListing,
)
from sentinel_mcp.domains.identity.requests import GroupFilter, UserFilter
from sentinel_mcp.domains.identity.service import Identities
from sentinel_mcp.effects import READS_AZURE
from sentinel_mcp.wiring import service

identity = Area()

SearchText = Annotated[
    str | None,
    Field(min_length=1, max_length=120, description="Part of a name or address."),
]


@identity.tool("List users", READS_AZURE, {"identity"}, timeout=90)
async def list_users(
    text: SearchText = None,
    department: Annotated[
        str | None, Field(min_length=1, max_length=120, description="Exactly this department.")
    ] = None,
    enabled: Annotated[bool | None, Field(description="False: sign-in is blocked.")] = None,
    account_type: Annotated[
        AccountType | None, Field(description="Keep only these. Default: all.")
    ] = None,
    limit: Annotated[int, Field(ge=1, le=200, description="Users per page.")] = 25,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Identities = Depends(service(Identities)),
) -> UserListing:
    """List users of the tenant's Entra directory.

    Use it to find whose account a log names; `get_user` tells groups, roles and risk.
    """
    wanted = UserFilter(
        text=text, department=department, enabled=enabled, account_type=account_type
    )
    return await store.users(wanted, limit=limit, cursor=cursor, workspace=workspace)


@identity.tool("Get a user", READS_AZURE, {"identity"}, timeout=150)
async def get_user(
    user: Annotated[
        str, Field(min_length=1, max_length=300, description="Sign-in name, address or object id.")
    ],
    workspace: WorkspaceName = None,
    store: Identities = Depends(service(Identities)),
) -> UserDetail:
    """Read one user: manager, groups, directory roles, risk, last sign-in, whether it is blocked.

    Use it to judge what an account could do; `get_role_assignments` adds its Azure roles.
    """
    return await store.user(user.strip(), workspace=workspace)


@identity.tool("List groups", READS_AZURE, {"identity"}, timeout=90)
async def list_groups(
    text: SearchText = None,
    group_type: Annotated[
        GroupType | None, Field(description="Keep only these. Default: all.")
    ] = None,
    role_assignable: Annotated[
        bool | None, Field(description="Whether directory roles can be given to it.")
    ] = None,
    limit: Annotated[int, Field(ge=1, le=200, description="Groups per page.")] = 25,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Identities = Depends(service(Identities)),
) -> GroupListing:
    """List groups of the tenant's Entra directory.

    Use it to find a group that gives rights; `get_group` tells its owners and members.
    """
    wanted = GroupFilter(text=text, group_type=group_type, role_assignable=role_assignable)
    return await store.groups(wanted, limit=limit, cursor=cursor, workspace=workspace)


@identity.tool("Get a group", READS_AZURE, {"identity"}, timeout=150)
async def get_group(
    group: Annotated[
        str, Field(min_length=1, max_length=300, description="Object id, exact name or address.")
    ],
    limit: Annotated[int, Field(ge=1, le=200, description="Members per page.")] = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Identities = Depends(service(Identities)),
) -> GroupDetail:
    """Read one group: type, owners, direct members page by page, and whether it can have roles.

    Use it to see who gets the rights that a group gives.
    """
    return await store.group(group.strip(), limit=limit, cursor=cursor, workspace=workspace)


@identity.tool("Get role assignments", READS_AZURE, {"identity"}, timeout=150)
async def get_role_assignments(
    principal: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=300,
            description="Object id or sign-in name; with its groups. Default: all.",
        ),
    ] = None,
    limit: Annotated[int, Field(ge=1, le=200, description="Assignments per page.")] = 50,
    cursor: Cursor = None,
    workspace: WorkspaceName = None,
    store: Identities = Depends(service(Identities)),
) -> RoleAssignmentListing:
    """List Azure roles on the workspace, given there or above: of all, or of one principal.

    Use it to see who can read or change the workspace, and what a lost account reaches.
    """
    principal = principal and principal.strip()
    return await store.assignments(principal, limit=limit, cursor=cursor, workspace=workspace)

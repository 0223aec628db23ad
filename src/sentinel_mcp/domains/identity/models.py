"""Users, groups and role assignments, as tools take and give them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.calls import Failure
from sentinel_mcp.domains.documents import Scalar
from sentinel_mcp.domains.untrusted import UNTRUSTED, Untrusted

AccountType = Literal["Member", "Guest"]

GroupType = Literal["security", "microsoft365", "mail_security", "distribution"]

UserPart = Literal["manager", "memberships", "risk", "sign_ins"]

GroupPart = Literal["owners", "members"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class User(_Frozen):
    """An account of the directory as a list shows it."""

    id: Annotated[str, Field(description="What `get_user` takes.")]
    upn: str | None = None
    display_name: str | None = None
    mail: str | None = None
    department: str | None = None
    job_title: str | None = None
    enabled: Annotated[bool | None, Field(description="False: sign-in is blocked.")] = None
    account_type: Annotated[str | None, Field(description="`Member` or `Guest`.")] = None


class UserListing(_Frozen):
    """One page of users."""

    untrusted: str = UNTRUSTED
    workspace: str
    users: list[User]
    total_count: Annotated[int | None, Field(description="Users that match, on all pages.")]
    next_cursor: str | None


class Member(_Frozen):
    """Somebody or something that a group has, owns or is headed by."""

    id: str
    kind: Annotated[str, Field(description="`user`, `group`, `service_principal`, `device`, …")]
    display_name: str | None = None
    upn: str | None = None


class Membership(_Frozen):
    """A group that a user is in, directly or through another group."""

    id: str
    display_name: str | None = None
    group_type: GroupType | None = None
    role_assignable: bool | None = None


class DirectoryRole(_Frozen):
    """An active role of the directory."""

    id: str
    display_name: str | None = None
    template_id: Annotated[str | None, Field(description="The same in every tenant.")] = None


class Risk(_Frozen):
    """What Entra ID Protection holds of a user."""

    level: str | None = None
    state: str | None = None
    detail: str | None = None
    updated: datetime | None = None


class SignIns(_Frozen):
    """When a user last signed in."""

    interactive: datetime | None = None
    non_interactive: datetime | None = None
    successful: datetime | None = None


class MissingUserPart(_Frozen):
    """A part of a user that could not be read."""

    part: UserPart
    error: Failure


class UserDetail(User, Untrusted):
    """A user with groups, roles, manager, risk and last sign-in, as far as they may be read."""

    workspace: str
    sign_in_blocked: bool | None = None
    manager: Member | None = None
    groups: list[Membership] = []
    directory_roles: Annotated[
        list[DirectoryRole], Field(description="Active ones; eligible ones are not told.")
    ] = []
    groups_cut: Annotated[bool, Field(description="There are more groups and roles.")] = False
    risk: Annotated[Risk | None, Field(description="None: nothing is held against them.")] = None
    sign_ins: SignIns | None = None
    created: datetime | None = None
    password_changed: datetime | None = None
    properties: Annotated[dict[str, Scalar], Field(description="The other fields, flat.")] = {}
    missing: list[MissingUserPart] = []


class Group(_Frozen):
    """A group of the directory as a list shows it."""

    id: Annotated[str, Field(description="What `get_group` takes.")]
    display_name: str | None = None
    description: str | None = None
    group_type: GroupType | None = None
    mail: str | None = None
    role_assignable: Annotated[
        bool | None, Field(description="Roles of the directory can be given to it.")
    ] = None
    synchronized: Annotated[bool | None, Field(description="Comes from on premises.")] = None
    membership_rule: Annotated[str | None, Field(description="Of a dynamic group.")] = None


class GroupListing(_Frozen):
    """One page of groups."""

    untrusted: str = UNTRUSTED
    workspace: str
    groups: list[Group]
    total_count: Annotated[int | None, Field(description="Groups that match, on all pages.")]
    next_cursor: str | None


class MissingGroupPart(_Frozen):
    """A part of a group that could not be read."""

    part: GroupPart
    error: Failure


class GroupDetail(Group, Untrusted):
    """A group with its owners and one page of its direct members."""

    workspace: str
    created: datetime | None = None
    owners: list[Member] = []
    members: list[Member] = []
    members_count: Annotated[int | None, Field(description="Direct members in all.")] = None
    next_cursor: Annotated[str | None, Field(description="For more members.")] = None
    properties: Annotated[dict[str, Scalar], Field(description="The other fields, flat.")] = {}
    missing: list[MissingGroupPart] = []


class RoleAssignment(_Frozen):
    """A role that somebody has on the workspace, given there or above."""

    id: str
    role: Annotated[str, Field(description="Its name; its id where the name is not known.")]
    role_type: Annotated[str | None, Field(description="`BuiltInRole` or `CustomRole`.")] = None
    principal_id: str | None = None
    principal_type: str | None = None
    principal_name: Annotated[str | None, Field(description="From Entra, where allowed.")] = None
    scope: Annotated[str | None, Field(description="Where it was given.")] = None
    level: Annotated[
        str, Field(description="`workspace`, `resource_group`, `subscription`, above, or below.")
    ]
    condition: str | None = None
    created: datetime | None = None


class RoleAssignmentListing(_Frozen):
    """One page of role assignments, in order of role and principal."""

    untrusted: str = UNTRUSTED
    workspace: str
    assignments: list[RoleAssignment]
    total_count: int
    next_cursor: str | None
    warnings: list[str] = []

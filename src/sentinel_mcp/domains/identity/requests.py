"""What is asked of Microsoft Graph about users and groups, and which permission allows it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sentinel_mcp.azure import odata
from sentinel_mcp.azure.graph import GraphRequest, search
from sentinel_mcp.domains.identity.models import AccountType, GroupType

USERS = "User.Read.All"
GROUPS = "Group.Read.All"
MEMBERS = "GroupMember.Read.All"
DIRECTORY = "Directory.Read.All"
RISK = "IdentityRiskyUser.Read.All"
SIGN_INS = "AuditLog.Read.All"

MAX_MEMBERSHIPS = 200
MAX_OWNERS = 25
MAX_NAMES = 1_000
"""Of principals, in one request; more is what Graph refuses."""

_LISTED = (
    "id,displayName,userPrincipalName,mail,department,jobTitle,accountEnabled,userType,"
    "createdDateTime"
)
_DETAILED = (
    f"{_LISTED},companyName,officeLocation,employeeId,onPremisesSyncEnabled,"
    "onPremisesSamAccountName,onPremisesSecurityIdentifier,lastPasswordChangeDateTime,"
    "usageLocation,externalUserState"
)
_MEMBER = "id,displayName,userPrincipalName"
_GROUP = (
    "id,displayName,description,mail,groupTypes,mailEnabled,securityEnabled,isAssignableToRole,"
    "onPremisesSyncEnabled,membershipRule,visibility,createdDateTime"
)
_MEMBERSHIP = "id,displayName,groupTypes,mailEnabled,securityEnabled,isAssignableToRole"
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UNIFIED = odata.Filter("groupTypes/any(c:c eq 'Unified')")
_NOT_UNIFIED = odata.Filter(f"NOT {_UNIFIED}")
# As Graph's documents tell the four types apart; a mail-enabled security group is not unified.
_TYPES: dict[GroupType, odata.Filter | None] = {
    "microsoft365": _UNIFIED,
    "security": odata.all_of(odata.eq("securityEnabled", True), odata.eq("mailEnabled", False)),
    "mail_security": odata.all_of(
        _NOT_UNIFIED, odata.eq("securityEnabled", True), odata.eq("mailEnabled", True)
    ),
    "distribution": odata.all_of(
        _NOT_UNIFIED, odata.eq("securityEnabled", False), odata.eq("mailEnabled", True)
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Which users; nothing set keeps all of them."""

    text: str | None = None
    department: str | None = None
    enabled: bool | None = None
    account_type: AccountType | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFilter:
    """Which groups; nothing set keeps all of them."""

    text: str | None = None
    group_type: GroupType | None = None
    role_assignable: bool | None = None


def is_id(text: str) -> bool:
    """Whether a text is the id of an object of the directory."""
    return bool(_GUID.fullmatch(text))


def list_users(wanted: UserFilter, limit: int) -> GraphRequest:
    """Ask for a page of users, counted."""
    kept = odata.all_of(
        odata.eq("department", wanted.department) if wanted.department else None,
        odata.eq("accountEnabled", wanted.enabled) if wanted.enabled is not None else None,
        odata.eq("userType", wanted.account_type) if wanted.account_type else None,
    )
    found = search(wanted.text, ("displayName", "mail", "userPrincipalName")) if wanted.text else ""
    return GraphRequest(
        "list the users", USERS, "users", _list_params(_LISTED, limit, kept, found), eventual=True
    )


def find_users(text: str) -> GraphRequest:
    """Ask for the users of that sign-in name or address.

    By a filter, not by path: the name of a guest has characters that no path takes.
    """
    kept = odata.any_of(odata.eq("userPrincipalName", text), odata.eq("mail", text))
    params = {"$select": _DETAILED, "$filter": str(kept), "$top": "5"}
    return GraphRequest("find a user", USERS, "users", params)


def get_user(object_id: str) -> GraphRequest:
    """Ask for one user by id."""
    path = f"users/{odata.path_segment(object_id)}"
    return GraphRequest("read a user", USERS, path, {"$select": _DETAILED})


def manager_of(object_id: str) -> GraphRequest:
    """Ask for the manager of a user."""
    path = f"users/{odata.path_segment(object_id)}/manager"
    return GraphRequest("read a user's manager", USERS, path, {"$select": _MEMBER})


def memberships_of(object_id: str) -> GraphRequest:
    """Ask for the groups and roles of a user, direct or not."""
    path = f"users/{odata.path_segment(object_id)}/transitiveMemberOf"
    params = {"$select": f"{_MEMBERSHIP},roleTemplateId", "$top": str(MAX_MEMBERSHIPS)}
    return GraphRequest("read a user's groups and roles", DIRECTORY, path, params)


def risk_of(object_id: str) -> GraphRequest:
    """Ask for what Entra ID Protection holds of a user."""
    path = f"identityProtection/riskyUsers/{odata.path_segment(object_id)}"
    return GraphRequest("read a user's risk", RISK, path)


def sign_ins_of(object_id: str) -> GraphRequest:
    """Ask for when a user last signed in."""
    path = f"users/{odata.path_segment(object_id)}"
    return GraphRequest(
        "read a user's last sign-in", SIGN_INS, path, {"$select": "id,signInActivity"}
    )


def list_groups(wanted: GroupFilter, limit: int) -> GraphRequest:
    """Ask for a page of groups, counted."""
    assignable = wanted.role_assignable
    kept = odata.all_of(
        _TYPES[wanted.group_type] if wanted.group_type else None,
        odata.eq("isAssignableToRole", True) if assignable else None,
        odata.ne("isAssignableToRole", True) if assignable is False else None,
    )
    found = search(wanted.text, ("displayName", "description", "mail")) if wanted.text else ""
    return GraphRequest(
        "list the groups", GROUPS, "groups", _list_params(_GROUP, limit, kept, found), eventual=True
    )


def find_groups(text: str) -> GraphRequest:
    """Ask for the groups of that name or address."""
    kept = odata.any_of(odata.eq("displayName", text), odata.eq("mail", text))
    params = {"$select": _GROUP, "$filter": str(kept), "$top": "5"}
    return GraphRequest("find a group", GROUPS, "groups", params)


def get_group(object_id: str) -> GraphRequest:
    """Ask for one group by id."""
    path = f"groups/{odata.path_segment(object_id)}"
    return GraphRequest("read a group", GROUPS, path, {"$select": _GROUP})


def owners_of(object_id: str) -> GraphRequest:
    """Ask for the owners of a group."""
    path = f"groups/{odata.path_segment(object_id)}/owners"
    params = {"$select": _MEMBER, "$top": str(MAX_OWNERS)}
    return GraphRequest("read a group's owners", GROUPS, path, params)


def members_of(object_id: str, limit: int) -> GraphRequest:
    """Ask for a page of a group's direct members, counted."""
    path = f"groups/{odata.path_segment(object_id)}/members"
    params = {"$select": _MEMBER, "$top": str(limit), "$count": "true"}
    return GraphRequest("read a group's members", MEMBERS, path, params, eventual=True)


def names_of(object_ids: list[str]) -> GraphRequest:
    """Ask what objects of the directory are called; a POST that only reads."""
    return GraphRequest(
        "read the names of principals",
        DIRECTORY,
        "directoryObjects/getByIds",
        body={"ids": object_ids[:MAX_NAMES], "types": ["user", "group", "servicePrincipal"]},
    )


def _list_params(select: str, limit: int, kept: odata.Filter | None, found: str) -> dict[str, str]:
    params = {"$select": select, "$top": str(limit), "$count": "true"}
    if kept:
        params["$filter"] = kept
    # What is searched for comes in the order of the index: Graph sorts either or.
    params |= {"$search": found} if found else {"$orderby": "displayName"}
    return params

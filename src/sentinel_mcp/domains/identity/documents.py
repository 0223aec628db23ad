"""Reads the documents of Microsoft Graph and Resource Manager into our models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentinel_mcp.domains.documents import (
    Document,
    flag,
    flattened,
    inner,
    last_segment,
    name,
    snake_case,
    strings,
    text,
    time,
)
from sentinel_mcp.domains.identity.models import (
    DirectoryRole,
    Group,
    GroupType,
    Member,
    Membership,
    Risk,
    RoleAssignment,
    SignIns,
    User,
)

_NAME_CHARS = 300

SHOWN_OF_USER = frozenset(
    {
        "id",
        "userPrincipalName",
        "displayName",
        "mail",
        "department",
        "jobTitle",
        "accountEnabled",
        "userType",
        "createdDateTime",
        "lastPasswordChangeDateTime",
        "@odata.context",
        "etag",
    }
)
SHOWN_OF_GROUP = frozenset(
    {
        "id",
        "displayName",
        "description",
        "mail",
        "groupTypes",
        "mailEnabled",
        "securityEnabled",
        "isAssignableToRole",
        "onPremisesSyncEnabled",
        "membershipRule",
        "createdDateTime",
        "@odata.context",
        "etag",
    }
)


def user_fields(document: Document) -> dict[str, Any]:
    """Return the fields of `User` by name; pydantic checks them where they are used."""
    return {
        "id": text(document, "id", _NAME_CHARS) or "",
        "upn": text(document, "userPrincipalName", _NAME_CHARS),
        "display_name": text(document, "displayName", _NAME_CHARS),
        "mail": text(document, "mail", _NAME_CHARS),
        "department": text(document, "department", _NAME_CHARS),
        "job_title": text(document, "jobTitle", _NAME_CHARS),
        "enabled": flag(document, "accountEnabled"),
        "account_type": text(document, "userType", 50),
    }


def read_user(document: Document) -> User:
    """Return a user as a list shows it."""
    return User(**user_fields(document))


def read_member(document: Document) -> Member:
    """Return a member, an owner or a manager, of whatever kind."""
    return Member(
        id=text(document, "id", _NAME_CHARS) or "",
        kind=_kind(document),
        display_name=text(document, "displayName", _NAME_CHARS),
        upn=text(document, "userPrincipalName", _NAME_CHARS),
    )


def is_role(document: Document) -> bool:
    """Whether what a user is a member of is a role of the directory."""
    return _kind(document) == "directory_role"


def is_group(document: Document) -> bool:
    """Whether what a user is a member of is a group."""
    return _kind(document) == "group"


def read_membership(document: Document) -> Membership:
    """Return a group that a user is in."""
    return Membership(
        id=text(document, "id", _NAME_CHARS) or "",
        display_name=text(document, "displayName", _NAME_CHARS),
        group_type=group_type(document),
        role_assignable=flag(document, "isAssignableToRole"),
    )


def read_role(document: Document) -> DirectoryRole:
    """Return a role of the directory."""
    return DirectoryRole(
        id=text(document, "id", _NAME_CHARS) or "",
        display_name=text(document, "displayName", _NAME_CHARS),
        template_id=text(document, "roleTemplateId", _NAME_CHARS),
    )


def read_risk(document: Document) -> Risk:
    """Return what Entra ID Protection holds of a user."""
    return Risk(
        level=text(document, "riskLevel", 50),
        state=text(document, "riskState", 50),
        detail=text(document, "riskDetail", _NAME_CHARS),
        updated=time(document, "riskLastUpdatedDateTime"),
    )


def read_sign_ins(document: Document) -> SignIns | None:
    """Return when a user last signed in; None where Entra does not say."""
    activity = inner(document, "signInActivity")
    if not activity:
        return None
    return SignIns(
        interactive=time(activity, "lastSignInDateTime"),
        non_interactive=time(activity, "lastNonInteractiveSignInDateTime"),
        successful=time(activity, "lastSuccessfulSignInDateTime"),
    )


def group_fields(document: Document) -> dict[str, Any]:
    """Return the fields of `Group` by name; pydantic checks them where they are used."""
    return {
        "id": text(document, "id", _NAME_CHARS) or "",
        "display_name": text(document, "displayName", _NAME_CHARS),
        "description": text(document, "description", 500),
        "group_type": group_type(document),
        "mail": text(document, "mail", _NAME_CHARS),
        "role_assignable": flag(document, "isAssignableToRole"),
        "synchronized": flag(document, "onPremisesSyncEnabled"),
        "membership_rule": text(document, "membershipRule", 1_000),
    }


def read_group(document: Document) -> Group:
    """Return a group as a list shows it."""
    return Group(**group_fields(document))


def group_type(document: Document) -> GroupType | None:
    """Return which of the four types a group is of; None where its fields do not say."""
    if "Unified" in strings(document, "groupTypes"):
        return "microsoft365"
    mail, security = flag(document, "mailEnabled"), flag(document, "securityEnabled")
    if mail is None or security is None:
        return None
    if security:
        return "mail_security" if mail else "security"
    return "distribution" if mail else None


def remaining(document: Document, shown: frozenset[str]) -> dict[str, Any]:
    """Return what is left to tell of a document, flat."""
    return flattened(document, without=shown)


def read_assignment(
    document: Document, roles: Mapping[str, Document], names: Mapping[str, str], workspace_id: str
) -> RoleAssignment:
    """Return a role assignment; `roles` are the definitions by id, `names` the principals'."""
    properties = inner(document, "properties")
    role_id = last_segment(text(properties, "roleDefinitionId", 500) or "").lower()
    role = inner(roles.get(role_id, {}), "properties")
    principal = text(properties, "principalId", 100)
    scope = text(properties, "scope", 500)
    return RoleAssignment(
        id=name(document),
        role=text(role, "roleName", _NAME_CHARS) or role_id,
        role_type=text(role, "type", 50),
        principal_id=principal,
        principal_type=text(properties, "principalType", 50),
        principal_name=names.get((principal or "").lower()),
        scope=scope,
        level=_level(scope or "", workspace_id),
        condition=text(properties, "condition", 1_000),
        created=time(properties, "createdOn"),
    )


def _level(scope: str, workspace_id: str) -> str:
    # ARM ids differ in case from one answer to the next.
    given, own = scope.rstrip("/").lower(), workspace_id.lower()
    if given == own:
        return "workspace"
    if given.startswith(f"{own}/"):
        return "below"
    parts = given.strip("/").split("/")
    if parts[0] == "subscriptions" and own.startswith(f"{given}/"):
        return "subscription" if len(parts) == 2 else "resource_group"
    return "above"


def _kind(document: Document) -> str:
    stated = text(document, "@odata.type", 100) or "#microsoft.graph.directoryObject"
    return snake_case(stated.rpartition(".")[2])

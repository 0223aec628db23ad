"""The company's directory: users, groups, roles of the directory, and Azure roles.

A document of the store holds what Graph shows under `graph`, and beside it the ids by which it is
tied to others.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sentinel_mcp.local.documents import Document
from sentinel_mcp.local.identity import RESOURCE_GROUP, RESOURCE_ID, SUBSCRIPTION_ID
from sentinel_mcp.local.scenario.clock import At, Clock, wire
from sentinel_mcp.local.scenario.groups import CHIEF, HEADS, Group, groups
from sentinel_mcp.local.scenario.names import AD_DOMAIN, COMPANY, guid
from sentinel_mcp.local.scenario.people import Person, people, person
from sentinel_mcp.local.scenario.sign_ins import LastSignIns, last_sign_ins

Body = dict[str, Any]
"""A JSON object. Any: its values are of many kinds."""

# Accounts of the story that Entra ID Protection noticed, with what it says of them.
_AT_RISK: dict[str, tuple[str, At]] = {
    "elena.marsh": ("medium", At("mail", hours=1)),
    "marcus.lindqvist": ("medium", At("travel", hours=0.5)),
    "daniel.reyes": ("high", At("spray", hours=1.5)),
}
# The ids of the directory's roles are the same in every tenant.
_TEMPLATES = {
    "Directory Synchronization Accounts": "d29b2b05-8046-44ba-8758-1e26182fcf32",
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Security Administrator": "194ae4cb-b126-40b2-bd5b-6091b380977d",
    "Security Operator": "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f",
}

# So are those of Azure's built-in roles.
_AZURE_ROLES = {
    "Contributor": "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "Log Analytics Contributor": "92aaf0da-9dab-42b6-94a3-d43ce8d16293",
    "Log Analytics Reader": "73c42c96-874c-492b-b04d-ab87d138a893",
    "Microsoft Sentinel Automation Contributor": "f4c81013-99ee-4d62-a7ee-b3f1f648599a",
    "Microsoft Sentinel Contributor": "ab8e14d6-4a74-4a29-9ba8-549422addade",
    "Microsoft Sentinel Playbook Operator": "51d6186e-6489-4900-b93f-92e23144cca5",
    "Microsoft Sentinel Reader": "8d289c81-5878-46d4-8554-54e1e3d8b5cb",
    "Microsoft Sentinel Responder": "3e150937-b8fe-4cfb-8069-0eaf05ecd056",
    "Owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "User Access Administrator": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
}
_SUBSCRIPTION = f"/subscriptions/{SUBSCRIPTION_ID}"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/{RESOURCE_GROUP}"


def documents(clock: Clock) -> Iterable[Document]:
    """Yield users, groups and roles, then who has which Azure role on the workspace."""
    signed_in = last_sign_ins(clock)
    for each in people():
        yield Document("graphUsers", each.id, _user(each, signed_in[each.upn], clock))
    for group in groups():
        yield Document("graphGroups", group.id, _group(group, clock))
    for name, template in _TEMPLATES.items():
        held = [each.id for each in people() if each.role == name]
        yield Document("graphRoles", guid("role", name), _role(name, template, held))
    for sam, (level, at) in _AT_RISK.items():
        body = _risk(person(sam), level, clock.time(at))
        yield Document("graphRisks", person(sam).id, body)
    yield Document("graphServicePrincipals", _playbooks(), _service_principal())
    for role, role_id in _AZURE_ROLES.items():
        yield Document("roleDefinitions", role_id, _definition(role, role_id, clock))
    for body in _assignments(clock):
        yield Document("roleAssignments", body["name"], body)


def _user(who: Person, signed_in: LastSignIns, clock: Clock) -> Body:
    head = _head(who)
    desk = not who.service
    graph: Body = {
        "id": who.id,
        "displayName": who.name,
        "givenName": who.name.split()[0] if desk else None,
        "surname": who.name.split(" ", 1)[1] if desk else None,
        "userPrincipalName": who.upn,
        "mail": who.upn if desk else None,
        "department": who.department,
        "jobTitle": who.title,
        "companyName": COMPANY,
        "officeLocation": who.site,
        "employeeId": f"{10_000 + who.number}" if desk else None,
        "accountEnabled": True,
        "userType": "Member",
        "usageLocation": {"Leeds": "GB", "Rotterdam": "NL", "Gdansk": "PL"}[who.site],
        "externalUserState": None,
        "createdDateTime": wire(clock.now - timedelta(days=400 + 9 * who.number)),
        "lastPasswordChangeDateTime": wire(clock.now - timedelta(days=20 + who.number % 160)),
        "onPremisesSyncEnabled": True,
        "onPremisesDomainName": AD_DOMAIN,
        "onPremisesSamAccountName": who.sam,
        "onPremisesSecurityIdentifier": who.sid,
        "signInActivity": _activity(signed_in),
    }
    return {"graph": graph, "manager": head.id if head else None}


def _activity(signed_in: LastSignIns) -> Body | None:
    times = {
        "lastSignInDateTime": signed_in.interactive,
        "lastNonInteractiveSignInDateTime": signed_in.by_token,
        "lastSuccessfulSignInDateTime": signed_in.successful,
    }
    if not any(times.values()):
        return None
    return {name: at and wire(at) for name, at in times.items()}


def _head(who: Person) -> Person | None:
    if who.sam == CHIEF or who.service:
        return None
    sam = HEADS.get(who.department)
    if sam is None:
        sam = next(each.sam for each in people() if each.department == who.department)
    return person(CHIEF if sam == who.sam else sam)


def _group(group: Group, clock: Clock) -> Body:
    kinds = [
        *(["Unified"] if group.unified else []),
        *(["DynamicMembership"] if group.rule else []),
    ]
    graph: Body = {
        "id": group.id,
        "displayName": group.name,
        "description": group.description,
        "mail": group.mail or None,
        "mailEnabled": bool(group.mail),
        "mailNickname": group.name.lower().replace(" ", "-"),
        "securityEnabled": group.security,
        "groupTypes": kinds,
        "isAssignableToRole": True if group.assignable else None,
        "onPremisesSyncEnabled": True if group.synchronized else None,
        "membershipRule": group.rule or None,
        "visibility": "Private" if group.unified else None,
        "createdDateTime": wire(clock.now - timedelta(days=900)),
    }
    return {
        "graph": graph,
        "members": [person(each).id for each in group.members],
        "owners": [person(each).id for each in group.owners],
    }


def _role(name: str, template: str, held: list[str]) -> Body:
    graph = {
        "id": guid("role", name),
        "displayName": name,
        "description": f"The directory's role {name}.",
        "roleTemplateId": template,
    }
    return {"graph": graph, "members": held}


def _risk(who: Person, level: str, updated: datetime) -> Body:
    return {
        "graph": {
            "id": who.id,
            "isDeleted": False,
            "isProcessing": False,
            "riskLevel": level,
            "riskState": "atRisk",
            "riskDetail": "none",
            "riskLastUpdatedDateTime": wire(updated),
            "userDisplayName": who.name,
            "userPrincipalName": who.upn,
        }
    }


def _playbooks() -> str:
    return guid("service principal", "playbooks")


def _service_principal() -> Body:
    graph = {
        "id": _playbooks(),
        "appId": guid("application", "playbooks"),
        "displayName": "Northwind playbooks",
        "servicePrincipalType": "ManagedIdentity",
        "accountEnabled": True,
    }
    return {"graph": graph}


def _definition(role: str, role_id: str, clock: Clock) -> Body:
    return {
        "id": f"{_SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role_id}",
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role_id,
        "properties": {
            "roleName": role,
            "type": "BuiltInRole",
            "description": f"Azure's built-in role {role}.",
            "assignableScopes": ["/"],
            "createdOn": wire(clock.now - timedelta(days=2_000)),
            "updatedOn": wire(clock.now - timedelta(days=300)),
        },
    }


def _assignments(clock: Clock) -> Iterable[Body]:
    analysts, staff = guid("group", "SOC analysts"), guid("group", "Server operators")
    given = (
        ("Microsoft Sentinel Responder", analysts, "Group", _GROUP),
        ("Log Analytics Reader", analysts, "Group", RESOURCE_ID),
        ("Microsoft Sentinel Contributor", person("aiko.tanaka").id, "User", _GROUP),
        ("Microsoft Sentinel Playbook Operator", person("priya.nair").id, "User", RESOURCE_ID),
        ("Owner", person("adm-hkovacs").id, "User", _SUBSCRIPTION),
        ("Reader", staff, "Group", _SUBSCRIPTION),
        ("Microsoft Sentinel Automation Contributor", _playbooks(), "ServicePrincipal", _GROUP),
    )
    for number, (role, principal, kind, scope) in enumerate(given):
        name = guid("assignment", role, principal, scope)
        made = wire(clock.now - timedelta(days=210 + 30 * number))
        yield {
            "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
            "type": "Microsoft.Authorization/roleAssignments",
            "name": name,
            "properties": {
                "roleDefinitionId": f"{_SUBSCRIPTION}/providers/Microsoft.Authorization"
                f"/roleDefinitions/{_AZURE_ROLES[role]}",
                "principalId": principal,
                "principalType": kind,
                "scope": scope,
                "condition": None,
                "conditionVersion": None,
                "createdOn": made,
                "updatedOn": made,
                "createdBy": person("adm-hkovacs").id,
                "updatedBy": person("adm-hkovacs").id,
            },
        }

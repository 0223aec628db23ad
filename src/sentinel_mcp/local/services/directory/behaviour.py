"""The directory: finding users and groups, and what they belong to; Azure roles on the workspace.

What is kept of each holds Graph's document under `graph`, with the ids of others beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.faults import Body, Fault, bad_request
from sentinel_mcp.local.services.graph import (
    GraphList,
    GraphQuery,
    no_such,
    page_of,
    selected,
)
from sentinel_mcp.local.services.odata import Properties

USERS = "graphUsers"
GROUPS = "graphGroups"
ROLES = "graphRoles"
RISKS = "graphRisks"
SERVICE_PRINCIPALS = "graphServicePrincipals"
ASSIGNMENTS = "roleAssignments"
DEFINITIONS = "roleDefinitions"

MAX_IDS = 1_000

USER_PROPERTIES: Properties = {
    "id": "string",
    "accountEnabled": "bool",
    "companyName": "string",
    "department": "string",
    "displayName": "string",
    "employeeId": "string",
    "givenName": "string",
    "jobTitle": "string",
    "mail": "string",
    "officeLocation": "string",
    "surname": "string",
    "userPrincipalName": "string",
    "userType": "string",
}
GROUP_PROPERTIES: Properties = {
    "id": "string",
    "description": "string",
    "displayName": "string",
    "groupTypes": "collection",
    "groupTypes/*": "string",
    "isAssignableToRole": "bool",
    "mail": "string",
    "mailEnabled": "bool",
    "securityEnabled": "bool",
}
MEMBER_PROPERTIES: Properties = {"id": "string", "displayName": "string"}

USER_SEARCH = ("displayName", "mail", "userPrincipalName")
GROUP_SEARCH = ("displayName", "description", "mail")

# What Graph sends of a user where `$select` does not say.
_DEFAULT_OF_USER = (
    "displayName", "givenName", "id", "jobTitle", "mail", "officeLocation", "surname",
    "userPrincipalName",
)  # fmt: skip
_TYPES = {
    USERS: "#microsoft.graph.user",
    GROUPS: "#microsoft.graph.group",
    ROLES: "#microsoft.graph.directoryRole",
    SERVICE_PRINCIPALS: "#microsoft.graph.servicePrincipal",
}
_WANTED = {"user": USERS, "group": GROUPS, "serviceprincipal": SERVICE_PRINCIPALS}
_ASSIGNED_TO = re.compile(r"assignedTo\('(?P<id>[0-9a-f-]{36})'\)", re.IGNORECASE)
_PRINCIPAL = re.compile(r"principalId eq '(?P<id>[0-9a-f-]{36})'", re.IGNORECASE)
_AT_SCOPE = "atscope()"


class Directory:
    """Reads the directory."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def users(self, query: GraphQuery) -> GraphList:
        """Return one page of users."""
        return page_of(
            [each["graph"] for each in self._documents.list(USERS)],
            _selecting(query),
            USER_PROPERTIES,
            searched=USER_SEARCH,
        )

    def user(self, name: str, query: GraphQuery) -> Body:
        """Return one user, by id or sign-in name."""
        return selected(self._user(name)["graph"], _selecting(query).select)

    def manager(self, name: str, query: GraphQuery) -> Body:
        """Return the manager of a user."""
        head = self._user(name)["manager"]
        if head is None:
            raise no_such("manager")
        return selected(self._typed(USERS, self._user(head)), query.select)

    def memberships(self, name: str, query: GraphQuery) -> GraphList:
        """Return the groups and roles of a user; no group here is in another."""
        user_id = self._user(name)["graph"]["id"]
        found = [
            self._typed(kind, each)
            for kind in (GROUPS, ROLES)
            for each in self._documents.list(kind)
            if user_id in each["members"]
        ]
        return page_of(found, query, MEMBER_PROPERTIES)

    def risk(self, name: str) -> Body:
        """Return what is held against a user."""
        found = self._documents.get(RISKS, name)
        if found is None:
            raise no_such(name)
        return found["graph"]

    def groups(self, query: GraphQuery) -> GraphList:
        """Return one page of groups."""
        return page_of(
            [each["graph"] for each in self._documents.list(GROUPS)],
            query,
            GROUP_PROPERTIES,
            searched=GROUP_SEARCH,
        )

    def group(self, name: str, query: GraphQuery) -> Body:
        """Return one group by id."""
        return selected(self._group(name)["graph"], query.select)

    def owners(self, name: str, query: GraphQuery) -> GraphList:
        """Return one page of a group's owners."""
        return page_of(self._people(self._group(name)["owners"]), query, MEMBER_PROPERTIES)

    def members(self, name: str, query: GraphQuery) -> GraphList:
        """Return one page of a group's members."""
        return page_of(self._people(self._group(name)["members"]), query, MEMBER_PROPERTIES)

    def by_ids(self, body: Body) -> list[Body]:
        """Return the objects of those ids; an id of nothing is left out."""
        ids = body.get("ids")
        if not isinstance(ids, list):
            raise Fault(400, "Request_BadRequest", "The property 'ids' must be an array.")
        if len(cast("list[Any]", ids)) > MAX_IDS:
            raise Fault(400, "Request_BadRequest", f"At most {MAX_IDS} ids can be asked for.")
        types = cast("list[Any]", body.get("types") or list(_WANTED))
        kinds = [kind for each in types if (kind := _WANTED.get(str(each).lower()))]
        return [
            self._typed(kind, found)
            for each in cast("list[Any]", ids)
            for kind in kinds
            if (found := self._documents.get(kind, str(each)))
        ]

    def assignments(self, wanted: str | None) -> list[Body]:
        """Return the role assignments that count at the workspace, as `$filter` says."""
        found = [_bare(each) for each in self._documents.list(ASSIGNMENTS)]
        for clause in re.split(r"\s+and\s+", wanted or _AT_SCOPE, flags=re.IGNORECASE):
            if clause.strip().lower() == _AT_SCOPE:
                continue  # all that is kept is given at the workspace or above
            if match := _ASSIGNED_TO.fullmatch(clause.strip()):
                held = {match["id"].lower(), *self._groups_of(match["id"])}
            elif match := _PRINCIPAL.fullmatch(clause.strip()):
                held = {match["id"].lower()}
            else:
                raise bad_request(
                    f"The filter {clause!r} is not supported. Supported are atScope(), "
                    "assignedTo('{value}') and principalId eq '{value}'."
                )
            found = [each for each in found if each["properties"]["principalId"].lower() in held]
        return found

    def definitions(self) -> list[Body]:
        """Return the roles that can be assigned at the workspace."""
        return [_bare(each) for each in self._documents.list(DEFINITIONS)]

    def _user(self, name: str) -> Body:
        found = self._documents.get(USERS, name)
        if found is None:
            found = next(
                (
                    each
                    for each in self._documents.list(USERS)
                    if each["graph"]["userPrincipalName"].lower() == name.lower()
                ),
                None,
            )
        if found is None:
            raise no_such(name)
        return found

    def _group(self, name: str) -> Body:
        found = self._documents.get(GROUPS, name)
        if found is None:
            raise no_such(name)
        return found

    def _people(self, ids: Iterable[str]) -> list[Body]:
        return [
            self._typed(USERS, found) for each in ids if (found := self._documents.get(USERS, each))
        ]

    def _groups_of(self, object_id: str) -> Iterator[str]:
        for each in self._documents.list(GROUPS):
            if object_id.lower() in each["members"]:
                yield each["graph"]["id"]

    def _typed(self, kind: str, document: Body) -> Body:
        return {"@odata.type": _TYPES[kind], **document["graph"]}


def _selecting(query: GraphQuery) -> GraphQuery:
    return query if query.select else query.selecting(_DEFAULT_OF_USER)


def _bare(document: Body) -> Body:
    """Return a document without the etag of the store, which these have not at Azure."""
    return {name: value for name, value in document.items() if name != "etag"}

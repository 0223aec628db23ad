"""Saved searches, as Log Analytics keeps them: hunting queries and functions among them."""

from __future__ import annotations

import re

from sentinel_mcp.local import identity
from sentinel_mcp.local.documents import Bodies, Documents
from sentinel_mcp.local.services.faults import Body, Fault, bad_request
from sentinel_mcp.local.services.hunting.parts import objects
from sentinel_mcp.local.services.writing import properties_of, text_of

KIND = "savedSearches"

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class SavedSearches:
    """The saved searches of the workspace."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def list(self) -> Bodies:
        """Return them all; the service sends this list whole."""
        return self._documents.list(KIND)

    def get(self, name: str) -> Body:
        """Return one of them."""
        found = self._documents.get(KIND, name)
        if found is None:
            raise _missing(name)
        return found

    def put(self, name: str, body: Body, etag: str | None, *, replaces: bool) -> Body:
        """Write one; the whole document is replaced, where the client says that one is."""
        given = properties_of(body)
        alias, parameters = _function(given)
        before = self._documents.get(KIND, name)
        if before is not None and not replaces:
            # github.com/MicrosoftDocs/azure-docs, issue 49275: without an etag, be it `*`, 409.
            raise Fault(
                409, "Conflict", f"The saved search {name!r} exists; its etag or * replaces it."
            )
        version = given.get("version")
        properties: Body = {
            "category": text_of(given, "category", required=True),
            "displayName": text_of(given, "displayName", required=True),
            "query": text_of(given, "query", required=True),
            "functionAlias": alias,
            "functionParameters": parameters,
            "tags": _tags(given),
            "version": version if isinstance(version, int) else 2,
        }
        document = {
            "id": f"{identity.RESOURCE_ID}/savedSearches/{name}",
            "name": before["name"] if before else name,
            "type": "Microsoft.OperationalInsights/savedSearches",
            "properties": {key: value for key, value in properties.items() if value is not None},
        }
        return self._documents.put(KIND, name, document, etag=etag)

    def delete(self, name: str) -> None:
        """Remove one."""
        self._documents.delete(KIND, self.get(name)["name"])


def _missing(name: str) -> Fault:
    return Fault(404, "ResourceNotFound", f"The saved search {name!r} was not found.")


def _function(given: Body) -> tuple[str | None, str | None]:
    alias = text_of(given, "functionAlias") or None
    parameters = text_of(given, "functionParameters") or None
    if alias and not _NAME.fullmatch(alias):
        raise bad_request(f"The function alias {alias!r} is not a valid name.")
    return alias, parameters


def _tags(given: Body) -> Bodies | None:
    found = objects(given, "tags")
    if found is None:
        return None
    return [
        {name: text_of(each, name, required=True) for name in ("name", "value")} for each in found
    ]

"""An incident, or something of it, as it is read and written at Azure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sentinel_mcp.domains.calls import RESPONDER, AzureCalls
from sentinel_mcp.domains.changes import Target
from sentinel_mcp.domains.documents import Document, inner, inners, name, text, whole

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

_READ_ONLY = frozenset(
    {
        "additionalData",
        "createdTimeUtc",
        "lastModifiedTimeUtc",
        "incidentNumber",
        "incidentUrl",
        "providerName",
        "providerIncidentId",
        "relatedAnalyticRuleIds",
        "author",
        "createdBy",
        "lastModifiedBy",
        "relatedResourceName",
        "relatedResourceType",
        "relatedResourceKind",
    }
)
"""What Azure writes itself of incidents, comments, tasks and relations; all else is sent back."""


class Stored:
    """One resource by its path; `latest` is the newest version of it that was seen.

    `operations` is the SDK's group of methods for its type. Where it was read already, `seen`
    saves reading it a second time.
    """

    def __init__(
        self,
        calls: AzureCalls,
        operations: Any,  # the groups have the same two methods, and no type in common
        path: tuple[str, ...],
        noun: str,
        *,
        seen: Document | None = None,
    ) -> None:
        self.latest = seen
        self._calls = calls
        self._operations = operations
        self._path = path
        self._noun = noun
        self._unread = seen is None

    async def read(self) -> Document | None:
        """Return what is there; the first time, what was seen."""
        if not self._unread:
            self._unread = True
            return self.latest
        self.latest = await self._calls.read_if_there(
            f"read {self._noun}", lambda: self._operations.get(*self._path)
        )
        return self.latest

    async def write(self, document: Mapping[str, Any]) -> Document:
        """Send the document as far as Azure takes it, and return what it has become."""
        body = sendable(document)
        self.latest = await self._calls.read(
            f"write {self._noun}",
            lambda: self._operations.create_or_update(*self._path, body),
            role=RESPONDER,
        )
        return self.latest


class StoredIncident(Stored):
    """An incident; `path` is what the methods for what belongs to it begin with."""

    def __init__(
        self,
        calls: AzureCalls,
        context: AzureServicesContext,
        incident: str,
        *,
        seen: Document | None = None,
    ) -> None:
        self.path = (context.resource_group, context.workspace_name, incident)
        self.name = incident
        self.workspace = context.config.name
        operations = context.security_insights_client.incidents
        super().__init__(calls, operations, self.path, "an incident", seen=seen)

    @classmethod
    def of(
        cls, calls: AzureCalls, context: AzureServicesContext, document: Document
    ) -> StoredIncident:
        """Return the incident that was just read."""
        return cls(calls, context, name(document), seen=document)

    @property
    def number(self) -> int | None:
        """Its number, where it is known."""
        return whole(inner(self.latest or {}, "properties"), "incidentNumber")

    @property
    def called(self) -> str:
        """What people call it."""
        title = text(inner(self.latest or {}, "properties"), "title", 120) or ""
        return f"{self.number or self.name} {title}".strip()

    def target(self) -> Target:
        """Return it as the target of a change."""
        return Target(
            workspace=self.workspace,
            kind="incident",
            name=self.name,
            read=self.read,
            title=self.called,
        )


def sendable(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a write: the etag that was read, and what a client may write."""
    properties = {
        key: value for key, value in inner(document, "properties").items() if key not in _READ_ONLY
    }
    if "labels" in properties:
        names = [text(each, "labelName") for each in inners(properties, "labels")]
        properties["labels"] = [{"labelName": each} for each in names if each]
    etag = text(document, "etag")
    return {**({"etag": etag} if etag else {}), "properties": properties}

"""What is added to an incident: comments, tasks, and relations to alerts and bookmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal
from uuid import NAMESPACE_URL, uuid5

from sentinel_mcp.azure import odata
from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.changes import (
    ChangeReport,
    Manner,
    Target,
    create,
    new_name,
    update,
)
from sentinel_mcp.domains.documents import Document, inner, last_segment, text, whole
from sentinel_mcp.domains.incidents.change_models import IncidentChange
from sentinel_mcp.domains.incidents.lookup import find_incident, name_within
from sentinel_mcp.domains.incidents.stored import Stored, StoredIncident
from sentinel_mcp.errors import InputError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

MAX_MESSAGE_CHARS = 30_000
MAX_COMMENTS = 100
"""Azure's limits: characters of a comment, and comments of an incident."""

TaskStatus = Literal["New", "Completed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEdit:
    """What a task is to say; None leaves it as it is."""

    title: str | None = None
    description: str | None = None
    status: TaskStatus | None = None

    def properties(self) -> dict[str, Any]:
        """Return what is given, by its names at Azure."""
        given = {"title": self.title, "description": self.description, "status": self.status}
        return {name: value for name, value in given.items() if value is not None}


class Attachments:
    """Adds to incidents; nothing here is asked for, since nothing is lost by it."""

    def __init__(self, calls: AzureCalls) -> None:
        self._calls = calls

    async def comment(
        self,
        incident: int | str,
        message: str,
        manner: Manner,
        *,
        name: str | None,
        workspace: str | None,
    ) -> IncidentChange:
        """Add a comment; the same again under the same name adds nothing.

        Raises:
            InputError: the incident has as many comments as Azure lets it have.
            Conflict: another comment has that name.

        """
        context, stored = await self._open(incident, workspace)
        chosen = odata.resource_name(name) if name else new_name()
        if name is None:
            require_room(stored)
        report = await new_comment(
            self._calls, stored, context, message, chosen, manner, fresh=name is None
        )
        written = None if report.outcome == "preview" else chosen
        return _told(report, stored).model_copy(update={"comment_id": written})

    async def task(
        self,
        incident: int | str,
        edit: TaskEdit,
        manner: Manner,
        *,
        name: str | None,
        workspace: str | None,
    ) -> IncidentChange:
        """Add a task, new unless the edit says otherwise; under a used name, nothing."""
        context, stored = await self._open(incident, workspace)
        chosen = odata.resource_name(name) if name else new_name()
        one = Stored(
            self._calls,
            context.security_insights_client.incident_tasks,
            (*stored.path, chosen),
            "a task of an incident",
        )
        document = {"properties": {"status": "New", **edit.properties()}}
        report = await create(
            _target(stored, one, "task", chosen),
            document,
            one.write,
            replace(manner, approve=None),
            fresh=name is None,
        )
        return _told(report, stored)

    async def change_task(
        self,
        incident: int | str,
        task: str,
        edit: TaskEdit,
        manner: Manner,
        *,
        workspace: str | None,
    ) -> IncidentChange:
        """Change a task.

        Raises:
            InputError: nothing is to change.
            NotFound: the incident has no such task.
            Conflict: somebody changed it meanwhile.

        """
        if not edit.properties():
            raise InputError("Nothing is to be changed.", hint="Set what should be different.")
        chosen = odata.resource_name(task)
        context, stored = await self._open(incident, workspace)
        one = Stored(
            self._calls,
            context.security_insights_client.incident_tasks,
            (*stored.path, chosen),
            "a task of an incident",
        )

        def revise(_: Document) -> Mapping[str, Any]:
            return edit.properties()

        report = await update(
            _target(stored, one, "task", chosen), revise, one.write, replace(manner, approve=None)
        )
        return _told(report, stored)

    async def relate(
        self,
        incident: int | str,
        manner: Manner,
        *,
        alert: str | None,
        bookmark: str | None,
        workspace: str | None,
    ) -> IncidentChange:
        """Relate an alert or a bookmark to an incident.

        The relation's name is made of the two that it ties: sent twice, it is one.

        Raises:
            InputError: neither or both are named, or the two are related already.

        """
        if (alert is None) == (bookmark is None):
            raise InputError(
                "One of `alert` and `bookmark` is to be related.", hint="Set one of the two."
            )
        context, stored = await self._open(incident, workspace)
        related_type, related = (
            ("bookmarks", name_within(context, bookmark, types=("bookmarks",)))
            if bookmark is not None
            else ("entities", name_within(context, alert or "", types=("entities",)))
        )
        await self._refuse_related(context, stored, related)
        # Loaded late: it brings the SDK's request classes.
        from sentinel_mcp.azure.arm import sentinel_path

        resource_id = f"{sentinel_path(context)}/{related_type}/{related}"
        chosen = str(uuid5(NAMESPACE_URL, f"{stored.name}/{related_type}/{related}".casefold()))
        one = Stored(
            self._calls,
            context.security_insights_client.incident_relations,
            (*stored.path, chosen),
            "a relation of an incident",
        )
        report = await create(
            _target(stored, one, "relation", chosen),
            {"properties": {"relatedResourceId": resource_id}},
            one.write,
            replace(manner, approve=None),
            fresh=True,
        )
        return _told(report, stored)

    async def _refuse_related(
        self, context: AzureServicesContext, stored: StoredIncident, related: str
    ) -> None:
        client = context.security_insights_client
        relations = await self._calls.read_all(
            "read the relations of an incident",
            lambda: client.incident_relations.list(*stored.path),
        )
        for each in relations:
            properties = inner(each, "properties")
            there = text(properties, "relatedResourceName") or last_segment(
                text(properties, "relatedResourceId") or ""
            )
            # The casing of ids varies from one answer to the next.
            if there.casefold() == related.casefold():
                raise InputError(
                    f"{related!r} is related to incident {stored.called!r} already.",
                    hint="`get_incident` with include=['relations'] shows what is.",
                )

    async def _open(
        self, incident: int | str, workspace: str | None
    ) -> tuple[AzureServicesContext, StoredIncident]:
        context = await self._calls.open(workspace)
        document = await find_incident(self._calls, context, incident)
        return context, StoredIncident.of(self._calls, context, document)


def require_room(stored: StoredIncident) -> None:
    """Raise where an incident has as many comments as Azure lets it have.

    Raises:
        InputError: it has.

    """
    extra = inner(inner(stored.latest or {}, "properties"), "additionalData")
    if (whole(extra, "commentsCount") or 0) >= MAX_COMMENTS:
        raise InputError(
            f"Incident {stored.called!r} has {MAX_COMMENTS} comments, and Azure takes no more.",
            hint="Put it into a task (`add_incident_task`) or the description.",
        )


async def new_comment(
    calls: AzureCalls,
    stored: StoredIncident,
    context: AzureServicesContext,
    message: str,
    name: str,
    manner: Manner | None = None,
    *,
    fresh: bool = True,
) -> ChangeReport:
    """Write a comment under a name; `fresh` where that was made here."""
    one = Stored(
        calls,
        context.security_insights_client.incident_comments,
        (*stored.path, name),
        "a comment on an incident",
    )
    return await create(
        _target(stored, one, "comment", name),
        {"properties": {"message": message}},
        one.write,
        replace(manner or Manner(), approve=None),
        fresh=fresh,
    )


def _target(incident: StoredIncident, one: Stored, kind: str, name: str) -> Target:
    return Target(
        workspace=incident.workspace,
        kind=kind,
        name=name,
        read=one.read,
        title=f"{name} of incident {incident.number or incident.name}",
    )


def _told(report: ChangeReport, stored: StoredIncident) -> IncidentChange:
    return IncidentChange(**dict(report), number=stored.number)

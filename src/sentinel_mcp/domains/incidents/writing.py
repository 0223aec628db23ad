"""Changes of incidents: each is shown first, checked against what is there, and told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sentinel_mcp.azure import odata
from sentinel_mcp.domains.calls import AzureCalls, Failure
from sentinel_mcp.domains.changes import (
    ChangeReport,
    Manner,
    create,
    new_name,
    update,
)
from sentinel_mcp.domains.differences import FieldChange
from sentinel_mcp.domains.documents import cut
from sentinel_mcp.domains.incidents.attachments import new_comment, require_room
from sentinel_mcp.domains.incidents.change_models import IncidentChange
from sentinel_mcp.domains.incidents.edits import IncidentEdit, labels_of, owner_of
from sentinel_mcp.domains.incidents.lookup import find_incident
from sentinel_mcp.domains.incidents.models import Severity
from sentinel_mcp.domains.incidents.stored import StoredIncident
from sentinel_mcp.errors import InputError, SentinelError

_SHOWN_CHARS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIncident:
    """An incident to be made; `name` is None where it is to be made here."""

    title: str
    severity: Severity
    description: str | None = None
    owner: str | None = None
    labels: Sequence[str] = ()
    name: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the document that Azure is to hold."""
        properties: dict[str, Any] = {
            "title": self.title,
            "severity": self.severity,
            "status": "New",
        }
        if self.description:
            properties["description"] = self.description
        if self.owner:
            properties["owner"] = owner_of(self.owner)
        if self.labels:
            properties["labels"] = labels_of(self.labels)
        return {"properties": properties}


class IncidentChanges:
    """Writes incidents."""

    def __init__(self, calls: AzureCalls) -> None:
        self._calls = calls

    async def update(
        self,
        incident: int | str,
        edit: IncidentEdit,
        manner: Manner,
        *,
        comment: str | None,
        workspace: str | None,
    ) -> IncidentChange:
        """Change an incident, then add the comment; only closing one is asked for.

        The two are two requests. When the first fails, that is raised and the second is not made;
        when only the second fails, the report of the first says so.

        Raises:
            NotFound: there is no such incident.
            InputError: nothing is to change, or Azure would not take it.
            Conflict: somebody changed it meanwhile.

        """
        if edit.is_empty and not comment:
            raise InputError("Nothing is to be changed.", hint="Set what should be different.")
        if comment is not None and not comment.strip():
            raise InputError("The comment is blank.", hint="Write something, or leave it out.")
        context = await self._calls.open(workspace)
        document = await find_incident(self._calls, context, incident)
        stored = StoredIncident.of(self._calls, context, document)
        if comment:
            # Looked at before anything is written, so that nothing is half done.
            require_room(stored)
        report = await update(
            stored.target(),
            edit.revise,
            stored.write,
            manner if edit.closes else replace(manner, approve=None),
        )
        change = _told(report, stored)
        if not comment:
            return change
        if manner.dry_run:
            shown = FieldChange(field="comment", before=None, after=cut(comment, _SHOWN_CHARS))
            return change.model_copy(
                update={
                    "outcome": "preview",
                    "changes": [*change.changes, shown],
                    "notices": [] if edit.is_empty else change.notices,
                }
            )
        return await self._commented(change, stored, comment, is_empty=edit.is_empty)

    async def create(
        self, wanted: NewIncident, manner: Manner, *, workspace: str | None
    ) -> IncidentChange:
        """Create an incident; under a name that was used for the same one, nothing.

        Raises:
            Conflict: another incident has that name.

        """
        context = await self._calls.open(workspace)
        name = odata.resource_name(wanted.name) if wanted.name else new_name()
        stored = StoredIncident(self._calls, context, name)
        report = await create(
            stored.target(),
            wanted.document(),
            stored.write,
            replace(manner, approve=None),
            fresh=wanted.name is None,
        )
        return _told(report, stored)

    async def _commented(
        self, change: IncidentChange, stored: StoredIncident, comment: str, *, is_empty: bool
    ) -> IncidentChange:
        name = new_name()
        added = await self._calls.attempt(
            new_comment(
                self._calls, stored, await self._calls.open(stored.workspace), comment, name
            )
        )
        if isinstance(added, ChangeReport):
            notices = [] if is_empty else change.notices
            return change.model_copy(
                update={
                    "outcome": "done",
                    "comment_id": name,
                    # A comment makes a new version of its incident, too.
                    "etag": None,
                    "notices": [*notices, "The comment was added.", *added.notices],
                }
            )
        if change.outcome != "done":
            raise added
        return change.model_copy(
            update={
                "comment_error": _with_remedy(added, name),
                "notices": [
                    *change.notices,
                    "The incident was changed, but the comment was NOT added: "
                    f"{added.message} Add it with `add_incident_comment`, comment_id={name!r}.",
                ],
            }
        )


def _with_remedy(error: SentinelError, name: str) -> Failure:
    failure = Failure.of(error)
    remedy = f"Then call `add_incident_comment` with comment_id={name!r}."
    hint = f"{failure.hint} {remedy}" if failure.hint else remedy
    return failure.model_copy(update={"hint": hint})


def _told(report: ChangeReport, stored: StoredIncident) -> IncidentChange:
    return IncidentChange(**dict(report), number=stored.number)

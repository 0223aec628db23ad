"""What belongs to an incident and is written by people: comments, tasks, and its relations."""

from __future__ import annotations

from sentinel_mcp.local import identity
from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services.caller import caller
from sentinel_mcp.local.services.discussion.counts import Counts
from sentinel_mcp.local.services.discussion.relations import Relations
from sentinel_mcp.local.services.faults import Body, bad_request, not_found
from sentinel_mcp.local.services.odata import Properties
from sentinel_mcp.local.services.paging import ListQuery, Page, page_of
from sentinel_mcp.local.services.writing import Clock, choice_of, properties_of, stamp, text_of

COMMENTS = "comments"
TASKS = "incidentTasks"
RELATIONS = "relations"

COMMENT_PROPERTIES: Properties = {
    "properties/message": "string",
    "properties/createdTimeUtc": "time",
    "properties/lastModifiedTimeUtc": "time",
}
RELATION_PROPERTIES: Properties = {
    "properties/relatedResourceId": "string",
    "properties/relatedResourceName": "string",
    "properties/relatedResourceType": "string",
    "properties/relatedResourceKind": "string",
}

_NOUNS = {COMMENTS: "Comment", TASKS: "Task", RELATIONS: "Relation"}
MAX_MESSAGE_CHARS = 30_000
MAX_COMMENTS = 100


class Discussion:
    """The comments, tasks and relations of incidents."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock
        self._counts = Counts(documents)
        self.ties = Relations(documents, clock)

    def comments(self, incident: str, query: ListQuery) -> Page:
        """Return one page of an incident's comments, newest first."""
        return page_of(
            self._documents.list(COMMENTS, self._incident(incident)),
            query,
            COMMENT_PROPERTIES,
            default_order="properties/createdTimeUtc desc",
        )

    def tasks(self, incident: str) -> list[Body]:
        """Return all tasks of an incident."""
        return self._documents.list(TASKS, self._incident(incident))

    def relations(self, incident: str, query: ListQuery) -> Page:
        """Return one page of an incident's relations."""
        found = self._documents.list(RELATIONS, self._incident(incident))
        return page_of(found, query, RELATION_PROPERTIES)

    def get(self, kind: str, incident: str, name: str) -> Body:
        """Return one comment, task or relation of an incident."""
        found = self._documents.get(kind, name, parent=self._incident(incident))
        if found is None:
            raise not_found(_NOUNS[kind], name)
        return found

    def put_comment(
        self, incident: str, name: str, body: Body, etag: str | None
    ) -> tuple[Body, bool]:
        """Write a comment; also say whether it is new."""
        given = properties_of(body)
        message = text_of(given, "message", required=True) or ""
        if len(message) > MAX_MESSAGE_CHARS:
            raise bad_request(f"A comment has at most {MAX_MESSAGE_CHARS} characters.")
        written = {"message": message}
        parent = self._incident(incident)
        before = self._documents.get(COMMENTS, name, parent=parent)
        if before is None and len(self._documents.list(COMMENTS, parent)) >= MAX_COMMENTS:
            raise bad_request(f"An incident has at most {MAX_COMMENTS} comments.")
        now = stamp(self._clock)
        first = {"createdTimeUtc": now, "author": caller()}
        kept = properties_of(before) if before else first
        document = self._write(
            COMMENTS,
            parent,
            name,
            {**kept, **written, "lastModifiedTimeUtc": now},
            segment="comments",
            etag=etag,
        )
        self._counts.renew(parent, now)
        return document, before is None

    def put_task(self, incident: str, name: str, body: Body, etag: str | None) -> tuple[Body, bool]:
        """Write a task; also say whether it is new."""
        given = properties_of(body)
        written = {
            "title": text_of(given, "title", required=True),
            "description": text_of(given, "description"),
            "status": choice_of(given, "status", ("New", "Completed"), required=True),
        }
        parent = self._incident(incident)
        before = self._documents.get(TASKS, name, parent=parent)
        now = stamp(self._clock)
        first = {"createdTimeUtc": now, "createdBy": caller()}
        kept = properties_of(before) if before else first
        changed = {"lastModifiedTimeUtc": now, "lastModifiedBy": caller()}
        document = self._write(
            TASKS, parent, name, {**kept, **written, **changed}, segment="tasks", etag=etag
        )
        self._counts.renew(parent, now)
        return document, before is None

    def delete(self, kind: str, incident: str, name: str) -> bool:
        """Remove a comment or task of an incident; say whether it was there."""
        parent = self._incident(incident)
        if self._documents.get(kind, name, parent=parent) is None:
            return False
        self._documents.delete(kind, name, parent=parent)
        self._counts.renew(parent, stamp(self._clock))
        return True

    def _write(
        self,
        kind: str,
        parent: str,
        name: str,
        properties: Body,
        *,
        segment: str,
        etag: str | None,
    ) -> Body:
        document = {
            "id": f"{identity.INSIGHTS_ID}/incidents/{parent}/{segment}/{name}",
            "name": name,
            "type": f"Microsoft.SecurityInsights/incidents/{segment}",
            "properties": {key: value for key, value in properties.items() if value is not None},
        }
        return self._documents.put(kind, name, document, parent=parent, etag=etag)

    def _incident(self, name: str) -> str:
        """Return the incident's name as it is kept."""
        found = self._documents.get("incidents", name)
        if found is None:
            raise not_found("Incident", name)
        return str(found["name"])

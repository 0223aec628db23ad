"""What belongs to one incident: each part is fetched once, all of them at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from sentinel_mcp.domains.calls import AzureCalls, Failure
from sentinel_mcp.domains.documents import Document, cut, inner, inners, name, text, time, whole
from sentinel_mcp.domains.incidents.documents import rule_names
from sentinel_mcp.domains.incidents.history import history_query
from sentinel_mcp.domains.incidents.moments import earlier
from sentinel_mcp.errors import NotFound, SentinelError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

PartName = Literal[
    "alerts", "entities", "comments", "tasks", "bookmarks", "relations", "rule", "history"
]

MAX_ITEMS = 50
"""Items of a section among several; one that is asked for alone gets four times as many."""

MAX_RULES = 5
MAX_VERSIONS = 500
HISTORY_DAYS = 90
"""How far back the history is read of an incident that does not say when it was made."""


@dataclass(frozen=True, slots=True)
class Found:
    """What Azure answered for a part; `total` None means that it did not say."""

    documents: Sequence[Document]
    total: int | None
    note: str | None = None
    counts: Mapping[str, int] | None = None


class Parts:
    """Fetches the parts of one incident; who asks for a part again waits for the same fetch."""

    def __init__(
        self,
        calls: AzureCalls,
        context: AzureServicesContext,
        document: Document,
        group: asyncio.TaskGroup,
        *,
        max_items: int = MAX_ITEMS,
    ) -> None:
        self.calls = calls
        self.context = context
        self.document = document
        self.max_items = max_items
        self._group = group
        self._begun: dict[PartName, asyncio.Task[Found | SentinelError]] = {}
        self._fetches: dict[PartName, Callable[[], Awaitable[Found]]] = {
            "alerts": self._alerts,
            "entities": self._entities,
            "comments": self._comments,
            "tasks": self._tasks,
            "bookmarks": self._bookmarks,
            "relations": self._relations,
            "rule": self._rules,
            "history": self._history,
        }

    def fetch(self, part: PartName) -> asyncio.Task[Found | SentinelError]:
        """Begin to fetch a part, unless that is under way; the error comes as a result."""
        if part not in self._begun:
            attempt = self.calls.attempt(self._fetches[part]())
            self._begun[part] = self._group.create_task(attempt)
        return self._begun[part]

    @property
    def _path(self) -> tuple[str, str, str]:
        """What every client method names the incident by."""
        context = self.context
        return context.resource_group, context.workspace_name, name(self.document)

    def _counted(self, key: str) -> int | None:
        """Return a count that the incident's own document carries."""
        return whole(inner(inner(self.document, "properties"), "additionalData"), key)

    async def _alerts(self) -> Found:
        client = self.context.security_insights_client
        answer = await self.calls.read(
            "read the alerts of an incident", lambda: client.incidents.list_alerts(*self._path)
        )
        return _whole(inners(answer, "value"))

    async def _entities(self) -> Found:
        client = self.context.security_insights_client
        answer = await self.calls.read(
            "read the entities of an incident", lambda: client.incidents.list_entities(*self._path)
        )
        counts = {
            kind: count
            for each in inners(answer, "metaData")
            if (kind := text(each, "entityKind", 60))
            and (count := whole(each, "count")) is not None
        }
        entities = inners(answer, "entities")
        return Found(entities, total=len(entities), counts=counts)

    async def _bookmarks(self) -> Found:
        client = self.context.security_insights_client
        answer = await self.calls.read(
            "read the bookmarks of an incident",
            lambda: client.incidents.list_bookmarks(*self._path),
        )
        return _whole(inners(answer, "value"))

    async def _comments(self) -> Found:
        client = self.context.security_insights_client
        documents, token = await self.calls.read_page(
            "read the comments of an incident",
            lambda: client.incident_comments.list(
                *self._path, orderby="properties/createdTimeUtc desc", top=self.max_items
            ),
        )
        total = len(documents) if token is None else self._counted("commentsCount")
        return Found(documents, total, _more(token))

    async def _tasks(self) -> Found:
        client = self.context.security_insights_client
        documents, token = await self.calls.read_page(
            "read the tasks of an incident", lambda: client.incident_tasks.list(*self._path)
        )
        return Found(documents, len(documents) if token is None else None, _more(token))

    async def _relations(self) -> Found:
        client = self.context.security_insights_client
        documents, token = await self.calls.read_page(
            "read the relations of an incident",
            lambda: client.incident_relations.list(*self._path, top=self.max_items),
        )
        return Found(documents, len(documents) if token is None else None, _more(token))

    async def _rules(self) -> Found:
        names = rule_names(self.document)
        answers = await asyncio.gather(*(self._rule(each) for each in names[:MAX_RULES]))
        rules = [each for each in answers if not isinstance(each, str)]
        gone = [cut(each, 100) for each in answers if isinstance(each, str)]
        notes = [
            f"Deleted since: {', '.join(gone)}." if gone else "",
            f"Only {MAX_RULES} are read; `rule_ids` has all." if len(names) > MAX_RULES else "",
        ]
        return Found(rules, total=len(rules), note=" ".join(filter(None, notes)) or None)

    async def _rule(self, rule: str) -> Document | str:
        """Return the rule, or its name when it exists no more."""
        context = self.context
        client = context.security_insights_client
        try:
            return await self.calls.read(
                "read an analytics rule",
                lambda: client.alert_rules.get(
                    context.resource_group, context.workspace_name, rule
                ),
            )
        except NotFound:
            return rule

    async def _history(self) -> Found:
        created = time(inner(self.document, "properties"), "createdTimeUtc")
        # Rows of a change are written after it; a day covers clocks that differ.
        since = (
            earlier(created, timedelta(days=1))
            if created
            else self.calls.now() - timedelta(days=HISTORY_DAYS)
        )
        found = await self.calls.query(
            self.context,
            "read the history of an incident",
            history_query(name(self.document), since, MAX_VERSIONS),
            max_rows=MAX_VERSIONS,
        )
        is_cut = len(found.rows) >= MAX_VERSIONS
        notes = [
            f"Only the latest {MAX_VERSIONS} changes were read." if is_cut else None,
            _partly(found.fault),
        ]
        return Found(found.rows, total=None, note=" ".join(filter(None, notes)) or None)


def _whole(documents: Sequence[Document]) -> Found:
    return Found(documents, total=len(documents))


def _more(token: str | None) -> str | None:
    return None if token is None else "Azure has further pages."


def _partly(fault: Failure | None) -> str | None:
    return fault and f"The log of changes came only in part: {fault.message}"

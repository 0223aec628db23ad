"""One incident with everything around it: its sections are fetched at once, each for itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from sentinel_mcp.azure import odata
from sentinel_mcp.azure.failures import translated
from sentinel_mcp.azure.paging import first_page
from sentinel_mcp.domains.documents import Document, inner, inners, name, text, whole
from sentinel_mcp.domains.incidents.documents import (
    read_alert,
    read_bookmark,
    read_comment,
    read_detail,
    read_entity,
    read_relation,
    read_rule,
    read_task,
    rule_names,
)
from sentinel_mcp.domains.incidents.models import (
    AlertSection,
    BookmarkSection,
    CommentSection,
    EntitySection,
    Failure,
    IncidentDossier,
    RelationSection,
    RuleSection,
    SectionName,
    TaskSection,
)
from sentinel_mcp.errors import InputError, NotFound, SentinelError
from sentinel_mcp.settings import Settings
from sentinel_mcp.tasks.manager import Lane, Progress, TaskManager

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext
    from sentinel_mcp.azure.workspaces import Workspaces

READER = "Microsoft Sentinel Reader"
"""The least role that reads incidents and what belongs to them."""

MAX_ITEMS = 50
"""Items of a section among several; one that is asked for alone gets four times as many."""

MAX_RULES = 5
MIN_SHARE_BYTES = 2_000

_RESOURCE_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/[^/]+/workspaces/(?P<workspace>[^/]+)"
    r"/providers/Microsoft\.SecurityInsights/incidents/(?P<name>[^/]+)/?",
    re.IGNORECASE,
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Found:
    """What Azure answered for a section; `total` None means that it did not say."""

    documents: Sequence[Document]
    total: int | None
    note: str | None = None
    counts: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """The incident whose sections are fetched."""

    context: AzureServicesContext
    document: Document
    max_items: int = MAX_ITEMS

    @property
    def path(self) -> tuple[str, str, str]:
        """What every client method names the incident by."""
        return self.context.resource_group, self.context.workspace_name, name(self.document)

    def counted(self, key: str) -> int | None:
        """Return a count that the incident's own document carries."""
        return whole(inner(inner(self.document, "properties"), "additionalData"), key)


@dataclass(frozen=True, slots=True)
class _Plan:
    fetch: Callable[[_Asked], Awaitable[_Found]]
    read: Callable[[Document], BaseModel]
    section: type[BaseModel]


class Dossiers:
    """Reads single incidents; every call to Azure waits for its place in the management lane."""

    def __init__(self, workspaces: Workspaces, tasks: TaskManager, settings: Settings) -> None:
        self._workspaces = workspaces
        self._tasks = tasks
        self._deadline_s = settings.management_timeout_s
        self._max_bytes = settings.max_answer_bytes
        self._plans: dict[SectionName, _Plan] = {
            "alerts": _Plan(self._alerts, read_alert, AlertSection),
            "entities": _Plan(self._entities, read_entity, EntitySection),
            "comments": _Plan(self._comments, read_comment, CommentSection),
            "tasks": _Plan(self._incident_tasks, read_task, TaskSection),
            "bookmarks": _Plan(self._bookmarks, read_bookmark, BookmarkSection),
            "relations": _Plan(self._relations, read_relation, RelationSection),
            "rule": _Plan(self._rules, read_rule, RuleSection),
        }

    async def read(
        self, incident: int | str, *, include: Sequence[SectionName], workspace: str | None
    ) -> IncidentDossier:
        """Return the incident and the sections of `include`.

        Raises:
            NotFound: there is no such incident in the workspace.

        """
        context = await self._workspaces.get(workspace)
        document = await self._incident(context, incident)
        detail = read_detail(document, context.config.name)
        wanted = list(dict.fromkeys(include))
        left_bytes = self._max_bytes - len(detail.model_dump_json())
        share = max(left_bytes // max(len(wanted), 1), MIN_SHARE_BYTES)
        asked = _Asked(context, document, MAX_ITEMS if len(wanted) > 1 else 4 * MAX_ITEMS)
        sections = await asyncio.gather(*(self._section(each, asked, share) for each in wanted))
        # Each section's model is the one that the field of its name takes; pydantic sees to it.
        filled: dict[str, Any] = dict(zip(wanted, sections, strict=True))
        return IncidentDossier(workspace=context.config.name, incident=detail, **filled)

    async def _incident(self, context: AzureServicesContext, incident: int | str) -> Document:
        number = _number(incident)
        if number is None:
            return await self._by_name(context, str(incident))
        if found := await self._by_number(context, number):
            return found
        raise _no_incident(context, number)

    async def _by_number(self, context: AzureServicesContext, number: int) -> Document | None:
        documents, _ = await self._call(
            "find an incident by its number",
            lambda: first_page(
                context.security_insights_client.incidents.list(
                    context.resource_group,
                    context.workspace_name,
                    filter=odata.eq("properties/incidentNumber", number),
                    top=1,
                )
            ),
        )
        return documents[0] if documents else None

    async def _by_name(self, context: AzureServicesContext, incident: str) -> Document:
        resource = _resource_name(context, incident)
        try:
            found = await self._call(
                "read an incident",
                lambda: context.security_insights_client.incidents.get(
                    context.resource_group, context.workspace_name, resource
                ),
            )
        except NotFound as error:
            # What is missing may be the workspace itself, and Azure's sentence tells which.
            raise _no_incident(context, resource, said=error.message) from error
        return found.as_dict()

    async def _section(self, section: SectionName, asked: _Asked, max_bytes: int) -> BaseModel:
        plan = self._plans[section]
        try:
            found = await plan.fetch(asked)
        except SentinelError as error:
            failure = Failure(code=error.code, message=error.message, hint=error.hint)
            return plan.section(error=failure)
        items: list[BaseModel] = []
        size = 0
        for document in found.documents[: asked.max_items]:
            item = plan.read(document)
            size += len(item.model_dump_json())
            if items and size > max_bytes:
                break
            items.append(item)
        notices = [found.note, _cut(section, len(items), found, asked)]
        fields: dict[str, Any] = {"counts": found.counts} if found.counts is not None else {}
        return plan.section(
            items=items,
            total=found.total,
            notice=" ".join(each for each in notices if each) or None,
            **fields,
        )

    async def _alerts(self, asked: _Asked) -> _Found:
        client = asked.context.security_insights_client
        answer = await self._call(
            "read the alerts of an incident", lambda: client.incidents.list_alerts(*asked.path)
        )
        return _whole(inners(answer.as_dict(), "value"))

    async def _entities(self, asked: _Asked) -> _Found:
        client = asked.context.security_insights_client
        answer = await self._call(
            "read the entities of an incident", lambda: client.incidents.list_entities(*asked.path)
        )
        document = answer.as_dict()
        counts = {
            kind: count
            for each in inners(document, "metaData")
            if (kind := text(each, "entityKind")) and (count := whole(each, "count")) is not None
        }
        entities = inners(document, "entities")
        return _Found(entities, total=len(entities), counts=counts)

    async def _bookmarks(self, asked: _Asked) -> _Found:
        client = asked.context.security_insights_client
        answer = await self._call(
            "read the bookmarks of an incident",
            lambda: client.incidents.list_bookmarks(*asked.path),
        )
        return _whole(inners(answer.as_dict(), "value"))

    async def _comments(self, asked: _Asked) -> _Found:
        client = asked.context.security_insights_client
        documents, token = await self._call(
            "read the comments of an incident",
            lambda: first_page(
                client.incident_comments.list(
                    *asked.path, orderby="properties/createdTimeUtc desc", top=asked.max_items
                )
            ),
        )
        total = len(documents) if token is None else asked.counted("commentsCount")
        return _Found(documents, total, _more(token))

    async def _incident_tasks(self, asked: _Asked) -> _Found:
        client = asked.context.security_insights_client
        documents, token = await self._call(
            "read the tasks of an incident",
            lambda: first_page(client.incident_tasks.list(*asked.path)),
        )
        return _Found(documents, len(documents) if token is None else None, _more(token))

    async def _relations(self, asked: _Asked) -> _Found:
        client = asked.context.security_insights_client
        documents, token = await self._call(
            "read the relations of an incident",
            lambda: first_page(client.incident_relations.list(*asked.path, top=asked.max_items)),
        )
        return _Found(documents, len(documents) if token is None else None, _more(token))

    async def _rules(self, asked: _Asked) -> _Found:
        names = rule_names(asked.document)
        answers = await asyncio.gather(
            *(self._rule(asked.context, each) for each in names[:MAX_RULES])
        )
        rules = [each for each in answers if not isinstance(each, str)]
        gone = [each for each in answers if isinstance(each, str)]
        notes = [
            f"Deleted since: {', '.join(gone)}." if gone else "",
            f"Only {MAX_RULES} are read; `rule_ids` has all." if len(names) > MAX_RULES else "",
        ]
        return _Found(rules, total=len(rules), note=" ".join(filter(None, notes)) or None)

    async def _rule(self, context: AzureServicesContext, rule: str) -> Document | str:
        """Return the rule, or its name when it exists no more."""
        try:
            found = await self._call(
                "read an analytics rule",
                lambda: context.security_insights_client.alert_rules.get(
                    context.resource_group, context.workspace_name, rule
                ),
            )
        except NotFound:
            return rule
        return found.as_dict()

    async def _call(self, operation: str, fetch: Callable[[], Awaitable[T]]) -> T:
        async def work(_: Progress) -> T:
            with translated(operation, role=READER):
                return await fetch()

        return await self._tasks.run(
            f"get_incident: {operation}", work, lane=Lane.MANAGEMENT, deadline_s=self._deadline_s
        )


def _whole(documents: Sequence[Document]) -> _Found:
    return _Found(documents, total=len(documents))


def _more(token: str | None) -> str | None:
    return None if token is None else "Azure has further pages."


def _cut(section: SectionName, shown: int, found: _Found, asked: _Asked) -> str | None:
    if shown >= len(found.documents) and found.total in (None, shown):
        return None
    total = f"of {found.total}" if found.total is not None else "of more"
    alone = asked.max_items > MAX_ITEMS
    remedy = "" if alone else f" Ask with include=[{section!r}] alone for more."
    return f"{shown} {total} are here.{remedy}"


def _no_incident(
    context: AzureServicesContext, incident: int | str, *, said: str | None = None
) -> NotFound:
    reason = f": {said}" if said else "."
    return NotFound(
        f"There is no incident {incident!r} in workspace {context.config.name!r}{reason}",
        hint="`list_incidents` shows the numbers and ids there are.",
    )


def _number(incident: int | str) -> int | None:
    if isinstance(incident, int):
        return incident
    stated = incident.strip().removeprefix("#")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 10 else None


def _resource_name(context: AzureServicesContext, incident: str) -> str:
    """Return the name under which the incident is asked for.

    Raises:
        InputError: it cannot be a name, or it is the id of an incident of another workspace.

    """
    stated = incident.strip()
    if match := _RESOURCE_ID.fullmatch(stated):
        there = (match["subscription"], match["group"], match["workspace"])
        here = (context.subscription_id, context.resource_group, context.workspace_name)
        # ARM ids differ in case from one answer to the next.
        if [each.casefold() for each in there] != [each.casefold() for each in here]:
            raise InputError(
                f"The incident is of workspace {match['workspace']!r}, "
                f"and {context.config.name!r} was asked.",
                hint="Name its workspace in `workspace`; `list_workspaces` shows the configured.",
            )
        stated = match["name"]
    return odata.resource_name(stated)

"""One incident with everything around it: its sections are fetched at once, each for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from sentinel_mcp.domains.calls import AzureCalls, Failure
from sentinel_mcp.domains.documents import Document
from sentinel_mcp.domains.incidents.closing import with_closing_times
from sentinel_mcp.domains.incidents.documents import (
    read_alert,
    read_bookmark,
    read_comment,
    read_detail,
    read_entity,
    read_relation,
    read_rule,
    read_task,
)
from sentinel_mcp.domains.incidents.fitting import fitted
from sentinel_mcp.domains.incidents.lookup import find_incident
from sentinel_mcp.domains.incidents.models import (
    AlertSection,
    BookmarkSection,
    CommentSection,
    EntitySection,
    IncidentDossier,
    RelationSection,
    RuleSection,
    SectionName,
    TaskSection,
)
from sentinel_mcp.domains.incidents.parts import MAX_ITEMS, Found, PartName, Parts
from sentinel_mcp.domains.incidents.similar import similar
from sentinel_mcp.domains.incidents.timeline import timeline
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.errors import SentinelError

MIN_SHARE_BYTES = 2_000


@dataclass(frozen=True, slots=True)
class _Plan:
    part: PartName
    read: Callable[[Document], BaseModel]
    section: type[BaseModel]


_PLANS: Mapping[SectionName, _Plan] = {
    "alerts": _Plan("alerts", read_alert, AlertSection),
    "entities": _Plan("entities", read_entity, EntitySection),
    "comments": _Plan("comments", read_comment, CommentSection),
    "tasks": _Plan("tasks", read_task, TaskSection),
    "bookmarks": _Plan("bookmarks", read_bookmark, BookmarkSection),
    "relations": _Plan("relations", read_relation, RelationSection),
    "rule": _Plan("rule", read_rule, RuleSection),
}


class Dossiers:
    """Reads single incidents."""

    def __init__(self, calls: AzureCalls) -> None:
        self._calls = calls

    async def read(
        self, incident: int | str, *, include: Sequence[SectionName], workspace: str | None
    ) -> IncidentDossier:
        """Return the incident and the sections of `include`.

        Raises:
            NotFound: there is no such incident in the workspace.

        """
        context = await self._calls.open(workspace)
        document = await find_incident(self._calls, context, incident)
        max_bytes = self._calls.max_answer_bytes
        detail = fitted(read_detail(document, context.config.name), max_bytes // 2)
        wanted = list(dict.fromkeys(include))
        left_bytes = max_bytes - size_bytes(detail)
        share = max(left_bytes // max(len(wanted), 1), MIN_SHARE_BYTES)
        max_items = MAX_ITEMS if len(wanted) > 1 else 4 * MAX_ITEMS
        async with asyncio.TaskGroup() as group:
            parts = Parts(self._calls, context, document, group, max_items=max_items)
            closing = group.create_task(with_closing_times(self._calls, [detail]))
            sections = await asyncio.gather(*(_section(each, parts, share) for each in wanted))
        [detail], warnings = closing.result()
        # Each section's model is the one that the field of its name takes; pydantic sees to it.
        filled: dict[str, Any] = dict(zip(wanted, sections, strict=True))
        return IncidentDossier(
            workspace=context.config.name, incident=detail, **filled, warnings=warnings
        )


async def _section(section: SectionName, parts: Parts, max_bytes: int) -> BaseModel:
    if section == "similar":
        return await similar(parts, max_bytes)
    if section == "timeline":
        return await timeline(parts, max_bytes)
    plan = _PLANS[section]
    found = await parts.fetch(plan.part)
    if isinstance(found, SentinelError):
        return plan.section(error=Failure.of(found))
    items: list[BaseModel] = []
    size = 0
    for document in found.documents[: parts.max_items]:
        item = fitted(plan.read(document), max_bytes)
        size += size_bytes(item)
        if items and size > max_bytes:
            break
        items.append(item)
    notices = [found.note, _cut(section, len(items), found, parts.max_items)]
    fields: dict[str, Any] = {"counts": found.counts} if found.counts is not None else {}
    return plan.section(
        items=items,
        total=found.total,
        notice=" ".join(each for each in notices if each) or None,
        **fields,
    )


def _cut(section: SectionName, shown: int, found: Found, max_items: int) -> str | None:
    if shown >= len(found.documents) and found.total in (None, shown):
        return None
    total = f"of {found.total}" if found.total is not None else "of more"
    alone = max_items > MAX_ITEMS
    remedy = "" if alone else f" Ask with include=[{section!r}] alone for more."
    return f"{shown} {total} are here.{remedy}"

"""What happened in an incident, in the order of time: one list out of all its parts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from sentinel_mcp.domains.calls import Failure
from sentinel_mcp.domains.documents import Document, cut
from sentinel_mcp.domains.incidents.documents import (
    read_alert,
    read_bookmark,
    read_comment,
    read_task,
)
from sentinel_mcp.domains.incidents.history import history_events
from sentinel_mcp.domains.incidents.models import TimelineEvent, TimelineSection
from sentinel_mcp.domains.incidents.moments import EARLIEST
from sentinel_mcp.domains.incidents.parts import PartName, Parts
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.errors import SentinelError

MAX_EVENTS = 200
_TEXT_CHARS = 300


async def timeline(parts: Parts, max_bytes: int) -> TimelineSection:
    """Return what happened, oldest first; where that is too much, the latest of it.

    A part that cannot be read is told in the notice; if none can, the section is an error.
    """
    names: Sequence[PartName] = tuple(_READERS)
    found = await asyncio.gather(*(parts.fetch(each) for each in names))
    failed = {
        name: each
        for name, each in zip(names, found, strict=True)
        if isinstance(each, SentinelError)
    }
    if len(failed) == len(names):
        return TimelineSection(error=Failure.of(next(iter(failed.values()))))
    events: list[TimelineEvent] = []
    notes = [f"Without {name}: {error.message}" for name, error in failed.items()]
    for name, each in zip(names, found, strict=True):
        if not isinstance(each, SentinelError):
            events += _READERS[name](each.documents)
            notes += [f"{name}: {each.note}"] if each.note else []
    events.sort(key=lambda each: each.time or EARLIEST)
    shown = _latest(events, max_bytes)
    if len(shown) < len(events):
        notes.append(f"The latest {len(shown)} of {len(events)} are here.")
    return TimelineSection(items=shown, total=len(events), notice=" ".join(notes) or None)


def _latest(events: list[TimelineEvent], max_bytes: int) -> list[TimelineEvent]:
    kept: list[TimelineEvent] = []
    size = 0
    for event in reversed(events[-MAX_EVENTS:]):
        size += size_bytes(event)
        if kept and size > max_bytes:
            break
        kept.append(event)
    return kept[::-1]


def _alerts(documents: Sequence[Document]) -> Iterable[TimelineEvent]:
    for alert in map(read_alert, documents):
        told = f"{alert.name or alert.id} ({alert.severity or 'Unknown'}, {alert.product or '?'})"
        yield TimelineEvent(
            time=alert.started or alert.generated,
            kind="alert",
            text=cut(told, 2 * _TEXT_CHARS),
            by=alert.product,
        )


def _comments(documents: Sequence[Document]) -> Iterable[TimelineEvent]:
    for comment in map(read_comment, documents):
        yield TimelineEvent(
            time=comment.created,
            kind="comment",
            text=cut(comment.message, _TEXT_CHARS),
            by=comment.author,
        )


def _tasks(documents: Sequence[Document]) -> Iterable[TimelineEvent]:
    for task in map(read_task, documents):
        yield TimelineEvent(
            time=task.created, kind="task", text=f"added: {task.title}", by=task.created_by
        )
        if task.status == "Completed":
            yield TimelineEvent(time=task.modified, kind="task", text=f"completed: {task.title}")


def _bookmarks(documents: Sequence[Document]) -> Iterable[TimelineEvent]:
    for bookmark in map(read_bookmark, documents):
        yield TimelineEvent(
            time=bookmark.event_time or bookmark.created,
            kind="bookmark",
            text=bookmark.name or bookmark.id,
            by=bookmark.created_by,
        )


_READERS: Mapping[PartName, Callable[[Sequence[Document]], Iterable[TimelineEvent]]] = {
    "alerts": _alerts,
    "comments": _comments,
    "tasks": _tasks,
    "bookmarks": _bookmarks,
    "history": history_events,
}

"""How a change is made at Azure: shown first, agreed to, checked against what is there, told.

    read ─► nothing to change ────────────────────────────► "unchanged"
      │
      ├──► dry run ───────────────────────────────────────► "preview"
      │
      └──► agreed ─► write with the etag that was read ───► "done"
                       ├─ changed meanwhile ─► Conflict that says what
                       └─ answer lost ─► read again: "done", or the error

A write is never half done: it is one request. Whether a lost one arrived is found out by reading,
so that a retry makes no duplicate.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.differences import (
    FieldChange,
    arrived,
    differences,
    holds,
    same_etag,
)
from sentinel_mcp.domains.documents import Document, cut, inner, text
from sentinel_mcp.domains.untrusted import UNTRUSTED
from sentinel_mcp.errors import Conflict, NotFound, SentinelError, TimedOut, Unavailable

Approve = Callable[[str], Awaitable[None]]
"""Returns when the user agrees to what the text says; raises ConfirmationNeeded or Declined."""

Action = Literal["create", "update", "delete", "run"]
Outcome = Literal["preview", "done", "unchanged"]


class ChangeReport(BaseModel):
    """What a writing tool did, or would do."""

    model_config = ConfigDict(frozen=True)

    untrusted: str = UNTRUSTED
    workspace: str
    outcome: Annotated[
        Outcome, Field(description="`preview`: nothing was written. `unchanged`: no need to.")
    ]
    action: Action
    kind: Annotated[str, Field(description="What was changed, such as `incident`.")]
    name: Annotated[str, Field(description="Its name at Azure; pass it to read it back.")]
    changes: list[FieldChange]
    etag: Annotated[str | None, Field(description="Of the version there is now.")] = None
    notices: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be changed, and how it is read; `read` gives None where it does not exist."""

    workspace: str
    kind: str
    name: str
    read: Callable[[], Awaitable[Document | None]]
    title: str | None = None
    """What people call it, for the question and the errors."""

    @property
    def called(self) -> str:
        """Return what a sentence calls it."""
        return f"{self.kind} {self.title or self.name!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the caller wants it done.

    `etag` is of the version that the caller has seen; `approve` is None where no question is due.
    """

    dry_run: bool = False
    etag: str | None = None
    approve: Approve | None = None


Write = Callable[[dict[str, Any]], Awaitable[Document]]
"""Sends the whole document, whose `etag` is that of the version it replaces; returns the new."""


def new_name() -> str:
    """Return a name for something new: made here, so that sending it twice makes one thing."""
    return str(uuid4())


async def update(
    target: Target,
    revise: Callable[[Document], Mapping[str, Any]],
    write: Write,
    manner: Manner,
) -> ChangeReport:
    """Replace the properties that `revise` returns, by their names at Azure; None removes one.

    Raises:
        NotFound: it does not exist.
        Conflict: somebody changed it since it was read, here or by the caller.
        ConfirmationNeeded, Declined: the user has not agreed.

    """
    before = await _existing(target)
    _same_version(target, before, manner.etag)
    revised = dict(revise(before))
    properties = {**inner(before, "properties"), **revised}
    after = {**before, "properties": {k: v for k, v in properties.items() if v is not None}}
    changes = differences(before, after)

    def report(outcome: Outcome, document: Document, *notices: str) -> ChangeReport:
        return _report(target, "update", outcome, changes, document, notices)

    if not changes:
        return report("unchanged", before, "It is so already.")
    if manner.dry_run:
        return report("preview", before)
    await _agreed(manner, f"Update {target.called}", changes)
    try:
        return report("done", await write(after))
    except (Conflict, Unavailable) as error:
        latest = await _latest(target, error)
        if latest is not None and arrived(before, after, latest, revised):
            return report("done", latest, "Its answer was lost; it was found written.")
        if isinstance(error, Conflict):
            raise _overtaken(target, before, latest, error) from error
        raise _not_written(error) from error


async def create(
    target: Target, document: Mapping[str, Any], write: Write, manner: Manner, *, fresh: bool
) -> ChangeReport:
    """Create what `document` says; `fresh` where the name was made here and cannot be taken.

    Creating the same thing again under the same name is "unchanged".

    Raises:
        Conflict: something else has that name.
        ConfirmationNeeded, Declined: the user has not agreed.

    """
    wanted: dict[str, Any] = dict(document)
    changes = differences({}, wanted)

    def report(outcome: Outcome, found: Document, *notices: str) -> ChangeReport:
        told = [] if outcome == "unchanged" else changes
        return _report(target, "create", outcome, told, found, notices)

    if not fresh and (there := await target.read()) is not None:
        if not holds(inner(wanted, "properties"), inner(there, "properties")):
            raise Conflict(
                f"There is another {target.kind} of the name {target.name!r} already.",
                hint="Choose another name, or update the one there is.",
            )
        return report("unchanged", there, "It was there already, just so.")
    if manner.dry_run:
        return report("preview", wanted)
    await _agreed(manner, f"Create {target.called}", changes)
    try:
        return report("done", await write(wanted))
    except (Conflict, Unavailable) as error:
        latest = await _latest(target, error)
        if latest is not None and holds(inner(wanted, "properties"), inner(latest, "properties")):
            return report("done", latest, "Its answer was lost; it was found written.")
        if isinstance(error, Conflict):
            raise
        raise _not_written(error) from error


async def delete(
    target: Target, remove: Callable[[], Awaitable[None]], manner: Manner
) -> ChangeReport:
    """Delete it; what is lost with it is in the changes.

    Raises:
        NotFound: it does not exist.
        Conflict: it is not the version that the caller has seen.
        ConfirmationNeeded, Declined: the user has not agreed.

    """
    before = await _existing(target)
    _same_version(target, before, manner.etag)
    changes = differences(before, {})

    def report(outcome: Outcome, *notices: str) -> ChangeReport:
        there: Document = before if outcome == "preview" else {}
        return _report(target, "delete", outcome, changes, there, notices)

    if manner.dry_run:
        return report("preview")
    await _agreed(manner, f"Delete {target.called}", [])
    try:
        await remove()
    except NotFound:
        # It was there a moment ago: an earlier attempt of this request deleted it, or somebody did.
        return report("done", "It is gone; the answer that says so was not the first.")
    except Unavailable as error:
        if await _latest(target, error) is not None:
            raise _not_written(error) from error
        return report("done", "Its answer was lost; it was found deleted.")
    return report("done")


async def _existing(target: Target) -> Document:
    found = await target.read()
    if found is None:
        raise NotFound(
            f"There is no {target.called} in workspace {target.workspace!r}.",
            hint="Take the name or id from a list of what there is.",
        )
    return found


def _same_version(target: Target, document: Document, etag: str | None) -> None:
    if etag is None or same_etag(etag, text(document, "etag")):
        return
    raise Conflict(
        f"The {target.called} was changed since it had the etag {etag!r}.",
        hint="Read it again, and repeat the change on what it is now, with its etag or without.",
    )


async def _agreed(manner: Manner, what: str, changes: list[FieldChange]) -> None:
    if manner.approve is None:
        return
    told = "; ".join(
        f"{each.field}: {_quoted(each.before)} -> {_quoted(each.after)}" for each in changes
    )
    await manner.approve(cut(f"{what}? {told}".strip(), 2_000))


def _quoted(value: str | None) -> str:
    return "nothing" if value is None else repr(cut(value, 120))


async def _latest(target: Target, error: SentinelError) -> Document | None:
    """Read what is there after a write that failed.

    Raises:
        Unavailable: that cannot be read either.

    """
    try:
        return await target.read()
    except SentinelError as reading:
        raise Unavailable(
            f"{error.message} Whether it was written is not known: {reading.message}",
            hint=f"Read the {target.called} ({target.name}) before you try again.",
        ) from error


def _overtaken(
    target: Target, before: Document, latest: Document | None, error: Conflict
) -> Conflict:
    if latest is None:
        return Conflict(
            f"The {target.called} was deleted meanwhile.",
            hint="Nothing was written. Create it anew if it is still wanted.",
        )
    theirs = differences(before, latest)
    if not theirs:
        return error
    told = "; ".join(
        f"{each.field}: {_quoted(each.before)} -> {_quoted(each.after)}" for each in theirs[:10]
    )
    return Conflict(
        f"Somebody changed the {target.called} meanwhile: {told}.",
        hint="Nothing was written. Look at what it is now, then repeat the change.",
    )


def _not_written(error: Unavailable) -> Unavailable:
    kind = TimedOut if isinstance(error, TimedOut) else Unavailable
    return kind(f"{error.message} Nothing was written.", hint=error.hint)


def _report(
    target: Target,
    action: Action,
    outcome: Outcome,
    changes: list[FieldChange],
    document: Document,
    notices: tuple[str, ...],
) -> ChangeReport:
    return ChangeReport(
        workspace=target.workspace,
        outcome=outcome,
        action=action,
        kind=target.kind,
        name=target.name,
        changes=changes,
        etag=text(document, "etag"),
        notices=list(notices),
    )

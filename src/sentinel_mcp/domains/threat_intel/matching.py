"""Looks values up: in the indicators that the logs hold, and in the logs themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sentinel_mcp.domains.calls import AzureCalls, Failure, Rows
from sentinel_mcp.domains.documents import Document, cut, strings, text, time, whole
from sentinel_mcp.domains.shared.entity import Subject, read_value
from sentinel_mcp.domains.shared.identification import Identification
from sentinel_mcp.domains.shared.indicators import (
    LEGACY,
    MAX_ROWS,
    NEW,
    HoldingIndicator,
    IndicatorMatches,
    find_indicators,
)
from sentinel_mcp.domains.shared.value_rows import (
    Count,
    any_of_them,
    counts,
    in_batches,
    in_parts,
    numbers_of,
    which_of_them,
)
from sentinel_mcp.domains.shared.value_search import (
    RECORDS,
    LogTable,
    NotSearched,
    RowFilter,
    SearchRun,
    SearchScope,
    ValueSearch,
    Write,
)
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.domains.threat_intel.models import (
    MatchReport,
    MissingPart,
    Sighting,
    UnusableValue,
    ValueMatch,
)
from sentinel_mcp.errors import InputError, SentinelError
from sentinel_mcp.kql.timespan import Timespan

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

SHOWN = (10, 3, 1, 0)
"""Indicators and tables of each value; the next number where the answer is too large."""

VALUES_AT_ONCE = 25
"""Values that one query looks for: the text of a query has an end."""

IDENTIFYING_S = 30.0
QUERY_S = 120.0

NOT_ASKED = NotSearched(
    table="(all)", reason="not_asked", message="`search_logs` is false: logs were not searched."
)


@dataclass(slots=True)
class _Found:
    """What was found, by value."""

    indicators: IndicatorMatches | None = None
    sightings: dict[str, dict[str, Sighting]] = field(
        default_factory=dict[str, dict[str, Sighting]]
    )
    run: SearchRun = field(default_factory=SearchRun)
    errors: dict[str, SentinelError] = field(default_factory=dict[str, SentinelError])
    notices: list[str] = field(default_factory=list[str])

    def holders(self, subject: Subject) -> list[HoldingIndicator]:
        """Return the indicators that hold a value."""
        return self.indicators.by_value.get(subject.value, []) if self.indicators else []

    def tables(self, subject: Subject) -> list[Sighting]:
        """Return where a value was seen, the most recent first."""
        found = list(self.sightings.get(subject.value, {}).values())
        return sorted(found, key=_recency)


class Matching:
    """Asks the logs a bounded number of queries, however many values there are."""

    def __init__(
        self, azure: AzureCalls, identification: Identification, search: ValueSearch
    ) -> None:
        self._azure = azure
        self._identification = identification
        self._search = search

    async def report(
        self,
        context: AzureServicesContext,
        given: Sequence[str],
        *,
        now: datetime,
        days: int,
        search_logs: bool,
    ) -> MatchReport:
        """Return what is found of each value; those that cannot be looked up are said.

        Raises:
            SentinelError: nothing could be looked up at all.

        """
        read, unusable, notices = _sorted_out(given)
        found = _Found(notices=notices)
        subjects: list[Subject] = []
        if read:
            known = await self._identification.of(context, list(read.values()), IDENTIFYING_S)
            subjects = known
            await asyncio.gather(
                self._find_indicators(context, subjects, found),
                self._find_rows(context, subjects, found, now, days)
                if search_logs
                else asyncio.sleep(0),
            )
            if not search_logs:
                found.run.not_searched.append(NOT_ASKED)
            if found.errors and found.indicators is None and not found.run.searched:
                raise next(iter(found.errors.values()))
        found.notices += dict.fromkeys(
            f"{subject.value}: {note}" for subject in subjects for note in subject.notes
        )
        report = MatchReport(
            workspace=context.config.name,
            days=days,
            indicator_table=found.indicators.table if found.indicators else None,
            matches=[],
            nothing_found=[],
            undecided=[],
            unusable=unusable,
            searched=sorted({*found.run.searched} - {e.table for e in found.run.not_searched}),
            not_searched=_each_once(found.run.not_searched),
            missing=[
                MissingPart(part=part, error=Failure.of(error))
                for part, error in found.errors.items()
            ],
            notices=found.notices,
        )
        return _fitting(report, read, subjects, found, self._azure.max_answer_bytes)

    async def _find_indicators(
        self, context: AzureServicesContext, subjects: Sequence[Subject], found: _Found
    ) -> None:
        try:
            matches = await find_indicators(self._azure, context, subjects)
        except SentinelError as error:
            found.errors["indicators"] = error
            return
        found.indicators = matches
        unread = [f"Azure answered in part: {matches.fault.message}"] if matches.fault else []
        if matches.truncated:
            unread.append(f"Of the indicators, the first {MAX_ROWS:,} rows were read.")
        if unread:
            found.run.not_searched.append(
                NotSearched(table=matches.table, reason="failed", message=" ".join(unread))
            )
        if matches.table == LEGACY:
            found.notices.append(
                f"The workspace has no table {NEW}; {LEGACY}, which Azure no longer fills, was "
                "searched."
            )

    async def _find_rows(
        self,
        context: AzureServicesContext,
        subjects: Sequence[Subject],
        found: _Found,
        now: datetime,
        days: int,
    ) -> None:
        timespan = Timespan(now - timedelta(days=days), now, None).iso
        scope = await self._search.scope(context, timespan=timespan, seconds=IDENTIFYING_S)
        found.run.not_searched += scope.not_searched
        found.notices += scope.notes
        filters = [
            (number, RowFilter.of(each, str(number))) for number, each in enumerate(subjects)
        ]
        batches = [
            filters[first : first + VALUES_AT_ONCE]
            for first in range(0, len(filters), VALUES_AT_ONCE)
        ]
        held = await asyncio.gather(
            *(self._held(context, batch, scope, found, timespan) for batch in batches)
        )
        wanted = [count for part in held for count in part]
        await asyncio.gather(
            *(self._count(context, part, subjects, found, timespan) for part in in_batches(wanted))
        )

    async def _held(
        self,
        context: AzureServicesContext,
        filters: Sequence[tuple[int, RowFilter]],
        scope: SearchScope,
        found: _Found,
        timespan: str,
    ) -> list[Count]:
        """Return which of the values are in which of the tables, to be counted there."""

        async def read(tables: Sequence[LogTable], write: Write) -> Sequence[Document]:
            return await self._asked(context, tables, write, found, timespan)

        rows_filters = [each for _, each in filters]
        answers = await asyncio.gather(
            *(
                read(part, lambda tables: any_of_them(rows_filters, tables))
                for part in scope.shared_out()
            )
        )
        names = {text(row, "Seen") for rows in answers for row in rows}
        holding = [each for each in scope.tables if each.name in names]
        if len(filters) == 1:
            return [Count(*each, table) for each in filters for table in holding]
        answers = await asyncio.gather(
            *(
                read(part, lambda tables: which_of_them(filters, tables))
                for part in in_parts(holding)
            )
        )
        by_number, by_name = dict(filters), {each.name: each for each in holding}
        return [
            Count(number, by_number[number], table)
            for rows in answers
            for row in rows
            if (table := by_name.get(text(row, "Seen") or ""))
            for number in numbers_of(text(row, "Held") or "")
        ]

    async def _count(
        self,
        context: AzureServicesContext,
        wanted: Sequence[Count],
        subjects: Sequence[Subject],
        found: _Found,
        timespan: str,
    ) -> None:
        tables = list({each.table.name: each.table for each in wanted}.values())
        rows = await self._asked(
            context,
            tables,
            lambda part: counts([each for each in wanted if each.table in part]),
            found,
            timespan,
        )
        for row in rows:
            number = whole(row, "Owner")
            if number is not None and number < len(subjects):
                sighting = _sighting(row)
                value = subjects[number].value
                found.sightings.setdefault(value, {})[sighting.table] = sighting

    async def _asked(
        self,
        context: AzureServicesContext,
        tables: Sequence[LogTable],
        write: Write,
        found: _Found,
        timespan: str,
    ) -> Sequence[Document]:
        try:
            answer = await self._search.ask(
                context,
                tables,
                write,
                found.run,
                operation="look for values in the logs",
                timespan=timespan,
                seconds=QUERY_S,
                max_rows=MAX_ROWS,
            )
        except SentinelError as error:
            found.errors.setdefault("logs", error)
            return ()
        found.notices += _said(answer)
        return answer.rows


def _sorted_out(
    given: Sequence[str],
) -> tuple[dict[str, Subject], list[UnusableValue], list[str]]:
    """Return the values by how they were given, those that are none, and what is to be said."""
    values: dict[str, Subject] = {}
    known: set[str] = set()
    unusable: list[UnusableValue] = []
    repeated: list[str] = []
    for each in dict.fromkeys(given):
        try:
            subject = read_value(each)
        except InputError as error:
            unusable.append(UnusableValue(given=cut(each, 200), reason=error.message))
            continue
        key = " ".join(sorted(name.casefold() for name in _names_of(subject)))
        if key in known:
            repeated.append(each)
        else:
            known.add(key)
            values[each] = subject
    if not repeated:
        return values, unusable, []
    shown = ", ".join(cut(each, 100) for each in repeated[:10])
    return values, unusable, [f"Told once, under another spelling of the same: {shown}."]


def _names_of(subject: Subject) -> list[str]:
    return [name for names in subject.names.values() for name in names]


def _fitting(
    report: MatchReport,
    given: dict[str, Subject],
    subjects: Sequence[Subject],
    found: _Found,
    max_bytes: int,
) -> MatchReport:
    """Fill the report, with as much of each value as the answer has room for."""
    by_given = dict(zip(given, subjects, strict=True))
    hit = {
        each: subject
        for each, subject in by_given.items()
        if found.holders(subject) or found.tables(subject)
    }
    without = [cut(each, 300) for each in by_given if each not in hit]
    # Nothing is an answer only where everything was looked at.
    complete = not report.not_searched and not report.missing
    filled = report
    for shown in SHOWN:
        cuts = (
            [f"The answer has room for {shown} of the indicators and tables of each value."]
            if shown < SHOWN[0]
            else []
        )
        filled = report.model_copy(
            update={
                "matches": [_match(each, subject, found, shown) for each, subject in hit.items()],
                "nothing_found": without if complete else [],
                "undecided": [] if complete else without,
                "notices": [*report.notices, *cuts],
            }
        )
        if size_bytes(filled) <= max_bytes:
            break
    return filled


def _match(given: str, subject: Subject, found: _Found, shown: int) -> ValueMatch:
    indicators, sightings = found.holders(subject), found.tables(subject)
    return ValueMatch(
        given=cut(given, 300),
        kind=subject.kind,
        names=[cut(each, 300) for each in _names_of(subject)][:20],
        indicators=indicators[:shown],
        indicators_count=len(indicators),
        events=sum(each.events for each in sightings if not each.records),
        records=sum(each.events for each in sightings if each.records),
        sightings=sightings[:shown],
        sightings_count=len(sightings),
    )


def _sighting(row: Document) -> Sighting:
    table = text(row, "Seen", 200) or ""
    return Sighting(
        table=table,
        records=table in RECORDS,
        columns=strings(row, "Columns") or _listed(row),
        events=whole(row, "Events") or 0,
        first_seen=time(row, "First"),
        last_seen=time(row, "Last"),
    )


def _listed(row: Document) -> list[str]:
    """Return the columns where Azure sends a dynamic cell as JSON text."""
    cell = text(row, "Columns", 4_000) or ""
    return [each.strip('" ') for each in cell.strip("[]").split(",") if each.strip('" ')]


def _recency(sighting: Sighting) -> tuple[bool, float, str]:
    last: datetime | None = sighting.last_seen
    return sighting.records, -last.timestamp() if last else 0.0, sighting.table


def _each_once(found: Sequence[NotSearched]) -> list[NotSearched]:
    return list({each.table: each for each in found}.values())


def _said(rows: Rows) -> list[str]:
    notices: list[str] = []
    if rows.truncated:
        notices.append(f"The first {MAX_ROWS:,} counts were read: ask for fewer values.")
    if rows.fault:
        notices.append(f"Azure answered in part: {rows.fault.message}")
    return notices

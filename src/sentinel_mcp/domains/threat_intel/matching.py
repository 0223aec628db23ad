"""Looks values up: in the indicators that the logs hold, and in the logs themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel_mcp.domains.calls import AzureCalls, Failure, Rows
from sentinel_mcp.domains.documents import cut
from sentinel_mcp.domains.sizes import size_bytes
from sentinel_mcp.domains.threat_intel import holders
from sentinel_mcp.domains.threat_intel.models import (
    HoldingIndicator,
    LogKind,
    MatchReport,
    MissingPart,
    Part,
    Sighting,
    Table,
    UnusableValue,
    ValueMatch,
)
from sentinel_mcp.domains.threat_intel.observables import Value, recognised
from sentinel_mcp.domains.threat_intel.sightings import read_sightings, sought
from sentinel_mcp.errors import InputError, KqlError, SentinelError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

MAX_ROWS = 5_000
SHOWN = (10, 3, 1, 0)
"""Indicators and places told of each value; the next number where the answer is too large."""


@dataclass(slots=True)
class _Found:
    """What was found, by value as it was given."""

    holders: dict[str, list[HoldingIndicator]] = field(
        default_factory=dict[str, list[HoldingIndicator]]
    )
    sightings: dict[str, list[Sighting]] = field(default_factory=dict[str, list[Sighting]])
    table: Table | None = None
    errors: dict[Part, SentinelError] = field(default_factory=dict[Part, SentinelError])
    notices: list[str] = field(default_factory=list[str])

    @property
    def missing(self) -> list[MissingPart]:
        """The parts that could not be looked up."""
        return [
            MissingPart(part=part, error=Failure.of(error)) for part, error in self.errors.items()
        ]


class Matching:
    """Asks the logs at most five queries, however many values there are."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure

    async def report(
        self, context: AzureServicesContext, given: Sequence[str], *, days: int, search_logs: bool
    ) -> MatchReport:
        """Return what is found of each value; those that cannot be looked up are told.

        Raises:
            SentinelError: nothing could be looked up at all.

        """
        values, unusable, repeated = _sorted_out(given)
        found = _Found()
        if repeated:
            told = ", ".join(cut(each, 100) for each in repeated[:10])
            found.notices.append(f"Told once, under another spelling of the same: {told}.")
        if values:
            queries = sought(values).queries(timedelta(days=days)) if search_logs else {}
            await asyncio.gather(
                self._find_holders(context, values, found),
                *(self._find_sightings(context, each, values, found) for each in queries.items()),
            )
            if len(found.errors) == 1 + len(queries):
                raise next(iter(found.errors.values()))
        report = MatchReport(
            workspace=context.config.name,
            days=days,
            indicator_table=found.table,
            matches=[],
            clean=[],
            unusable=unusable,
            missing=found.missing,
            notices=found.notices,
        )
        return _fitting(report, values, found, self._azure.max_answer_bytes)

    async def _find_holders(
        self, context: AzureServicesContext, values: Sequence[Value], found: _Found
    ) -> None:
        """Ask the table that Azure writes now; the one before it where that is not there."""
        try:
            table, rows = await self._indicator_rows(context, values)
        except SentinelError as error:
            found.errors["indicators"] = error
            return
        found.table = table
        found.holders = holders.read_holders(rows.rows, values)
        found.notices += _told(rows, "indicators")
        if table == holders.LEGACY:
            found.notices.append(
                f"The workspace has no table {holders.NEW}; {table}, which Azure no longer "
                "fills, was searched."
            )

    async def _indicator_rows(
        self, context: AzureServicesContext, values: Sequence[Value]
    ) -> tuple[Table, Rows]:
        async def ask(table: Table) -> Rows:
            return await self._azure.query(
                context, "look up indicators", holders.query(table, values), max_rows=MAX_ROWS
            )

        try:
            return holders.NEW, await ask(holders.NEW)
        except KqlError as error:
            if holders.NEW not in error.message:
                raise
            return holders.LEGACY, await ask(holders.LEGACY)

    async def _find_sightings(
        self,
        context: AzureServicesContext,
        asked: tuple[LogKind, str],
        values: Sequence[Value],
        found: _Found,
    ) -> None:
        kind, query = asked
        try:
            rows = await self._azure.query(
                context, f"look for {kind} in the logs", query, max_rows=MAX_ROWS
            )
        except SentinelError as error:
            found.errors[kind] = error
            return
        for given, sightings in read_sightings(rows.rows, values).items():
            found.sightings.setdefault(given, []).extend(sightings)
        found.notices += _told(rows, kind)


def _sorted_out(given: Sequence[str]) -> tuple[list[Value], list[UnusableValue], list[str]]:
    """Return the values, one of each, those that are none, and other spellings of the first."""
    values: dict[str, Value] = {}
    unusable: list[UnusableValue] = []
    repeated: list[str] = []
    for each in dict.fromkeys(given):
        try:
            value = recognised(each)
        except InputError as error:
            unusable.append(UnusableValue(given=cut(each, 200), reason=error.message))
        else:
            if values.setdefault(value.text, value) is not value:
                repeated.append(each)
    return list(values.values()), unusable, repeated


def _fitting(
    report: MatchReport, values: Sequence[Value], found: _Found, max_bytes: int
) -> MatchReport:
    """Fill the report, with as much of each value as the answer has room for."""
    hit = [each for each in values if each.given in found.holders or each.given in found.sightings]
    clean = [cut(each.given, 300) for each in values if each not in hit]
    filled = report
    for shown in SHOWN:
        cuts = (
            [f"The answer has room for {shown} of the indicators and places of each value."]
            if shown < SHOWN[0]
            else []
        )
        filled = report.model_copy(
            update={
                "matches": [_match(each, found, shown) for each in hit],
                "clean": clean,
                "notices": [*report.notices, *cuts],
            }
        )
        if size_bytes(filled) <= max_bytes:
            break
    return filled


def _match(value: Value, found: _Found, shown: int) -> ValueMatch:
    indicators = found.holders.get(value.given, [])
    sightings = found.sightings.get(value.given, [])
    return ValueMatch(
        given=cut(value.given, 300),
        type=value.type,
        value=cut(value.text, 300),
        indicators=indicators[:shown],
        indicators_count=len(indicators),
        events=sum(each.events for each in sightings),
        sightings=sightings[:shown],
        sightings_count=len(sightings),
    )


def _told(rows: Rows, what: str) -> list[str]:
    notices: list[str] = []
    if rows.truncated:
        notices.append(f"Of {what}, the first {MAX_ROWS:,} rows were read: ask for fewer values.")
    if rows.fault:
        notices.append(f"Azure answered in part for {what}: {rows.fault.message}")
    return notices

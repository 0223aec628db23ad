"""Finds the rows that hold a value: in every table that a workspace has, in every column.

A value is looked for as a whole name in the text of all columns, so nothing depends on a list of
columns being complete. What is not searched is always named, with the reason.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.calls import AzureCalls, Failure, Rows
from sentinel_mcp.domains.documents import text, whole
from sentinel_mcp.domains.shared.entity import Kind, Subject
from sentinel_mcp.domains.shared.event_columns import usual_tables
from sentinel_mcp.domains.shared.log_columns import Role, columns_of
from sentinel_mcp.domains.shared.schemas import Schemas
from sentinel_mcp.domains.shared.text_patterns import (
    Name,
    TextPattern,
    common_names,
    text_pattern,
)
from sentinel_mcp.errors import SentinelError, Throttled, TimedOut, Unavailable
from sentinel_mcp.kql.literals import identifier, string

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

TIME = "TimeGenerated"

QUERIES = 6
"""Queries that the tables are shared out over: as many as run side by side, and one."""

MAX_UNASKED = 60
"""Tables that are searched without asking first which of them have rows; an empty one costs
little, but a workspace may have 700."""

MAX_TERMS = 12
"""Words that are looked for before the expression; of more, the expression alone is quicker."""

RECORDS = frozenset(
    {
        "Anomalies",
        "HuntingBookmark",
        "IdentityInfo",
        "SecurityAlert",
        "SecurityIncident",
        "ThreatIntelIndicators",
        "ThreatIntelObjects",
        "ThreatIntelligenceIndicator",
        "UserPeerAnalytics",
        "Watchlist",
    }
)
"""Tables whose rows are what Sentinel and its users say of a thing, not events."""

_OWN_COLUMNS = {"LAQueryLogs": ("QueryText", "RequestContext", "RequestContextFilters")}
"""Columns with the text of queries: they hold what was asked for, ours included."""

_KIND_ROLES: Mapping[Kind, tuple[Role, ...]] = {
    "account": ("account", "mailbox"),
    "mailbox": ("mailbox", "account"),
    "host": ("host", "domain"),
    "ip": ("ip",),
    "network": ("ip",),
    "url": ("url", "domain"),
    "domain": ("domain", "url", "host", "mailbox"),
    "file_hash": ("file_hash",),
    "file": ("file",),
}
_MAX_NAMED = 12
"""Columns of a table that an answer tells apart; a hit in another is told as `other`."""

OTHER_COLUMN = "(other)"

_WITHOUT_NAMES = {"datetime", "timespan", "bool"}
"""Types of columns that hold no name."""

Reason = Literal[
    "plan", "failed", "no_time", "schema_unknown", "no_time_column", "not_asked", "records"
]


class NotSearched(BaseModel):
    """A table that was not searched."""

    model_config = ConfigDict(frozen=True)

    table: str
    reason: Annotated[
        Reason,
        Field(
            description="`plan`: its plan allows no query with other tables; `no_time`: the budget "
            "was used up; `schema_unknown`: whatever else the workspace has."
        ),
    ]
    message: str


@dataclass(frozen=True, slots=True)
class LogTable:
    """A table and the Kusto types of its columns."""

    name: str
    columns: Mapping[str, str]

    @property
    def left_out(self) -> list[str]:
        """Columns that a search takes away before it looks: they hold the text of queries."""
        return [each for each in _OWN_COLUMNS.get(self.name, ()) if each in self.columns]

    def text(self, column: str) -> str:
        """Return the KQL of a column as text."""
        name = identifier(column)
        return name if self.columns[column] == "string" else f"tostring({name})"

    @property
    def row_text(self) -> str:
        """The KQL of all that may hold a name in a row, each column on a line of its own."""
        texts = [
            self.text(each)
            for each, of in self.columns.items()
            if of not in _WITHOUT_NAMES and each not in self.left_out
        ]
        # Kusto joins 64 texts at most.
        parts = [texts[first : first + 60] for first in range(0, len(texts), 60)]
        joined = [f'strcat_delim("\\n", {", ".join(part)}, "")' for part in parts]
        return f"strcat({', '.join(joined)})" if len(joined) > 1 else joined[0]

    def naming(self, kind: Kind) -> list[str]:
        """Return the columns that name an entity of a kind, the most telling first."""
        return [
            column
            for role in _KIND_ROLES[kind]
            for column in columns_of(self.name, self.columns, role)
            if self.columns[column] in ("string", "dynamic", "guid") and column not in self.left_out
        ]


@dataclass(frozen=True, slots=True)
class SearchScope:
    """The tables that can be searched, and those that cannot."""

    tables: tuple[LogTable, ...]
    not_searched: tuple[NotSearched, ...] = ()
    notes: tuple[str, ...] = ()

    def shared_out(self) -> list[tuple[LogTable, ...]]:
        """Return the tables in as many parts as there are queries, by turns."""
        parts = [self.tables[first::QUERIES] for first in range(QUERIES)]
        return [part for part in parts if part]


@dataclass(frozen=True, slots=True)
class RowFilter:
    """The KQL that keeps the rows in which a value, or one of several, is."""

    pattern: TextPattern
    restricted: Mapping[Kind, tuple[str, ...]]
    """Names that are looked for only in the columns that name things of the kind."""
    kinds: tuple[Kind, ...]
    label: str = ""
    """Tells the names in one query apart where it has several filters."""

    @classmethod
    def of(cls, subject: Subject, label: str = "") -> RowFilter:
        """Return the filter for one entity."""
        names = common_names(subject)
        restricted: dict[Kind, tuple[str, ...]] = {subject.kind: names} if names else {}
        return cls(text_pattern(subject), restricted, (subject.kind,), label)

    @classmethod
    def any_of(cls, filters: Iterable[RowFilter]) -> RowFilter:
        """Return the filter for the rows that one of the filters keeps."""
        names: list[Name] = []
        restricted: dict[Kind, tuple[str, ...]] = {}
        kinds: dict[Kind, None] = {}
        for each in filters:
            names += each.pattern.names
            kinds.update(dict.fromkeys(each.kinds))
            for kind, more in each.restricted.items():
                restricted[kind] = (*restricted.get(kind, ()), *more)
        return cls(TextPattern(tuple(names)), restricted, tuple(kinds))

    @property
    def declared(self) -> str:
        """The `let` statements that `where` and `column` refer to."""
        lines: list[str] = []
        if self.pattern.names:
            lines.append(f"let Names{self.label} = {string(self.pattern.expression)};\n")
        lines += [
            f"let {self._whole(kind)} = {string(_whole_name(names))};\n"
            for kind, names in self.restricted.items()
        ]
        return "".join(lines)

    def where(self, table: LogTable) -> str | None:
        """Return the operators; None where the table cannot hold the value.

        First the words, which Azure's index answers, then the names as wholes.
        """
        likely: list[str] = []
        certain: list[str] = []
        terms = self.pattern.terms if len(self.pattern.terms) <= MAX_TERMS else ()
        dynamics = [
            table.text(each)
            for each, of in table.columns.items()
            if of == "dynamic" and each not in table.left_out
        ]
        if self.pattern.names:
            certain.append(f"* matches regex Names{self.label}")
            certain += [f"{each} matches regex Names{self.label}" for each in dynamics]
            for term in terms:
                likely.append(f"* has {string(term)}")
                likely += [f"{each} has {string(term)}" for each in dynamics]
        named = [
            f"{table.text(column)} matches regex {self._whole(kind)}"
            for kind in self.restricted
            for column in table.naming(kind)
        ]
        if not certain and not named:
            return None
        words = f"| where {_balanced([*likely, *named])}\n" if likely else ""
        return f"{words}| where {_balanced([*certain, *named])}"

    def holds(self, table: LogTable, row_text: str) -> str | None:
        """Return the KQL of whether a row has the value, given the column with the row's text.

        The text has line breaks between columns, and no name has one within.
        """
        tests = [f"{row_text} matches regex Names{self.label}"] if self.pattern.names else []
        tests += [
            f"{table.text(column)} matches regex {self._whole(kind)}"
            for kind in self.restricted
            for column in table.naming(kind)
        ]
        return " or ".join(tests) or None

    def column(self, table: LogTable) -> str:
        """Return the KQL that tells which column holds the value, the most telling first."""
        named = list(dict.fromkeys(each for kind in self.kinds for each in table.naming(kind)))
        regexes = [
            *((f"Names{self.label}",) if self.pattern.names else ()),
            *(self._whole(kind) for kind in self.restricted),
        ]
        tests = [
            f"{table.text(each)} matches regex {regex}, {string(each)}"
            for each in named[:_MAX_NAMED]
            for regex in regexes
        ]
        other = string(OTHER_COLUMN)
        return f"case({', '.join(tests)}, {other})" if tests else other

    def _whole(self, kind: Kind) -> str:
        return f"Whole{kind.title().replace('_', '')}{self.label}"


def _balanced(conditions: Sequence[str]) -> str:
    """Join conditions by `or`, in pairs of pairs: a long chain is nested too deep for some."""
    joined = list(conditions)
    while len(joined) > 1:
        pairs: list[list[str]] = [joined[first : first + 2] for first in range(0, len(joined), 2)]
        joined = [f"({' or '.join(pair)})" if len(pair) == 2 else pair[0] for pair in pairs]
    return joined[0]


def rows_of(table: LogTable) -> str:
    """Return the KQL that reads a table, without the columns that hold queries of users."""
    away = ", ".join(map(identifier, table.left_out))
    away = f"\n| project-away {away}" if away else ""
    return f"{identifier(table.name)}{away}"


def union_of(legs: Sequence[str]) -> str:
    """Put tables together; one that the workspace has no longer must not cost the others."""
    return "union isfuzzy=true\n" + ",\n".join(legs)


@dataclass(slots=True)
class SearchRun:
    """What became of each table while a search runs."""

    searched: list[str] = field(default_factory=list[str])
    not_searched: list[NotSearched] = field(default_factory=list[NotSearched])

    def give_up(self, tables: Iterable[LogTable]) -> None:
        """Write down tables that there was no time for."""
        known = {*self.searched, *(each.table for each in self.not_searched)}
        self.not_searched += [
            NotSearched(
                table=each.name, reason="no_time", message="The time did not suffice for it."
            )
            for each in tables
            if each.name not in known
        ]


Write = Callable[[Sequence[LogTable]], str]
"""Writes the query over some tables."""


class ValueSearch:
    """Runs searches over the tables of a workspace."""

    def __init__(self, azure: AzureCalls, schemas: Schemas) -> None:
        self._azure = azure
        self._schemas = schemas

    async def scope(
        self, context: AzureServicesContext, *, timespan: str, seconds: float
    ) -> SearchScope:
        """Return which tables can be searched; takes `seconds` at most for each thing it reads."""
        workspace = context.config.name
        try:
            async with asyncio.timeout(max(seconds, 0)):
                schema, plans = await asyncio.gather(
                    self._schemas.of("sentinel", workspace), self._schemas.plans(workspace)
                )
        except TimeoutError:
            return _unknown("it took too long")
        if schema.is_bundled:
            return _unknown(
                str(schema.problem).removesuffix(".") if schema.problem else "nothing was read"
            )
        apart = {name: plan for name, plan in plans.by_table.items() if plan != "Analytics"}
        not_searched: list[NotSearched] = []
        tables: list[LogTable] = []
        for name, each in schema.present.items():
            columns = {column.name: column.type for column in each.columns}
            if plan := apart.get(name):
                message = f"Its plan is {plan}: `run_query` reads it alone."
                not_searched.append(NotSearched(table=name, reason="plan", message=message))
            elif TIME not in columns:
                message = f"It has no {TIME}: `run_query` reads it."
                not_searched.append(
                    NotSearched(table=name, reason="no_time_column", message=message)
                )
            else:
                tables.append(LogTable(name, columns))
        notes = (
            ()
            if plans.problem is None
            else (f"The plans of the tables could not be read ({plans.problem})",)
        )
        if len(tables) > MAX_UNASKED:
            tables = await self._with_rows(context, tables, timespan, seconds)
        return SearchScope(tuple(tables), tuple(not_searched), notes)

    async def _with_rows(
        self, context: AzureServicesContext, tables: list[LogTable], timespan: str, seconds: float
    ) -> list[LogTable]:
        """Return the tables that have rows in the range; where that cannot be read, all."""

        def counting(part: Sequence[LogTable]) -> str:
            return union_of(
                [
                    f"({identifier(each.name)} | summarize Events = count()"
                    f" | project Seen = {string(each.name)}, Events)"
                    for each in part
                ]
            )

        run = SearchRun()
        parts = SearchScope(tuple(tables)).shared_out()
        answers = await asyncio.gather(
            *(
                self._azure.attempt(
                    self.ask(
                        context,
                        part,
                        counting,
                        run,
                        operation="find out which tables have rows",
                        timespan=timespan,
                        seconds=seconds,
                    )
                )
                for part in parts
            )
        )
        empty = {
            text(row, "Seen")
            for answer in answers
            if isinstance(answer, Rows) and answer.fault is None
            for row in answer.rows
            if whole(row, "Events") == 0
        }
        return [each for each in tables if each.name not in empty]

    async def ask(
        self,
        context: AzureServicesContext,
        tables: Sequence[LogTable],
        write: Write,
        run: SearchRun,
        *,
        operation: str,
        timespan: str,
        seconds: float,
        max_rows: int = 1_000,
    ) -> Rows:
        """Query some tables at once; where that fails, each alone, so that one costs only itself.

        Raises:
            SentinelError: no table could be read.

        """

        async def query(part: Sequence[LogTable]) -> Rows:
            return await self._azure.query(
                context,
                operation,
                write(part),
                timespan=timespan,
                max_rows=max_rows,
                server_timeout_s=max(1, int(seconds)),
            )

        try:
            answer = await query(tables)
        except (Throttled, TimedOut, Unavailable) as error:
            run.not_searched += [_failed(each, error) for each in tables]
            raise
        except SentinelError as error:
            if len(tables) == 1:
                run.not_searched.append(_failed(tables[0], error))
                raise
        else:
            if answer.fault is None:
                run.searched += [each.name for each in tables]
                return answer
            if len(tables) == 1:
                run.not_searched.append(_partly(tables[0], answer.fault))
                return answer
        return await self._alone(tables, query, run)

    async def _alone(
        self,
        tables: Sequence[LogTable],
        query: Callable[[Sequence[LogTable]], Awaitable[Rows]],
        run: SearchRun,
    ) -> Rows:
        answers = await asyncio.gather(*(self._azure.attempt(query((each,))) for each in tables))
        read: list[Rows] = []
        first: SentinelError | None = None
        for table, answer in zip(tables, answers, strict=True):
            if isinstance(answer, SentinelError):
                run.not_searched.append(_failed(table, answer))
                first = first or answer
            else:
                read.append(answer)
                if answer.fault is None:
                    run.searched.append(table.name)
                else:
                    run.not_searched.append(_partly(table, answer.fault))
        if not read and first is not None:
            raise first
        return Rows(
            rows=[row for each in read for row in each.rows],
            truncated=any(each.truncated for each in read),
            fault=next((each.fault for each in read if each.fault), None),
            columns=read[0].columns if read else (),
        )


def _failed(table: LogTable, error: SentinelError) -> NotSearched:
    reason: Reason = "no_time" if isinstance(error, TimedOut) else "failed"
    return NotSearched(table=table.name, reason=reason, message=error.message)


def _partly(table: LogTable, fault: Failure) -> NotSearched:
    """Return what is said of a table whose rows Azure could read in part only."""
    message = f"Azure answered in part: {fault.message}"
    return NotSearched(table=table.name, reason="failed", message=message)


def _unknown(why: str) -> SearchScope:
    """Return the tables that most workspaces have, where nobody knows what this one has."""
    return SearchScope(
        tuple(LogTable(name, columns) for name, columns in usual_tables().items()),
        (
            NotSearched(
                table="(all others)",
                reason="schema_unknown",
                message=f"Which tables the workspace has could not be read ({why}).",
            ),
        ),
    )


def _whole_name(names: Iterable[str]) -> str:
    bodies = "|".join(map(re.escape, names))
    return rf"(?i)(?:^|[^0-9a-z_.-])(?:{bodies})(?:$|[^0-9a-z_-])"

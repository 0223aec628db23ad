"""What a check of a query finds out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Environment = Literal["sentinel", "xdr"]
"""Which tables there are: the same table differs in column case between the two."""

CheckEngine = Literal["kusto_language", "grammar"]
"""Microsoft's own parser and binder, or the syntax-only fall-back where .NET is not to be had."""

SYNTAX_ONLY = "syntax-only"
"""The code of the finding that names and types were not checked."""

UNREAD = "unchecked"
"""The code of the finding that not even the syntax could be checked."""

Severity = Literal["error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name, its Kusto type and what it holds."""

    name: str
    type: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding; `line` and `column` count from 1, `length` is in characters."""

    code: str
    severity: Severity
    message: str
    line: int
    column: int
    length: int
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A construct that the guard does not let run, and the setting that would allow it."""

    construct: str
    reason: str
    line: int
    column: int
    allowed_by: str | None = None


@dataclass(frozen=True, slots=True)
class TimeRange:
    """The range of TimeGenerated that the query text itself keeps to.

    Each bound is KQL text as written (`ago(7d)`, `datetime(2026-01-01)`), None where open, and
    how many seconds before the check that is, None where only a run could tell.
    """

    start: str | None
    end: str | None
    start_ago_s: float | None = None
    end_ago_s: float | None = None


@dataclass(frozen=True, slots=True)
class OtherTimes:
    """What a query that keeps TimeGenerated to no range compares with moments, if anything.

    `start` is the earliest moment that could be read, as text and in seconds before the check.
    `covers` says that every row which passes was written after `start`. `unread` says that a
    filter on TimeGenerated itself was not understood.
    """

    columns: tuple[str, ...]
    start: str | None = None
    start_ago_s: float | None = None
    covers: bool = False
    unread: bool = False

    @property
    def says_anything(self) -> bool:
        """Whether the query has any filter on time."""
        return bool(self.columns) or self.unread


@dataclass(frozen=True, slots=True)
class Check:
    """The verdict on one query.

    `columns` is None where the result's columns are not known (grammar engine, or errors).
    """

    engine: CheckEngine
    diagnostics: tuple[Diagnostic, ...]
    tables: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    columns: tuple[Column, ...] | None = None
    formatted: str | None = None
    lint: tuple[Diagnostic, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    time_range: TimeRange | None = None
    other_times: OtherTimes | None = None

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that keep the query from running."""
        return tuple(each for each in self.diagnostics if each.severity == "error")

    @property
    def valid(self) -> bool | None:
        """Whether nothing keeps the query from running; None where its names were not checked."""
        if self.errors:
            return False
        return True if self.engine == "kusto_language" else None


UNTIMED = "__all_"
"""Before a table's name in a rewritten query: all of it, whatever time range is asked for."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """A query rewritten into the KQL that the embedded engine runs rightly.

    `tables` are the stored tables it reads, as the bound tree names them, some behind `UNTIMED`,
    which Azure's own functions do not hold to the range of a request; `columns` is the bound
    shape of its result. `bound` is False where no .NET was to be had and nothing was rewritten:
    the engine must then refuse what it would get wrong.
    """

    text: str
    tables: tuple[str, ...]
    columns: tuple[Column, ...] | None
    bound: bool

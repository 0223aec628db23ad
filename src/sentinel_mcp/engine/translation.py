"""KQL to DuckDB SQL, remembered by text and by the columns of the tables read."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final

import duckdb_kql
from duckdb_kql.translate import CLOCK_SLOT

from sentinel_mcp.engine import adapter
from sentinel_mcp.errors import KqlError, UnsupportedLocally
from sentinel_mcp.kql.dotnet import remedy

Schema = Mapping[str, tuple[str, ...]]

_SOME_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)
HINT: Final = "Rewrite that part of the query; Azure itself may well run it as it is."


@dataclass(frozen=True, slots=True)
class Translation:
    """A statement, and whether it reads the clock."""

    sql: str
    reads_clock: bool

    def parameters(self, now: datetime) -> dict[str, object]:
        """Return the values that the statement is to be run with."""
        return {CLOCK_SLOT: now.astimezone(UTC).replace(tzinfo=None)} if self.reads_clock else {}


MAX_KEPT_CHARACTERS: Final = 32_000_000


@cache
def translator() -> Translator:
    """Return the one of this process: what one engine had translated, no other needs again."""
    return Translator()


class Translator:
    """Translates, and remembers: one costs 34 ms to 2 s. For any number of threads."""

    def __init__(self, max_characters: int = MAX_KEPT_CHARACTERS) -> None:
        """Prepare; of what it remembers, the texts have at most so many characters."""
        adapter.install()
        self._max_characters = max_characters
        self._characters = 0
        self._kept: OrderedDict[tuple[object, ...], Translation] = OrderedDict()
        self._lock = threading.Lock()

    def translate(self, text: str, schema: Schema, *, bound: bool) -> Translation:
        """Translate a query over tables of these columns.

        Raises:
            KqlError: it does not parse, and nobody has checked it before.
            UnsupportedLocally: the translator does not have a construct in it.

        """
        key = (text, tuple(sorted(schema.items())))
        with self._lock:
            if (kept := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return kept
        made = _translate(text, schema, bound=bound)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._characters += len(text) + len(made.sql)
            while self._characters > self._max_characters and len(self._kept) > 1:
                (oldest, *_), forgotten = self._kept.popitem(last=False)
                self._characters -= len(str(oldest)) + len(forgotten.sql)
        return made


def _translate(text: str, schema: Schema, *, bound: bool) -> Translation:
    hint = HINT if bound else f"Without .NET it knows less KQL. {remedy()}"
    try:
        sql = duckdb_kql.to_sql(
            text,
            schema={name: list(columns) for name, columns in schema.items()},
            allow_write=False,
            functions=[],
            query_now=_SOME_MOMENT,
        )
    except duckdb_kql.KqlSyntaxError as error:
        if not bound:
            raise KqlError(str(error), hint="Correct the query at that place.") from error
        raise UnsupportedLocally(
            "The embedded engine cannot read this query.", hint=hint
        ) from error
    except duckdb_kql.KqlUnsupportedError as error:
        raise UnsupportedLocally(
            f"The embedded engine does not have {_named(error)}.", hint=hint
        ) from error
    except duckdb_kql.KqlError as error:
        raise UnsupportedLocally(
            f"The embedded engine cannot run this query: {error}.", hint=hint
        ) from error
    except RecursionError as error:
        raise UnsupportedLocally(
            "The query is nested too deeply for the embedded engine.", hint=hint
        ) from error
    return Translation(str(sql), CLOCK_SLOT in sql.parameters)


def _named(error: duckdb_kql.KqlUnsupportedError) -> str:
    construct = str(error.construct)
    if construct.startswith("function:"):
        return f"the function {construct.removeprefix('function:')}()"
    return construct

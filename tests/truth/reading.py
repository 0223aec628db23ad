"""Reads a fact twice: from a tool's answer, and by SQL from the files of the workspace."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from duckdb import DuckDBPyConnection
from fastmcp import Client
from fastmcp.client.transports import FastMCPTransport

Connected = Client[FastMCPTransport]
Answer = dict[str, Any]  # what a tool gives, as JSON


class Store:
    """The tables in DuckDB and the documents in SQLite, as files have them."""

    def __init__(self, tables: DuckDBPyConnection, documents: sqlite3.Connection) -> None:
        self._tables = tables
        self._documents = documents

    @cached_property
    def anchor(self) -> datetime:
        """When the scenario was built: every moment in it is told from there."""
        ((anchor,),) = self.rows("SELECT anchor FROM sentinel_mcp.build")
        return datetime.fromisoformat(anchor).astimezone(UTC)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what SQL gives; `?` stands for the values."""
        return self._tables.execute(sql, list(values)).fetchall()

    def number(self, sql: str, *values: object) -> Any:
        """Return the one number that SQL gives."""
        ((found,),) = self.rows(sql, *values)
        return found

    def moment(self, sql: str, *values: object) -> datetime:
        """Return the one moment that SQL gives; the tables hold UTC."""
        return self.number(sql, *values).replace(tzinfo=UTC)

    def documents(self, kind: str) -> list[Answer]:
        """Return the documents of a kind, such as `alertRules`."""
        found = self._documents.execute("SELECT body FROM document WHERE kind = ?", (kind,))
        return [json.loads(body) for (body,) in found]

    @cached_property
    def table_names(self) -> list[str]:
        """The tables that have rows."""
        named = self.rows(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
        )
        return sorted(each for (each,) in named if self.number(f'SELECT count(*) FROM "{each}"'))


async def ask(client: Connected, tool: str, **arguments: Any) -> Answer:
    """Return what a tool answers."""
    answer = await client.call_tool(tool, arguments)
    assert answer.structured_content is not None
    return answer.structured_content


async def ask_all(client: Connected, tool: str, key: str, **arguments: Any) -> list[Answer]:
    """Return the items of all pages."""
    found: list[Answer] = []
    cursor: str | None = None
    for _ in range(200):
        page = await ask(client, tool, **arguments, cursor=cursor)
        found += page[key]
        cursor = page.get("next_cursor") or page.get("skip_token")
        if cursor is None:
            return found
    raise AssertionError("the list has no end")

"""Rows that a change of a resource adds to a log table, kept beside the documents."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sentinel_mcp.kql.catalog import TableSchema, bundled
from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.identity import WORKSPACE_ID
from sentinel_mcp.local.tables import TIME_COLUMN

_INTEGERS = {"int": 2**31, "long": 2**63}


class AppendedRows:
    """Adds rows to the tables of the scenario; queries of every process see them at once.

    They outlive the scenario, as the documents do that a user changed.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def append(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows: cells by column, as Log Analytics writes them, and dynamic ones as objects.

        All of them or none. Columns that a row leaves out are empty, but for the table's name and
        the workspace's id, which are filled in. Any: a cell is of its column's type.

        Raises:
            LookupError: there is no such table, or it has no such column.
            ValueError: a cell does not hold what its column does, or a row has no TimeGenerated.

        """
        schema = bundled("sentinel").tables.get(table)
        if schema is None:
            raise LookupError(f"There is no table {table!r}.")
        self._documents.append_rows(table, [_checked(schema, row) for row in rows])


def _checked(schema: TableSchema, row: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {each.name: each.type for each in schema.columns}
    if unknown := row.keys() - kinds.keys():
        raise LookupError(f"{schema.name} has no column {', '.join(map(repr, sorted(unknown)))}.")
    if row.get(TIME_COLUMN) is None:
        raise ValueError(f"A row of {schema.name} has no {TIME_COLUMN}.")
    common = {"Type": schema.name, "TenantId": WORKSPACE_ID}
    cells = {name: value for name, value in common.items() if name in kinds} | dict(row)
    return {
        name: _cell(f"{schema.name}.{name}", kinds[name], value)
        for name, value in cells.items()
        if value is not None
    }


def _cell(place: str, kind: str, value: Any) -> Any:
    """Return the cell as it is stored: moments without an offset, all else as it is."""
    if kind == "dynamic":
        return value
    if kind == "datetime" and isinstance(value, str):
        return _moment(value)
    if not _fits(kind, value):
        raise ValueError(f"{place} is {kind}, and {value!r} is not.")
    return value


def _fits(kind: str, value: Any) -> bool:
    if kind == "bool" or isinstance(value, bool):
        return kind == "bool" and isinstance(value, bool)
    if limit := _INTEGERS.get(kind):
        return isinstance(value, int) and -limit <= value < limit
    if kind in ("real", "decimal"):
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, str) and kind != "datetime"


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    plain = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return plain.isoformat(sep=" ")

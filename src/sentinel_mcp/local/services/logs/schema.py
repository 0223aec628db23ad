"""The schema of the workspace, as Log Analytics' metadata tells it."""

from __future__ import annotations

from collections.abc import Iterable

from sentinel_mcp.kql.catalog import TableSchema
from sentinel_mcp.kql.results import Column
from sentinel_mcp.local import identity
from sentinel_mcp.local.services.faults import Body

TIME_COLUMN = "TimeGenerated"


def metadata(tables: Iterable[TableSchema], functions: list[Body]) -> Body:
    """Return the whole document."""
    described = [_table(each) for each in tables]
    return {
        "tables": described,
        "functions": functions,
        "solutions": [],
        "categories": [],
        "resourceTypes": [],
        "workspaces": [
            {
                "id": identity.WORKSPACE_ID,
                "resourceId": identity.RESOURCE_ID,
                "name": identity.WORKSPACE_NAME,
                "region": identity.LOCATION,
                "related": {"tables": [each["id"] for each in described]},
            }
        ],
    }


def _table(table: TableSchema) -> Body:
    described: Body = {
        "id": table.name,
        "name": table.name,
        "description": table.description,
        "columns": [_column(each) for each in table.columns],
        "related": {"workspaces": [identity.WORKSPACE_ID]},
    }
    if any(each.name == TIME_COLUMN for each in table.columns):
        described["timespanColumn"] = TIME_COLUMN
    return described


def _column(column: Column) -> Body:
    described: Body = {"name": column.name, "type": column.type}
    if column.description:
        described["description"] = column.description
    return described

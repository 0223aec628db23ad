"""Advanced hunting: KQL over the tables of Microsoft Defender XDR, through Microsoft Graph.

{"schema": [{"name": "Timestamp", "type": "DateTime"}, …], "results": [{"Timestamp": …}, …]}
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import orjson

from sentinel_mcp.azure.answers import HUNT, AnswerReader
from sentinel_mcp.azure.failures import refused, translated
from sentinel_mcp.azure.graph import VERSION, grant
from sentinel_mcp.azure.logs import LogsAnswer, LogsTable
from sentinel_mcp.azure.problems import read_problem
from sentinel_mcp.azure.streams import cut_short, document_of, read_answer
from sentinel_mcp.errors import InputError, KqlError, SentinelError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext

PERMISSION = "ThreatHunting.Read.All"

_OPERATION = "run the hunting query"
_GRACE_S = 60
_READ_GRACE_S = 15

# Hunting names the types of .NET.
_TYPES = {
    "boolean": "bool",
    "datetime": "datetime",
    "decimal": "decimal",
    "double": "real",
    "guid": "guid",
    "int32": "int",
    "int64": "long",
    "object": "dynamic",
    "sbyte": "bool",
    "single": "real",
    "sqldecimal": "decimal",
    "string": "string",
    "timespan": "timespan",
}


async def run_hunting_query(
    context: AzureServicesContext,
    query: str,
    *,
    timespan: str | None,
    timeout_s: int,
    max_bytes: int,
    max_rows: int,
) -> LogsAnswer:
    """Run a query; stop reading at `max_bytes` of body, or once there are over `max_rows` rows.

    Raises:
        KqlError: the query does not parse or bind.
        AccessDenied: the permission is missing; the hint says how it is granted.

    """
    from azure.core.rest import HttpRequest

    stated = {"Query": query, **({"Timespan": timespan} if timespan else {})}
    try:
        content = orjson.dumps(stated)
    except orjson.JSONEncodeError as error:
        raise InputError(
            "The query is not valid Unicode text.", hint="Leave out unpaired surrogates."
        ) from error
    # Without the charset, Graph takes what is not ANSI for something else.
    request = HttpRequest(
        "POST",
        f"{context.cloud.graph.origin}{VERSION}/security/runHuntingQuery",
        headers={"Content-Type": "application/json; charset=utf-8"},
        content=content,
    )
    with translated(_OPERATION, role=PERMISSION, grant=grant(PERMISSION)):
        async with asyncio.timeout(timeout_s + _GRACE_S):
            reader = await read_answer(
                context.graph_client,
                request,
                lambda: AnswerReader(max_bytes=max_bytes, max_rows=max_rows, shape=HUNT),
                _refusal,
                read_timeout_s=timeout_s + _READ_GRACE_S,
            )
    return _answer(reader)


def _refusal(status: int, headers: Mapping[str, str], body: object) -> SentinelError:
    error = refused(
        status,
        headers,
        body,
        operation=_OPERATION,
        role=PERMISSION,
        grant=grant(PERMISSION),
    )
    if type(error) is not InputError:
        return error
    # Hunting has one code for all that is wrong with a query, and tells the rest in words.
    return KqlError(
        f"The query cannot run: {read_problem(body).message or f'status {status}'}",
        hint="Check it with `validate_query`, environment `xdr`.",
    )


def _answer(reader: AnswerReader) -> LogsAnswer:
    document = document_of(reader)
    schema, results = document.get("schema"), document.get("results")
    if not isinstance(schema, list) or not isinstance(results, list):
        raise cut_short()
    columns = [_column(each) for each in cast("list[Any]", schema)]
    rows = [
        [cast("Mapping[str, object]", row).get(name) for name, _ in columns]
        for row in cast("list[object]", results)
        if isinstance(row, dict)
    ]
    return LogsAnswer(
        tables=[LogsTable("PrimaryResult", columns, rows)],
        statistics=None,
        visualization=None,
        fault=None,
        truncated=reader.full,
        size_bytes=reader.size_bytes,
    )


def _column(stated: Any) -> tuple[str, str]:
    """Return name and Kusto type; samples have their keys in either case."""
    if not isinstance(stated, dict):
        raise cut_short()
    keys = {key.lower(): value for key, value in cast("dict[str, Any]", stated).items()}
    kind = str(keys.get("type", ""))
    return str(keys.get("name", "")), _TYPES.get(kind.lower(), kind.lower() or "string")

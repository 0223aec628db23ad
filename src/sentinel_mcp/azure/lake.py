"""The Microsoft Sentinel data lake's query call, answered in frames.

    [{"FrameType": "DataSetHeader", …},
     {"FrameType": "DataTable", "TableKind": "PrimaryResult", "Columns": […], "Rows": […]},
     {"FrameType": "DataSetCompletion", "HasErrors": false, …}]

A progressive answer has TableHeader, TableFragment and TableCompletion in place of the DataTable.
An error that comes up while rows are sent stands among them: {"OneApiErrors": […]}.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import orjson

from sentinel_mcp.azure.answers import FRAMES, AnswerReader, Row
from sentinel_mcp.azure.failures import refused, translated
from sentinel_mcp.azure.logs import LogsAnswer, LogsFault, LogsTable
from sentinel_mcp.azure.problems import clean, read_problem
from sentinel_mcp.azure.streams import cut_short, document_of, read_answer
from sentinel_mcp.errors import ConfigError, InputError, KqlError, NotFound, SentinelError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext, RestClient

ROLE = "Log Analytics Reader"
GRANT = (
    f"Grant the identity `{ROLE}` on the workspace: of Azure's own roles, since those of Entra "
    "and of Defender XDR do not count for a service principal here."
)
PATH = "/lake/kql/v2/rest/query"
MAX_TIMEOUT_S = 240
"""The lake's own limit: learn.microsoft.com/azure/sentinel/datalake/sentinel-lake-service-limits"""

_OPERATION = "query the data lake"
_GRACE_S = 60
_READ_GRACE_S = 15
# Rows of the frames beside the result: they count when reading stops.
_SPARE_ROWS = 100
_RESULT = "PrimaryResult"
_ONBOARD = (
    "Onboard the tenant to the Microsoft Sentinel data lake in the Defender portal, and connect "
    "this workspace; until then use `run_query`."
)


async def query_lake(
    context: AzureServicesContext,
    query: str,
    *,
    timeout_s: int,
    max_bytes: int,
    max_rows: int,
) -> LogsAnswer:
    """Run a query; stop reading at `max_bytes` of body, or once there are over `max_rows` rows.

    Raises:
        ConfigError: this cloud has no data lake.
        KqlError: the query does not parse or bind.
        AccessDenied: the role is missing.

    """
    client = _client(context)
    request = _request(context, query, timeout_s)
    with translated(_OPERATION, role=ROLE, grant=GRANT):
        async with asyncio.timeout(timeout_s + _GRACE_S):
            reader = await read_answer(
                client,
                request,
                lambda: AnswerReader(
                    max_bytes=max_bytes, max_rows=max_rows + _SPARE_ROWS, shape=FRAMES
                ),
                _refusal,
                read_timeout_s=timeout_s + _READ_GRACE_S,
            )
    return _answer(reader)


def _client(context: AzureServicesContext) -> RestClient:
    if context.lake_client is None:
        raise ConfigError(
            f"The cloud {context.cloud.name!r} has no Microsoft Sentinel data lake.",
            hint="Use `run_query`: the workspace's analytics tier is there.",
        )
    return context.lake_client


def _request(context: AzureServicesContext, query: str, timeout_s: int) -> Any:
    # Any: azure-core's request, which is imported late.
    from azure.core.rest import HttpRequest

    minutes, seconds = divmod(timeout_s, 60)
    stated = {
        "csl": query,
        "db": f"{context.workspace_name}-{context.workspace_id}",
        "properties": {
            "Options": {
                "servertimeout": f"00:{minutes:02}:{seconds:02}",
                "request_readonly": True,
            }
        },
    }
    try:
        content = orjson.dumps(stated)
    except orjson.JSONEncodeError as error:
        raise InputError(
            "The query is not valid Unicode text.", hint="Leave out unpaired surrogates."
        ) from error
    origin = context.cloud.lake.origin if context.cloud.lake else ""
    return HttpRequest(
        "POST",
        f"{origin}{PATH}",
        headers={"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"},
        content=content,
    )


def _refusal(status: int, headers: Mapping[str, str], body: object) -> SentinelError:
    error = refused(status, headers, body, operation=_OPERATION, role=ROLE, grant=GRANT)
    said = _said(body)
    if "of kind 'Database'" in said or isinstance(error, NotFound):
        return NotFound(f"The data lake does not have this workspace: {said}", hint=_ONBOARD)
    if type(error) is not InputError:
        return error
    return KqlError(
        f"The query cannot run: {said or f'status {status}'}",
        hint="Check it with `validate_query`; the lake has no workspace functions.",
    )


def _said(body: object) -> str:
    """Return what an error says; Kusto puts the part that helps into `@message`."""
    found = read_problem(body).message
    node: Any = body
    for _ in range(10):
        if not isinstance(node, dict):
            break
        level = cast("dict[str, Any]", node)
        if isinstance(told := level.get("@message"), str):
            found = clean(told)
        node = level.get("error") or level.get("innererror")
    return found


def _answer(reader: AnswerReader) -> LogsAnswer:
    document = document_of(reader)
    frames = document.get("frames")
    if not isinstance(frames, list):
        raise _refusal(400, {}, document) if "error" in document else cut_short()
    read = _Frames(cast("list[Any]", frames))
    return LogsAnswer(
        tables=read.tables,
        statistics=None,
        visualization=None,
        fault=read.fault,
        truncated=reader.full,
        size_bytes=reader.size_bytes,
    )


class _Frames:
    """The frames of an answer put together: the result's tables, and what went wrong."""

    def __init__(self, frames: Iterable[Any]) -> None:
        self.tables: list[LogsTable] = []
        self.fault: LogsFault | None = None
        self._open: dict[object, LogsTable] = {}
        for each in frames:
            if isinstance(each, dict):
                self._take(cast("dict[str, Any]", each))

    def _take(self, frame: dict[str, Any]) -> None:
        match frame.get("FrameType"):
            case "DataTable" if frame.get("TableKind") == _RESULT:
                self._fill(self._table(frame), frame)
            case "TableHeader" if frame.get("TableKind") == _RESULT:
                self._open[frame.get("TableId")] = self._table(frame)
            case "TableFragment" if table := self._open.get(frame.get("TableId")):
                if frame.get("TableFragmentType") == "DataReplace":
                    table.rows.clear()
                self._fill(table, frame)
            case "TableCompletion" | "DataSetCompletion":
                self._note(frame)
            case _:
                pass  # the header, and tables of properties and statistics

    def _table(self, frame: dict[str, Any]) -> LogsTable:
        columns = frame.get("Columns")
        if not isinstance(columns, list):
            raise cut_short()
        described = [_column(each) for each in cast("list[object]", columns)]
        self.tables.append(LogsTable(str(frame.get("TableName", _RESULT)), described, []))
        return self.tables[-1]

    def _fill(self, table: LogsTable, frame: dict[str, Any]) -> None:
        rows = frame.get("Rows")
        if not isinstance(rows, list):
            raise cut_short()
        for row in cast("list[object]", rows):
            if isinstance(row, dict):
                self._note(cast("dict[str, Any]", row))
            elif isinstance(row, list):
                table.rows.append(cast("Row", row))

    def _note(self, told: dict[str, Any]) -> None:
        errors = told.get("OneApiErrors")
        if self.fault is not None:
            return
        if not isinstance(errors, list) or not errors:
            if told.get("HasErrors") is True or told.get("Cancelled") is True:
                self.fault = LogsFault("Incomplete", "The lake could not complete the result.")
            return
        first: object = cast("list[object]", errors)[0]
        problem = read_problem(first)
        message = _said(first) or problem.message or "The lake could not complete the result."
        self.fault = LogsFault(problem.code or "OneApiError", message)


def _column(stated: object) -> tuple[str, str]:
    if not isinstance(stated, dict):
        raise cut_short()
    column = cast("dict[str, Any]", stated)
    return str(column.get("ColumnName", "")), str(column.get("ColumnType", "string"))

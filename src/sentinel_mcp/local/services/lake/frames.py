"""The data lake's query call: what is asked, and the frames of the answer."""

from __future__ import annotations

import re
from typing import cast

import orjson

from sentinel_mcp.local import identity
from sentinel_mcp.local.services.faults import UNSUPPORTED, Body, Fault, levels
from sentinel_mcp.local.services.logs.behaviour import Running
from sentinel_mcp.local.services.logs.call import QueryCall

MAX_WAIT_S = 240
DATABASE = f"{identity.WORKSPACE_NAME}-{identity.WORKSPACE_ID}"

_TIMEOUT = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.\d+)?")


def lake_call(body: Body) -> QueryCall:
    """Read what is asked; of the options, `servertimeout` counts."""
    query, database = body.get("csl"), body.get("db")
    if not isinstance(query, str) or not query.strip():
        raise refusal("BadRequest_EmptyQuery", "The property 'csl' must be a non-empty string.")
    if not isinstance(database, str) or database.lower() != DATABASE.lower():
        raise refusal(
            "BadRequest_EntityNotFound",
            f"Entity ID {str(database)!r} of kind 'Database' was not found.",
        )
    return QueryCall(
        query=query,
        timespan=None,
        wait_s=_wait_s(body.get("properties")),
        wants_statistics=False,
        wants_render=False,
    )


def opening(running: Running) -> bytes:
    """Return the frames before the rows, and that of the rows up to its first one."""
    header = {"FrameType": "DataSetHeader", "IsProgressive": False, "Version": "v2.0"}
    table = {
        "FrameType": "DataTable",
        "TableId": 1,
        "TableKind": "PrimaryResult",
        "TableName": "PrimaryResult",
        "Columns": [
            {"ColumnName": each.name, "ColumnType": each.type} for each in running.result.columns
        ],
    }
    return b"[" + orjson.dumps(header) + b"," + orjson.dumps(table)[:-1] + b',"Rows":['


def closing(running: Running) -> bytes:
    """Return what follows the last row; a result that was cut says so within its rows."""
    errors = [_limit_error(running.cut)] if running.cut else []
    within = b""
    if errors:
        comma = b"," if running.writer.count else b""
        within = comma + orjson.dumps({"OneApiErrors": errors})
    completion: Body = {
        "FrameType": "DataSetCompletion",
        "HasErrors": bool(errors),
        "Cancelled": False,
    }
    if errors:
        completion["OneApiErrors"] = errors
    return (
        within + b"]}," + orjson.dumps(_completed(running)) + b"," + orjson.dumps(completion) + b"]"
    )


def in_kusto_words(fault: Fault) -> Fault:
    """Return the refusal as Kusto words it, with the sentence that helps in `@message`."""
    said = levels(fault)
    codes = [each.get("code") for each in said]
    if UNSUPPORTED in codes or fault.status != 400:
        return fault
    deepest = said[-1]
    where = ""
    if "line" in deepest:
        where = f" [line:position={deepest['line']}:{deepest.get('pos', 0)}]"
    kind = "SyntaxException" if "SyntaxError" in codes else "SemanticException"
    message = f"{deepest.get('message', fault.message)}{where}"
    return refusal("General_BadRequest", message, kind=kind)


def refusal(code: str, message: str, *, kind: str = "KustoBadRequestException") -> Fault:
    """Refuse as Kusto does."""
    inner = {
        "code": code,
        "message": "Request is invalid and cannot be processed.",
        "@type": f"Kusto.Data.Exceptions.{kind}",
        "@message": message,
        "@permanent": True,
    }
    return Fault(400, code, "Request is invalid and cannot be executed.", inner=inner)


def _wait_s(properties: object) -> int:
    options = cast("Body", properties).get("Options") if isinstance(properties, dict) else None
    stated = cast("Body", options).get("servertimeout") if isinstance(options, dict) else None
    if stated is None:
        return MAX_WAIT_S
    found = _TIMEOUT.fullmatch(str(stated))
    if found is None:
        raise refusal("BadRequest_InvalidOption", f"servertimeout {stated!r} is not a time span.")
    hours, minutes, seconds = (int(each) for each in found.groups())
    return max(1, min(hours * 3600 + minutes * 60 + seconds, MAX_WAIT_S))


def _completed(running: Running) -> Body:
    return {
        "FrameType": "DataTable",
        "TableId": 2,
        "TableKind": "QueryCompletionInformation",
        "TableName": "QueryCompletionInformation",
        "Columns": [
            {"ColumnName": "EventTypeName", "ColumnType": "string"},
            {"ColumnName": "Payload", "ColumnType": "string"},
        ],
        "Rows": [["QueryResourceConsumption", f'{{"ExecutionTime":{running.execution_s:.7f}}}']],
    }


def _limit_error(limit: str) -> Body:
    return {
        "error": {
            "code": "LimitsExceeded",
            "message": "Request is invalid and cannot be executed.",
            "@type": "Kusto.Data.Exceptions.KustoServicePartialQueryFailureLimitsExceededException",
            "@message": f"Query result set has exceeded the internal {limit} "
            "(E_QUERY_RESULT_SET_TOO_LARGE).",
            "@permanent": False,
        }
    }

"""Advanced hunting: queries of Defender XDR's tables, answered in Graph's shape."""

from __future__ import annotations

from typing import cast

import orjson
from starlette.types import Receive, Scope, Send

from sentinel_mcp.errors import InputError
from sentinel_mcp.kql.results import Column
from sentinel_mcp.kql.timespan import Timespan, parse_timespan
from sentinel_mcp.local.services.faults import UNSUPPORTED, Body, Fault, levels
from sentinel_mcp.local.services.graph import ORIGIN, ROOT
from sentinel_mcp.local.services.logs.behaviour import Running
from sentinel_mcp.local.services.logs.call import QueryCall
from sentinel_mcp.local.services.logs.routes import QueryResponse

WAIT_S = 180
"""Advanced hunting's own limit."""

DEFAULT_TIMESPAN = "P30D"

# Graph names the types of .NET.
_TYPES = {
    "bool": "SByte",
    "datetime": "DateTime",
    "decimal": "Decimal",
    "dynamic": "Object",
    "guid": "Guid",
    "int": "Int32",
    "long": "Int64",
    "real": "Double",
    "string": "String",
    "timespan": "TimeSpan",
}


def hunting_call(body: Body) -> QueryCall:
    """Read what is asked; names of parameters are taken in either case."""
    given = {name.lower(): value for name, value in body.items()}
    query = given.get("query")
    if not isinstance(query, str) or not query.strip():
        raise Fault(400, "BadRequest", "The parameter 'Query' must be a non-empty string.")
    return QueryCall(
        query=query,
        timespan=_timespan(given.get("timespan")),
        wait_s=WAIT_S,
        wants_statistics=False,
        wants_render=False,
        environment="xdr",
    )


class HuntingResponse(QueryResponse):
    """The answer as Graph has it: a schema, and each row as an object."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, or stop where the client has gone."""
        try:
            await super().__call__(scope, receive, send)
        except Fault as fault:
            raise _in_words(fault) from fault

    def opening(self, running: Running) -> bytes:
        """Return the schema."""
        head = {
            "@odata.context": f"{ORIGIN}{ROOT}$metadata#microsoft.graph.security"
            ".huntingQueryResults",
            "schema": [_described(each) for each in running.result.columns],
        }
        return orjson.dumps(head)[:-1] + b',"results":['

    def shaped(self, rows: bytes, running: Running) -> bytes:
        """Return the rows as objects."""
        names = [each.name for each in running.result.columns]
        comma = b"," if rows.startswith(b",") else b""
        found = cast("list[list[object]]", orjson.loads(b"[" + rows.removeprefix(b",") + b"]"))
        objects = [dict(zip(names, row, strict=True)) for row in found]
        return comma + orjson.dumps(objects)[1:-1]

    def closing(self, running: Running) -> bytes:
        """Return the end: hunting does not say that it cut a result."""
        return b"]}"


def _described(column: Column) -> Body:
    return {"name": column.name, "type": _TYPES.get(column.type, "String")}


def _timespan(value: object) -> Timespan:
    if value is not None and not isinstance(value, str):
        raise Fault(400, "BadRequest", "The parameter 'Timespan' must be a string.")
    try:
        return parse_timespan(value or DEFAULT_TIMESPAN)
    except InputError as error:
        raise Fault(400, "BadRequest", error.message) from error


def _in_words(fault: Fault) -> Fault:
    """Return the refusal as hunting words it: one code, and a sentence of what is wrong."""
    said = levels(fault)
    message = str(next(each["message"] for each in reversed(said) if "message" in each))
    if any(each.get("code") == UNSUPPORTED for each in said):
        return Fault(fault.status, fault.code, message, inner=fault.inner)
    return Fault(fault.status, "BadRequest" if fault.status == 400 else fault.code, message)
